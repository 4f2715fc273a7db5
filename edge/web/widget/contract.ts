/** What the loader and the chat, which are loaded apart, know of each other. */
import type { Widget } from "../client/frames";

/** How the script was put on the page. */
export interface Embedding {
  readonly site: string;
  /** Scheme and authority of the desk. */
  readonly host: string;
  /** The folder of the widget's parts. */
  readonly base: string;
  /** `page` fills the window and has no launcher. */
  readonly mode: "widget" | "page";
  /** BCP 47; the page's own language when the script names none. */
  readonly locale: string;
  /** Replaces what the site's configuration says. */
  readonly launcher?: "round" | "label" | "none";
  readonly side?: "left" | "right";
  readonly color?: string;
}

/** What the page tells of its visitor. */
export interface Visitor {
  /** The host site's JWT. */
  readonly identity?: string;
  readonly attributes?: Record<string, string>;
}

/** What the chat is given. */
export interface Frame {
  readonly embedding: Embedding;
  /** Unset when it could not be loaded. */
  readonly settings?: Widget;
  readonly visitor: Visitor;
  /** Where everything is drawn: no style of the page reaches in. */
  readonly root: ShadowRoot;
  readonly launcher: LauncherFace;
  /** Tells the page, by `kefu('on', …)` and as a DOM event. */
  emit(name: EventName, detail?: unknown): void;
}

/** What the chat may do with the launcher. */
export interface LauncherFace {
  /** Shows how much is unread. */
  badge(unread: number): void;
  /** Shows whether the chat is open. */
  expanded(open: boolean): void;
  focus(): void;
}

/** A chat that was loaded. */
export interface Chat {
  readonly isOpen: boolean;
  open(): void;
  close(): void;
  send(text: string): void;
  /** The page knows more about its visitor, or has another address. */
  tell(visitor: Visitor): void;
  /** Shows an invitation as said by the desk, and opens where it is to. */
  invite(text: string, opens?: boolean): void;
  destroy(): void;
}

/** What `chat.js` exports. */
export interface ChatModule {
  start(frame: Frame): Promise<Chat>;
}

/** What the page can listen to. */
export type EventName =
  "ready" | "open" | "close" | "message" | "sent" | "unread" | "owner" | "rating" | "invitation" | "error";

/** In the local store once a visitor has said something: the next page connects by itself. */
export const ONGOING = "kefu:ongoing:";
/** In the session's store while the chat stands open, so that the next page opens it again. */
export const OPEN = "kefu:open:";
