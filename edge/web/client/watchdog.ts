import type { Clock } from "./clock";

/** Milliseconds between pings: below the half minute after which middleboxes forget a connection. */
const PING_EVERY = 25_000;
/** Unanswered pings that make a connection dead. */
const MISSES = 2;
/** Milliseconds that a connection has to prove its life when the page wakes up. */
const PROOF = 5_000;
/** Milliseconds of silence that are normal on a stream that cannot be pinged. */
const QUIET = 75_000;

/**
 * Finds connections that look open and are dead. Any frame is life. A connection that can be
 * pinged must answer; one that cannot must say something, if only a comment, within `QUIET`.
 */
export class Watchdog {
  #lastLife: number;
  #misses = 0;
  #cancelTick = () => {};
  #cancelProof = () => {};

  constructor(
    private readonly clock: Clock,
    private readonly ping: (() => void) | undefined,
    private readonly dead: () => void,
  ) {
    this.#lastLife = clock.now();
    this.#schedule();
  }

  /** Notes that something arrived. */
  life(): void {
    this.#lastLife = this.clock.now();
    this.#misses = 0;
    this.#cancelProof();
  }

  /** Asks for proof at once: the page came back, or the network did. */
  check(): void {
    if (!this.ping) {
      if (this.clock.now() - this.#lastLife > PING_EVERY) this.dead();
      return;
    }
    this.#cancelProof();
    this.ping();
    this.#cancelProof = this.clock.after(PROOF, () => this.dead());
  }

  /** Ends the watch. */
  stop(): void {
    this.#cancelTick();
    this.#cancelProof();
  }

  #schedule(): void {
    this.#cancelTick = this.clock.after(PING_EVERY, () => this.#tick());
  }

  #tick(): void {
    const overdue = this.ping
      ? this.#misses >= MISSES
      : this.clock.now() - this.#lastLife > QUIET;
    if (overdue) return this.dead();
    this.#schedule();
    if (!this.ping) return;
    this.#misses += 1;
    this.ping();
  }
}
