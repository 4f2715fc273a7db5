import type { Client, View } from "../../client/client";
import type { Body, Widget } from "../../client/frames";
import type { Store } from "../../client/storage";
import type { Embedding, EventName } from "../contract";
import type { Texts } from "./texts";

/** What every piece of the chat, and every part that is loaded later, works with. */
export interface Kit extends Texts {
  readonly embedding: Embedding;
  readonly root: ShadowRoot;
  readonly store: Store;
  /** Whether new messages make no sound. */
  silent: boolean;
  /** The site's settings as far as they are known. */
  settings(): Widget;
  client(): Client;
  view(): View;
  emit(name: EventName, detail?: unknown): void;
  /** Loads a part of the widget. */
  part<Module>(name: string): Promise<Module>;
  /** Sends what the visitor says. */
  tell(said: string | Body): void;
  /** Asks for a person. */
  askPerson(): void;
  /** Tells the visitor that something went wrong; nothing takes it away. */
  notice(words: string, act?: { label: string; act(): void }): void;
  /** Says something to those who listen instead of looking. */
  announce(words: string): void;
  /** Brings a message into sight. */
  reveal(item: string): void;
}

/** A name in the store that belongs to this site. */
export function storeKey(kit: Kit, name: string): string {
  return `kefu:${name}:${kit.embedding.site}`;
}
