import type { Author, Body, Event, Message, Role } from "./frames";
import type { Letter } from "./outbox";
import type { Stream } from "./stream";

/** What an item is: something said, or something that happened. */
export type ItemKind = "message" | "note" | "owner" | "rating" | "closed" | "reopened";

/** One line of a conversation as a screen shows it. Unchanged items keep their identity. */
export interface Item {
  /** Stays the same from echo to event, so that a screen keeps its node. */
  readonly id: string;
  readonly kind: ItemKind;
  /**
   * `pending`: ours, not acknowledged; `failed`: ours, refused; `streaming`: an answer being
   * written; `stored`: in the log.
   */
  readonly state: "pending" | "failed" | "stored" | "streaming";
  /** The place in the log, once known. */
  readonly seq?: number;
  /** Unix milliseconds, 0 when unknown. */
  readonly at: number;
  readonly author?: Author;
  readonly body?: Body;
  /** The message as stored: its source, turn and outcome. */
  readonly message?: Message;
  /** What happened, for kinds that are not messages. */
  readonly event?: Event;
  /** The key of a letter, for `retry` and `discard`. */
  readonly key?: string;
  /** Why it failed: a stable code. */
  readonly code?: string;
  /** The turn being written. */
  readonly turn?: number;
  readonly edited?: boolean;
  readonly recalled?: boolean;
}

const HAPPENINGS = ["owner", "rating", "closed", "reopened"] as const;

/** Folds the log into items; what cannot be shown, or is not known yet, leaves none. */
export function fold(events: readonly Event[]): Item[] {
  const items: Item[] = [];
  const bySeq = new Map<number, number>();
  for (const event of events) {
    const changed = event.edited ?? event.recalled;
    const at = changed && bySeq.get(changed.target ?? 0);
    if (at !== undefined) items[at] = amend(items[at]!, event);
    const item = plain(event);
    if (item) bySeq.set(event.seq, items.push(item) - 1);
  }
  return items;
}

/** The items of letters and of the answer being written, which stand after the log's. */
export function tail(letters: readonly Letter[], stream: Stream, me: Role): Item[] {
  const items = letters.map((letter) => echo(letter, me));
  if (stream.current) {
    items.push({
      id: answerId(stream.turn, stream.attempt),
      kind: "message",
      state: "streaming",
      at: 0,
      author: { role: "BOT" },
      body: { text: { text: stream.text } },
      turn: stream.turn,
    });
  }
  return items;
}

const folded = new WeakMap<Event, Item>();

/** The item of an event by itself. */
function plain(event: Event): Item | undefined {
  const known = folded.get(event);
  if (known) return known;
  const said = event.message ?? event.note;
  const happened = HAPPENINGS.find((kind) => event[kind]);
  const kind: ItemKind | undefined = said ? (event.message ? "message" : "note") : happened;
  if (!kind) return undefined;
  const item: Item = {
    id: messageId(event),
    kind,
    state: "stored",
    seq: event.seq,
    at: Number(event.ts ?? 0) / 1e6,
    ...(said ? { author: said.author, body: said.body } : { event }),
    ...(event.message && { message: event.message }),
  };
  folded.set(event, item);
  return item;
}

function amend(item: Item, event: Event): Item {
  if (event.edited) return { ...item, body: event.edited.body, edited: true };
  return { ...item, body: undefined, recalled: true };
}

function echo(letter: Letter, me: Role): Item {
  const { key, seq, at, text, body, code } = letter;
  const state =
    letter.state === "failed" ? "failed" : letter.state === "acked" ? "stored" : "pending";
  return {
    id: key,
    kind: "message",
    state,
    seq,
    at,
    author: { role: me },
    body: body ?? { text: { text } },
    key,
    code,
  };
}

/** An answer is known by its turn, a person's message by its key, all else by its place. */
function messageId(event: Event): string {
  const { key, turn, attempt, provider } = event.message ?? {};
  if (key && !provider) return key;
  return turn && provider ? answerId(turn, attempt ?? 0) : `e${event.seq}`;
}

function answerId(turn: number, attempt: number): string {
  return `t${turn}.${attempt}`;
}
