import type { Connect } from "./link";
import { longPoll } from "./longpoll";
import { sse } from "./sse";
import type { Store } from "./storage";
import { webSocket } from "./websocket";

/** The ways to reach a conversation, best first. */
export const TRANSPORTS = { ws: webSocket, sse, poll: longPoll } satisfies Record<string, Connect>;
export type Transport = "ws" | "sse" | "poll";

/** Milliseconds for which a fallback that worked is tried first. */
const MEMORY = 10 * 60_000;
/** Refusals in a row after which a transport that had worked is no longer believed in. */
const BELIEF = 3;

/** Finds out which transport works here, and remembers it. */
export class Choice {
  current: Transport;
  /** The one that worked last. */
  #worked: Transport | undefined;
  #refusals = 0;

  constructor(
    private readonly store: Store,
    private readonly name: string,
    private readonly forced: Transport | undefined,
    now: number,
  ) {
    const [kind, at] = (store.get(name) ?? "").split(" ");
    const fresh = now - Number(at) < MEMORY;
    const known = kind && Object.hasOwn(TRANSPORTS, kind) && (kind === "ws" || fresh);
    this.#worked = known ? (kind as Transport) : undefined;
    this.current = forced ?? this.#worked ?? "ws";
  }

  /** It said hello. */
  worked(now: number): void {
    this.#refusals = 0;
    this.#worked = this.current;
    if (!this.forced) this.store.set(this.name, `${this.current} ${now}`);
  }

  /** The network is gone, which says nothing about the transport. */
  lost(): void {
    this.#refusals = 0;
    this.current = this.forced ?? this.#worked ?? "ws";
  }

  /** It does not work; true when there is another to try at once. */
  refused(): boolean {
    this.#refusals += 1;
    if (this.forced || (this.#worked === this.current && this.#refusals < BELIEF)) return false;
    const order = Object.keys(TRANSPORTS) as Transport[];
    const next = order[order.indexOf(this.current) + 1];
    this.current = next ?? "ws";
    return next !== undefined;
  }
}
