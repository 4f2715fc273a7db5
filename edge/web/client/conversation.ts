import type {
  Author,
  ClientFrame,
  ErrorFrame,
  Event,
  EventsPage,
  Greeting,
  Owner,
  Presence,
  ReadMark,
  Resume,
  Role,
  ServerFrame,
} from "./frames";
import { fold, tail, type Item } from "./items";
import { Log } from "./log";
import { Outbox, type Content } from "./outbox";
import type { Store } from "./storage";
import { Stream, type Piece } from "./stream";

/** Milliseconds that "somebody is typing" stands without being said again. */
const TYPING = 6_000;
/** Milliseconds that an acknowledgement, or the answer to `resume`, may take on a live connection. */
const PATIENCE = 10_000;
/** How often the same gap is asked for on one connection. */
const GAP_TRIES = 3;

/** What a screen shows of a conversation. */
export interface Shown {
  readonly items: readonly Item[];
  /** The log reaches further back than `items`. */
  readonly hasOlder: boolean;
  readonly owner: Owner;
  readonly closed: boolean;
  /** Who is typing, other than us. */
  readonly typing: Author | undefined;
  /** Who else is here. */
  readonly present: readonly Author[];
  /** Messages of others that our read mark has not reached. */
  readonly unread: number;
  /** The highest seq that somebody on the other side has read. */
  readonly seen: number;
  /** The turn being written, 0 when there is none. */
  readonly answering: number;
  /** The newest seq that is shown. */
  readonly last: number;
  /** Milliseconds that the server's clock is ahead of ours. */
  readonly skew: number;
}

/**
 * One conversation as a client holds it: a state machine without I/O. Frames go in, frames to be
 * sent come out; whoever owns the connection calls `opened` and `cut`, and `tick` at `deadline()`.
 */
export class Conversation {
  readonly log = new Log();
  readonly outbox: Outbox;
  readonly stream = new Stream();
  /** Frames may be sent: the server has greeted us. */
  #live = false;
  #ask: Resume | undefined;
  /** When an unanswered `resume` was sent. */
  #askedAt: number | undefined;
  /** Where the last gap was, and how often it was asked for in vain. */
  #gap = { at: "", tries: 0 };
  #owner: Owner = { kind: "UNSPECIFIED" };
  #term = 0;
  #closed = false;
  /** Read marks by author: the highest seq wins. */
  #marks = new Map<string, ReadMark>();
  #readSent = 0;
  #present = new Map<string, Author>();
  #typing: { author: Author; until: number } | undefined;
  #skew = 0;
  #folded: { version: number; items: Item[] } = { version: -1, items: [] };

  constructor(
    store: Store,
    /** Which side of the conversation we are. */
    private readonly me: Role = "VISITOR",
  ) {
    this.outbox = new Outbox(store);
  }

  /** Where to go on from. */
  cursor(): Resume {
    return { epoch: this.log.epoch, seq: this.log.last };
  }

  /** A connection is being made; the server's `hello` comes next. */
  opened(): void {
    this.cut();
    this.#gap = { at: "", tries: 0 };
  }

  /** The connection is gone. */
  cut(): void {
    this.#live = false;
    this.#ask = undefined;
    this.#askedAt = undefined;
    this.#typing = undefined;
    this.outbox.cut();
  }

