import type { Clock } from "../client/clock";

/** A clock that stands until it is moved, and calls what falls due in order. */
export class HandClock implements Clock {
  time = 1_763_907_720_000;
  chance = 0.5;
  #timers: { at: number; then: () => void }[] = [];

  now = () => this.time;
  random = () => this.chance;

  after = (ms: number, then: () => void) => {
    const timer = { at: this.time + ms, then };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  };

  /** Lets `ms` milliseconds pass. */
  pass(ms: number): void {
    const end = this.time + ms;
    for (;;) {
      const next = this.#timers.filter((timer) => timer.at <= end).sort((a, b) => a.at - b.at)[0];
      if (!next) break;
      this.#timers = this.#timers.filter((other) => other !== next);
      this.time = Math.max(this.time, next.at);
      next.then();
    }
    this.time = end;
  }
}

/** A `Storage` in memory, as two tabs would share it. */
export function webStorage(): Storage {
  const map = new Map<string, string>();
  return {
    get length() {
      return map.size;
    },
    key: (index) => [...map.keys()][index] ?? null,
    getItem: (key) => map.get(key) ?? null,
    setItem: (key, value) => void map.set(key, value),
    removeItem: (key) => void map.delete(key),
    clear: () => map.clear(),
  };
}
