import type { ServerFrame } from "./frames";
import { posts } from "./posts";
import { downFrom, HELLO, query, route, type Down, type Link, type Listener, type Place } from "./link";

/** Connects by server-sent events, read with `fetch`, since `EventSource` cannot send headers. */
export function sse(place: Place, listener: Listener): Link {
  let reading = new AbortController();
  let over = false;
  const close = () => {
    over = true;
    clearTimeout(timer);
    reading.abort();
  };
  const end = (down: Down) => {
    if (over) return;
    close();
    listener.down(down);
  };
  // A proxy that holds the stream back makes it useless: long polling gets through.
  const timer = setTimeout(() => end({ why: "refused" }), HELLO);
  const frame = (frame: ServerFrame) => {
    if (over) return;
    clearTimeout(timer);
    listener.frame(frame);
  };
  const open = () => {
    reading.abort();
    const { signal } = (reading = new AbortController());
    const life = () => signal.aborted || listener.life();
    read(place, signal, life, (data) => signal.aborted || frame(JSON.parse(data)))
      .catch(downFrom)
      .then((down) => signal.aborted || end(down));
  };
  const post = posts(place, { frame, down: end });
  open();
  return { send: (frame) => (frame.resume ? open() : post(frame)), close };
}

/** Reads a stream to its end; answers with what the end means. */
async function read(
  place: Place,
  signal: AbortSignal,
  life: () => void,
  data: (data: string) => void,
): Promise<Down> {
  const path = `${route(place, "events")}?${query(place.cursor())}`;
  const response = await place.api.fetch(path, { signal, headers: { accept: "text/event-stream" } });
  const type = response.headers.get("content-type") ?? "";
  if (!type.startsWith("text/event-stream") || !response.body) return { why: "refused" };
  const lines = new SseReader(data);
  const utf8 = new TextDecoder();
  const reader = response.body.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return { why: "cut" };
    life();
    lines.push(utf8.decode(value, { stream: true }));
  }
}

/** Takes an event stream in pieces of any size and gives out each event's data (HTML, section 9.2.6). */
export class SseReader {
  #rest = "";
  #data: string[] = [];

  constructor(private readonly event: (data: string) => void) {}

  push(text: string): void {
    const lines = (this.#rest + text).split("\n");
    this.#rest = lines.pop() ?? "";
    for (const line of lines) this.#line(line.endsWith("\r") ? line.slice(0, -1) : line);
  }

  #line(line: string): void {
    if (line.startsWith("data:")) this.#data.push(line.slice(line[5] === " " ? 6 : 5));
    if (line !== "" || !this.#data.length) return;
    const data = this.#data.join("\n");
    this.#data = [];
    this.event(data);
  }
}
