import type { Delta, Replace } from "./frames";

/** What a piece did to the answer: `gap` asks for what is missing from `offset` on. */
export type Piece = "grown" | "ignored" | { gap: { turn: number; offset: number } };

/**
 * The answer that is being written. Of one turn the highest attempt wins; pieces that were already
 * shown are ignored; the turn's message event takes its place. Offsets are UTF-16 code units, which
 * is what a JavaScript string counts.
 */
export class Stream {
  turn = 0;
  attempt = 0;
  text = "";
  /** The newest turn that has ended: later pieces of it are stale. */
  #ended = 0;
  /** The turn ended while we were away: what is shown waits for the log to catch up. */
  #orphan = false;

  /** The turn being written, 0 when there is none. */
  get current(): number {
    return this.turn > this.#ended ? this.turn : 0;
  }

  /** Takes a piece of text. */
  delta(piece: Delta): Piece {
    if (!this.#admit(piece.turn, piece.attempt)) return "ignored";
    const missing = piece.offset - this.text.length;
    if (missing > 0) return { gap: { turn: this.turn, offset: this.text.length } };
    const fresh = piece.text.slice(-missing);
    if (!fresh) return "ignored";
    this.text += fresh;
    return "grown";
  }

  /** Takes the whole answer so far. */
  replace(whole: Replace): Piece {
    if (!this.#admit(whole.turn, whole.attempt)) return "ignored";
    this.text = whole.text;
    return "grown";
  }

  /** Follows the server's `hello`: which turn is being written, if any. */
  greet(turn: number | undefined): void {
    this.#orphan = this.current !== 0 && turn !== this.current;
    if (turn && turn > this.#ended && turn > this.turn) this.#begin(turn, 0);
  }

  /** Ends a turn: its message is in the log. */
  end(turn: number): void {
    this.#ended = Math.max(this.#ended, turn);
  }

  /** Drops an answer that ended unseen, once the log holds what took its place. */
  settle(): void {
    if (this.#orphan) this.end(this.turn);
    this.#orphan = false;
  }

  /** Forgets all: the log starts afresh. */
  reset(): void {
    this.#begin(0, 0);
    this.#ended = 0;
    this.#orphan = false;
  }

  #admit(turn: number, attempt: number): boolean {
    if (turn <= this.#ended || turn < this.turn) return false;
    if (turn === this.turn && attempt < this.attempt) return false;
    if (turn > this.turn || attempt > this.attempt) this.#begin(turn, attempt);
    return true;
  }

  #begin(turn: number, attempt: number): void {
    this.turn = turn;
    this.attempt = attempt;
    this.text = "";
    this.#orphan = false;
  }
}
