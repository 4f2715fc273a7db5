import type { Body, Send } from "./frames";
import type { Store } from "./storage";

/** What a message says, as `send` carries it. */
export type Content = Pick<Send, "text" | "body">;

/** A text or a body as `send` carries it. */
export function asContent(said: string | Body): Content {
  return typeof said === "string" ? { text: said } : { body: said };
}

/** A message of ours that the log does not show yet. */
export interface Letter extends Content {
  /** Unique for its author; the server stores it once whatever is retried. */
  readonly key: string;
  /** When it was written, in Unix milliseconds; only for showing and for the order of letters. */
  readonly at: number;
  state: "queued" | "sent" | "acked" | "failed";
  /** Its place in the log, once acknowledged. */
  seq?: number;
  /** When it was last handed to a connection, in Unix milliseconds. */
  sentAt?: number;
  /** Why it was refused: a stable code and words for people. */
  code?: string;
  message?: string;
}

/**
 * Messages with their own keys, kept in a store until the server has acknowledged them, and sent
 * again in order on every new connection. Each letter is a store entry of its own, so that two
 * tabs never overwrite each other's; a letter that both send is stored once by its key.
 */
export class Outbox {
  /** In the order of writing. */
  letters: Letter[] = [];
  /** Nothing is sent before this time (Unix milliseconds): the server asked for a pause. */
  heldUntil = 0;

  constructor(private readonly store: Store) {}

  /** The store's key prefix, one for every conversation. */
  #prefix = "";

  /** Belongs to `conversation` from here on; letters at hand move along. */
  rehome(conversation: string): void {
    const prefix = `kefu:out:${conversation}:`;
    if (prefix === this.#prefix) return;
    for (const letter of this.letters) this.#forget(letter.key);
    this.#prefix = prefix;
    for (const letter of this.letters) this.#keep(letter);
    this.reload();
  }

  /** Takes in letters that another tab, or an earlier page, left behind. */
  reload(): void {
    for (const name of this.store.keys(this.#prefix)) {
      const key = name.slice(this.#prefix.length);
      const letter = parse(key, this.store.get(name));
      if (letter && !this.#find(key)) this.letters.push(letter);
    }
    this.letters.sort((a, b) => a.at - b.at);
  }

  /** Writes a letter, unless it is known; it is safe in the store when this returns. */
  add(key: string, content: Content, now: number): void {
    if (this.#find(key)) return;
    const at = Math.max(now, (this.letters.at(-1)?.at ?? 0) + 1);
    const letter: Letter = { ...content, key, at, state: "queued" };
    this.letters.push(letter);
    this.#keep(letter);
  }

  /** What is to be sent, in order; it counts as sent. */
  due(now: number): Send[] {
    if (now < this.heldUntil) return [];
    const queued = this.letters.filter((letter) => letter.state === "queued");
    return queued.map((letter) => {
      letter.state = "sent";
      letter.sentAt = now;
      const { key, text, body } = letter;
      return body ? { key, body } : { key, text: text ?? "" };
    });
  }

  /** When the letter that waits longest for its acknowledgement was sent. */
  waitingSince(): number | undefined {
    return this.letters.find((letter) => letter.state === "sent")?.sentAt;
  }

  /** The connection ended: what was not acknowledged is sent again. */
  cut(): void {
    for (const letter of this.letters) if (letter.state === "sent") letter.state = "queued";
  }

  /** The server has stored it: it needs no copy here, only its echo until the event comes. */
  acked(key: string, seq: number): void {
    this.#forget(key);
    const letter = this.#find(key);
    if (letter) Object.assign(letter, { state: "acked", seq });
  }

  /** The log shows it: the echo is over. */
  stored(key: string): void {
    this.#forget(key);
    this.letters = this.letters.filter((letter) => letter.key !== key);
  }

  /** The log has passed `last`: echoes up to there are shown by it, or lie on older pages. */
  passed(last: number): void {
    this.letters = this.letters.filter((letter) => (letter.seq ?? Infinity) > last);
  }

  /** The server refused it: for a while when `until` says until when, else for good. */
  refused(key: string, code: string, message: string, until?: number): void {
    const letter = this.#find(key);
    if (!letter || letter.state === "acked") return;
    if (until !== undefined) {
      letter.state = "queued";
      this.heldUntil = Math.max(this.heldUntil, until);
      return;
    }
    Object.assign(letter, { state: "failed", code, message });
    this.#keep(letter);
  }

  /** Tries a failed letter again, under `freshKey` where its old key was the trouble. */
  retry(key: string, freshKey: string): void {
    const letter = this.#find(key);
    if (letter?.state !== "failed") return;
    this.#forget(key);
    const { text, body, at, code } = letter;
    const again: Letter = { key: code === "key_reused" ? freshKey : key, at, state: "queued" };
    Object.assign(again, body ? { body } : { text });
    this.letters = this.letters.map((other) => (other === letter ? again : other));
    this.#keep(again);
  }

  /** Gives a failed letter up. */
  discard(key: string): void {
    if (this.#find(key)?.state === "failed") this.stored(key);
  }

  #find(key: string): Letter | undefined {
    return this.letters.find((letter) => letter.key === key);
  }

  #keep({ key, text, body, at, code, message }: Letter): void {
    this.store.set(this.#prefix + key, JSON.stringify({ text, body, at, code, message }));
  }

  #forget(key: string): void {
    this.store.remove(this.#prefix + key);
  }
}

/** Reads a kept letter; undefined when the entry is not one. */
function parse(key: string, json: string | undefined): Letter | undefined {
  try {
    const kept = JSON.parse(json ?? "") as Omit<Letter, "key" | "state">;
    if (typeof kept.text !== "string" && !kept.body) return undefined;
    return { ...kept, key, at: Number(kept.at) || 0, state: kept.code ? "failed" : "queued" };
  } catch {
    return undefined;
  }
}
