/** Time and chance, handed in so that the logic can be tested without waiting. */
export interface Clock {
  /** Unix milliseconds. */
  now(): number;
  /** Calls `then` once after `ms` milliseconds; the answer cancels it. */
  after(ms: number, then: () => void): () => void;
  /** A number from 0 up to, not including, 1. */
  random(): number;
}

/** The machine's own clock. */
export const machineClock: Clock = {
  now: () => Date.now(),
  after(ms, then) {
    const timer = setTimeout(then, ms);
    return () => clearTimeout(timer);
  },
  random: () => Math.random(),
};

/** A new key for a message: a version 4 UUID, also on pages without HTTPS, where `randomUUID` is missing. */
export function newKey(): string {
  if (crypto.randomUUID) return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6]! & 0x0f) | 0x40;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}