  /** Takes a frame; answers with what to send. */
  receive(frame: ServerFrame, now: number): ClientFrame[] {
    const { hello, event, ack, delta, replace, typing, presence, queued, read, error } = frame;
    if (hello) this.#greet(hello, now);
    if (event) this.#take(event);
    if (ack) this.#acked(ack.key, ack.seq);
    if (delta) this.#piece(this.stream.delta(delta));
    if (replace) this.#piece(this.stream.replace(replace));
    if (typing?.author && typing.author.role !== this.me) {
      this.#typing = { author: typing.author, until: now + TYPING };
    }
    if (presence) this.#attend(presence);
    if (queued && this.#owner.kind === "QUEUE") this.#owner = { ...this.#owner, place: queued.place };
    if (read) this.#mark(read);
    if (error) this.#refused(error, now);
    if (this.log.caughtUp) this.stream.settle();
    return this.due(now);
  }

  /** Writes a message. */
  say(key: string, content: Content, now: number): void {
    this.outbox.add(key, content, now);
  }

  /** Marks everything up to `seq` as read by us. */
  read(seq: number): void {
    this.#mark({ author: { role: this.me }, seq: Math.min(seq, this.log.last) });
  }

  /** Takes a page of history; false when it does not fit what is held. */
  older(page: EventsPage): boolean {
    return page.epoch === this.log.epoch && this.log.prepend(page.events ?? []);
  }

  /** What can be sent at this moment. */
  due(now: number): ClientFrame[] {
    if (!this.#live) return [];
    const frames: ClientFrame[] = [];
    if (this.#ask) {
      frames.push({ resume: this.#ask });
      this.#ask = undefined;
      this.#askedAt = now;
    }
    const read = this.#ownMark();
    if (read > this.#readSent) {
      frames.push({ read: { seq: read } });
      this.#readSent = read;
    }
    return frames.concat(this.outbox.due(now).map((send) => ({ send })));
  }

  /** When `tick` is wanted, in Unix milliseconds. */
  deadline(): number | undefined {
    const { heldUntil, letters } = this.outbox;
    const held = this.#live && letters.some((letter) => letter.state === "queued");
    const times = [held ? heldUntil : undefined, this.#typing?.until, this.#patience()];
    const set = times.filter((time) => time !== undefined);
    return set.length ? Math.min(...set) : undefined;
  }

  /** Lets time pass; false when the connection is open and does not answer any more. */
  tick(now: number): boolean {
    if (this.#typing && this.#typing.until <= now) this.#typing = undefined;
    return (this.#patience() ?? Infinity) > now;
  }

  /** What to show. */
  shown(): Shown {
    const { log, stream, outbox } = this;
    if (this.#folded.version !== log.version) {
      this.#folded = { version: log.version, items: fold(log.events) };
    }
    const read = this.#ownMark();
    const others = this.#folded.items.filter((item) => this.#isTheirs(item));
    return {
      items: [...this.#folded.items, ...tail(outbox.letters, stream, this.me)],
      hasOlder: log.base > 0,
      owner: this.#owner,
      closed: this.#closed,
      typing: this.#typing?.author,
      present: [...this.#present.values()],
      unread: others.filter((item) => (item.seq ?? 0) > read).length,
      seen: this.#seen(),
      answering: stream.current,
      last: log.last,
      skew: this.#skew,
    };
  }

  #greet(hello: Greeting, now: number): void {
    this.#live = true;
    if (hello.now) this.#skew = Number(hello.now) - now;
    this.#askedAt = undefined;
    if (!this.log.greet(hello)) {
      this.stream.reset();
      this.#marks.clear();
      this.#term = 0;
    }
    this.outbox.passed(this.log.last);
    this.outbox.reload();
    this.stream.greet(hello.turn);
    // What a long poll's `hello` leaves out stays as it was: there, events tell.
    if (hello.owner) this.#own(hello.owner, hello.term ?? 0);
    if (hello.closed !== undefined) this.#closed = hello.closed;
    if (hello.marks) this.#readSent = this.#meet(hello.marks);
    this.#present.clear();
    for (const presence of hello.presence ?? []) this.#attend(presence);
  }

  /** Takes all marks at once; answers with the one of ours that the server has. */
  #meet(marks: readonly ReadMark[]): number {
    for (const mark of marks) this.#mark(mark);
    return marks.find((mark) => mark.author?.role === this.me)?.seq ?? 0;
  }

  #take(event: Event): void {
    const applied = this.log.apply(event);
    if (applied === "gap") {
      const asked = this.#resume(`log ${this.log.last}`, this.cursor());
      if (!asked) this.#askedAt = -Infinity;
    }
    if (applied !== "new") return;
    const { message, owner, closed, reopened } = event;
    if (message?.key) this.outbox.stored(message.key);
    if (message?.turn) this.stream.end(message.turn);
    if (message?.author?.role === this.#typing?.author.role) this.#typing = undefined;
    if (owner?.owner) this.#own(owner.owner, owner.term ?? 0);
    if (closed) this.#closed = true;
    if (reopened || message?.author?.role === "VISITOR") this.#closed = false;
    this.outbox.passed(this.log.last);
  }

  #acked(key: string, seq: number): void {
    this.outbox.acked(key, seq);
    this.outbox.passed(this.log.last);
  }

  #piece(piece: Piece): void {
    if (typeof piece === "string") return;
    const { turn, offset } = piece.gap;
    this.#resume(`turn ${turn}.${this.stream.attempt}.${offset}`, { ...this.cursor(), turn, offset });
  }

  /** Asks for what is missing, one question at a time; false when asking has not helped. */
  #resume(at: string, from: Resume): boolean {
    if (this.#askedAt !== undefined || this.#ask) return true;
    if (at !== this.#gap.at) this.#gap = { at, tries: 0 };
    this.#gap.tries += 1;
    if (this.#gap.tries > GAP_TRIES) return false;
    this.#ask = from;
    return true;
  }

  #refused(error: ErrorFrame, now: number): void {
    if (!error.key) return;
    const pause = error.retryAfterMs;
    const until = pause === undefined ? undefined : now + pause;
    this.outbox.refused(error.key, error.code, error.message, until);
  }

  #own(owner: Owner, term: number): void {
    if (term < this.#term && this.#owner.kind !== "UNSPECIFIED") return;
    this.#owner = owner;
    this.#term = term;
  }

  #attend({ author, online }: Presence): void {
    if (!author || author.role === this.me) return;
    const name = `${author.role}:${author.id}`;
    if (online) this.#present.set(name, author);
    else this.#present.delete(name);
  }

  #mark(mark: ReadMark): void {
    const ours = mark.author?.role === this.me;
    const name = ours ? "me" : `${mark.author?.role}:${mark.author?.id}`;
    const held = this.#marks.get(name)?.seq ?? 0;
    if ((mark.seq ?? 0) > held) this.#marks.set(name, mark);
  }

  #ownMark(): number {
    return this.#marks.get("me")?.seq ?? 0;
  }

  #seen(): number {
    const theirs = [...this.#marks].filter(([name]) => name !== "me");
    return Math.max(0, ...theirs.map(([, mark]) => mark.seq ?? 0));
  }

  #isTheirs(item: Item): boolean {
    const role = item.author?.role;
    return item.kind === "message" && role !== this.me && role !== "SYSTEM";
  }

  /** When a live connection that owes us an answer is given up. */
  #patience(): number | undefined {
    if (!this.#live) return undefined;
    const since = [this.outbox.waitingSince(), this.#askedAt].filter((at) => at !== undefined);
    return since.length ? Math.min(...since) + PATIENCE : undefined;
  }
}
