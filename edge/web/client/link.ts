import { Refusal, type Api } from "./api";
import type { ClientFrame, Resume, ServerFrame } from "./frames";

/** One live connection. After `close` it reports nothing. */
export interface Link {
  send(frame: ClientFrame): void;
  close(): void;
  /** Asks for a sign of life, where the transport can. */
  ping?(): void;
}

/** Where to connect, and from where on in the log. */
export interface Place {
  readonly api: Api;
  readonly conversation: string;
  cursor(): Resume;
}

/** Who listens to a link. */
export interface Listener {
  frame(frame: ServerFrame): void;
  /** Something arrived, if only a comment. */
  life(): unknown;
  /** The link is over; called once at most. */
  down(down: Down): void;
}

/** Why a link is over, as what to do about it. */
export interface Down {
  /**
   * `refused`: this transport does not work here; `cut`: try again; `token`: try again with a
   * fresh token; `stop`: do not.
   */
  readonly why: "refused" | "cut" | "token" | "stop";
  readonly code?: string;
  readonly message?: string;
  /** Milliseconds that the server asked us to wait. */
  readonly retryAfterMs?: number;
}

export type Connect = (place: Place, listener: Listener) => Link;

/** Milliseconds that a transport may take to say hello. */
export const HELLO = 10_000;

/** The path of a conversation's route. */
export function route(place: Place, name: string): string {
  return `/v1/conversations/${encodeURIComponent(place.conversation)}/${name}`;
}

/** The query that says where to go on from; no epoch means the present one. */
export function query({ epoch, seq }: Resume): string {
  return `after=${seq}${epoch ? `&epoch=${epoch}` : ""}`;
}

/** What a failed request means for its link. */
export function downFrom(error: unknown): Down {
  if (!(error instanceof Refusal)) return { why: "cut", message: String(error) };
  const { status, code, message, retryAfterMs } = error;
  return { why: whyOf(status), code, message, retryAfterMs };
}

function whyOf(status: number): Down["why"] {
  if (status === 401) return "token";
  if (status === 403 || status === 404) return "stop";
  return [405, 406, 415, 426, 501].includes(status) ? "refused" : "cut";
}
