import type { ClientFrame, ServerFrame } from "../client/frames";

/** A request that the page made. */
export interface Asked {
  path: string;
  token: string;
  accept: string;
  body: Record<string, unknown>;
}

/** A network in memory: stands in for `fetch` and `WebSocket`, under the test's hand. */
export class Network {
  asked: Asked[] = [];
  sockets: Socket[] = [];
  /** Answers a request; throw what `fetch` would. */
  answer: (asked: Asked) => Response | Promise<Response> = (asked) => this.session(asked);
  #tokens = 0;

  constructor() {
    const network = this;
    globalThis.fetch = async (url, init) => network.#fetch(String(url), init ?? {});
    globalThis.WebSocket = class extends Socket {
      constructor(url: string, protocols: string[]) {
        super(url, protocols);
        network.sockets.push(this);
      }
    } as unknown as typeof WebSocket;
  }

  /** The newest socket. */
  get socket(): Socket {
    const socket = this.sockets.at(-1);
    if (!socket) throw new Error("no socket was opened");
    return socket;
  }

  /** What was asked of paths that end with `name`. */
  to(name: string): Asked[] {
    return this.asked.filter((asked) => asked.path.split("?")[0]!.endsWith(name));
  }

  /** A session with the next token; every other route is 404. */
  session(asked: Asked): Response {
    if (!asked.path.endsWith("/session")) return problem(404, "not_found");
    const token = `T${++this.#tokens}`;
    const expiresAt = "9999999999999";
    return json({ visitorId: "v", token, expiresAt, conversation: { id: "c", epoch: 0 } });
  }

  async #fetch(url: string, init: RequestInit): Promise<Response> {
    const headers = new Headers(init.headers);
    const asked = {
      path: url.replace("http://host", ""),
      token: headers.get("authorization") ?? "",
      accept: headers.get("accept") ?? "",
      body: JSON.parse(String(init.body ?? "{}")),
    };
    this.asked.push(asked);
    const aborted = new Promise<never>((_, reject) => {
      init.signal?.addEventListener("abort", () => reject(new DOMException("aborted", "AbortError")));
    });
    const answered = (async () => this.answer(asked))();
    return Promise.race([answered, aborted]);
  }
}

/** A WebSocket whose other end is the test. */
export class Socket {
  static readonly OPEN = 1;
  readyState = 0;
  sent: ClientFrame[] = [];
  onopen = () => {};
  onmessage = (_: { data: string }) => {};
  onclose = (_: { code: number; reason: string }) => {};

  constructor(
    readonly url: string,
    readonly protocols: string[],
  ) {}

  send(text: string): void {
    this.sent.push(JSON.parse(text));
  }

  close(): void {
    this.readyState = 3;
  }

  /** The handshake succeeds, and the server sends `frames`. */
  open(...frames: ServerFrame[]): void {
    this.readyState = 1;
    this.onopen();
    for (const frame of frames) this.say(frame);
  }

  say(frame: ServerFrame): void {
    this.onmessage({ data: JSON.stringify(frame) });
  }

  end(code: number): void {
    this.readyState = 3;
    this.onclose({ code, reason: "" });
  }
}

export function json(body: unknown, status = 200): Response {
  return new Response(JSON.stringify(body), { status });
}

export function problem(status: number, code: string): Response {
  return json({ status, code, title: code }, status);
}

/** An event stream that brings `frames` and stays open. */
export function eventStream(...frames: ServerFrame[]): Response {
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      for (const frame of frames) {
        controller.enqueue(new TextEncoder().encode(`data: ${JSON.stringify(frame)}\n\n`));
      }
    },
  });
  return new Response(body, { headers: { "content-type": "text/event-stream" } });
}

/** Lets promises settle. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
}
