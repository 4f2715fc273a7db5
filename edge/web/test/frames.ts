import type { Event, Greeting, Role } from "../client/frames";

/** A `hello` of an untroubled log of `seq` events, all of which follow. */
export function hello(parts: Partial<Greeting> = {}): Greeting {
  return { epoch: 1, seq: 0, recovered: true, after: 0, ...parts };
}

/** A stored text message. */
export function said(seq: number, role: Role, text: string, more: object = {}): Event {
  return { seq, message: { author: { role }, body: { text: { text } }, ...more } };
}

/** A message of the visitor with its key. */
export function mine(seq: number, key: string, text = key): Event {
  return said(seq, "VISITOR", text, { key });
}

/** The answer of a provider to a turn. */
export function answer(seq: number, turn: number, attempt: number, text: string): Event {
  const provider = { name: "p", outcome: "COMPLETED" };
  return said(seq, "BOT", text, { turn, attempt, provider });
}
