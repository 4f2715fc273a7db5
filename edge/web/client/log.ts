import type { Event, Greeting } from "./frames";

/** What an event did to the log. */
export type Applied = "new" | "known" | "gap";

/**
 * The events of a conversation that are held, in order and without a hole: `base + 1 … last`.
 * An event is shown once because only `last + 1` is ever taken.
 */
export class Log {
  /** The life of the log; 0 before the first `hello`, or while nothing was ever said. */
  epoch = 0;
  /** The events before the first that is held were not loaded, or do not exist when it is 0. */
  base = 0;
  /** The newest seq that the server told of. */
  latest = 0;
  /** Rises with every change of `events`. */
  version = 0;
  events: readonly Event[] = [];

  /** The newest seq that is held. */
  get last(): number {
    return this.base + this.events.length;
  }

  get caughtUp(): boolean {
    return this.last >= this.latest;
  }

  /** Begins a stream. False when continuity was lost and the log starts afresh after `hello.after`. */
  greet(hello: Greeting): boolean {
    const sameLife = !this.epoch || hello.epoch === this.epoch;
    const continues = hello.recovered && sameLife && hello.after <= this.last;
    this.epoch = hello.epoch;
    this.latest = hello.seq;
    if (!continues) this.#reset(hello.after);
    return continues;
  }

  /** Takes one event of the live stream. */
  apply(event: Event): Applied {
    this.latest = Math.max(this.latest, event.seq);
    if (event.seq <= this.last) return "known";
    if (event.seq > this.last + 1) return "gap";
    this.events = [...this.events, event];
    this.version += 1;
    return "new";
  }

  /** Puts an older page before what is held; false when it does not join without a hole. */
  prepend(page: readonly Event[]): boolean {
    const older = page.filter((event) => event.seq <= this.base).sort((a, b) => a.seq - b.seq);
    const first = this.base - older.length;
    if (!older.length || older.some((event, i) => event.seq !== first + 1 + i)) return false;
    this.events = [...older, ...this.events];
    this.base = first;
    this.version += 1;
    return true;
  }

  #reset(after: number): void {
    this.base = after;
    this.events = [];
    this.version += 1;
  }
}
