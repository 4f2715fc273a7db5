import type { Challenge } from "./frames";

/** Milliseconds that a request may take before it counts as lost. */
const TIMEOUT = 15_000;

/** The server's "no": a problem document (RFC 9457) with its stable code. */
export class Refusal extends Error {
  override name = "Refusal";

  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly retryAfterMs?: number,
    /** What is to be answered first. */
    readonly challenge?: Challenge,
  ) {
    super(message);
  }
}

/** The HTTP routes of one host. The token travels in the Authorization header, never in a URL. */
export class Api {
  token = "";

  constructor(
    /** Scheme and authority, without a slash at the end; empty for the page's own host. */
    readonly host: string,
  ) {}

  /** POSTs JSON; throws `Refusal`, or whatever `fetch` throws when the network fails. */
  async post<Reply>(path: string, body: unknown): Promise<Reply> {
    const response = await this.fetch(path, {
      method: "POST",
      body: JSON.stringify(body),
      headers: { "content-type": "application/json" },
      signal: AbortSignal.timeout(TIMEOUT),
    });
    return response.json() as Promise<Reply>;
  }

  /** GETs JSON; throws like `post`. */
  async get<Reply>(path: string, signal = AbortSignal.timeout(TIMEOUT)): Promise<Reply> {
    const response = await this.fetch(path, { signal });
    return response.json() as Promise<Reply>;
  }

  /** Any request with our token; throws `Refusal` on a status that is not 2xx. */
  async fetch(path: string, init: RequestInit): Promise<Response> {
    const headers = new Headers(init.headers);
    if (this.token) headers.set("authorization", `Bearer ${this.token}`);
    const response = await fetch(this.host + path, {
      ...init,
      headers,
      credentials: "omit",
      cache: "no-store",
    });
    if (!response.ok) throw await refusal(response);
    return response;
  }
}

async function refusal(response: Response): Promise<Refusal> {
  const problem = (await response.json().catch(() => ({}))) as Record<string, unknown>;
  const { code, detail, title, retryAfterMs, challenge } = problem ?? {};
  const header = Number(response.headers.get("retry-after") ?? NaN) * 1000;
  const wait = typeof retryAfterMs === "number" ? retryAfterMs : header;
  return new Refusal(
    response.status,
    String(code ?? `http_${response.status}`),
    String(detail || title || response.statusText),
    Number.isFinite(wait) ? wait : undefined,
    challenge as Challenge | undefined,
  );
}
