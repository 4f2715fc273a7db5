/** The first step of the wait, in milliseconds (engineering.md C.2 rule 7). */
const BASE = 500;
/** The longest wait, in milliseconds. */
const CAP = 30_000;
/** A connection that lived this long, in milliseconds, makes the next wait short again. */
const STABLE = 10_000;

/** How long to wait before the next try: full jitter over a doubling range. */
export class Backoff {
  /** Tries since the last stable connection. */
  failures = 0;
  #openedAt: number | undefined;

  constructor(private readonly random: () => number) {}

  /** Notes that a connection stands. */
  opened(now: number): void {
    this.#openedAt = now;
  }

  /** Milliseconds to wait after a connection ended, or failed to begin, at `now`. */
  next(now: number): number {
    if (this.#openedAt !== undefined && now - this.#openedAt >= STABLE) this.failures = 0;
    this.#openedAt = undefined;
    const range = Math.min(CAP, BASE * 2 ** this.failures);
    this.failures += 1;
    return this.random() * range;
  }
}
