import type { ServerFrame } from "./frames";
import { HELLO, query, route, type Down, type Link, type Listener, type Place } from "./link";

/** The exact ping that the server answers without waking anything (DESIGN section 6). */
const PING = '{"ping":{}}';

/** Connects by WebSocket, in the JSON subprotocol, with the token as a second one. */
export function webSocket(place: Place, listener: Listener): Link {
  const host = place.api.host || location.origin;
  const url = `${host.replace(/^http/, "ws")}${route(place, "ws")}?${query(place.cursor())}`;
  const socket = new WebSocket(url, ["kefu.v1.json", `token.${place.api.token}`]);
  let opened = false;
  let over = false;
  const timer = setTimeout(() => end({ why: opened ? "cut" : "refused" }), HELLO);
  const end = (down: Down) => {
    if (over) return;
    close();
    listener.down(down);
  };
  const close = () => {
    over = true;
    clearTimeout(timer);
    socket.close();
  };
  const put = (text: string) => {
    if (socket.readyState === WebSocket.OPEN) socket.send(text);
  };
  socket.onopen = () => (opened = true);
  socket.onclose = (event) => end(opened ? closing(event) : { why: "refused" });
  socket.onmessage = ({ data }) => {
    if (over) return;
    clearTimeout(timer);
    listener.life();
    const frame = parse(data);
    if (frame) listener.frame(frame);
    else end({ why: "cut", code: "malformed" });
  };
  return { send: (frame) => put(JSON.stringify(frame)), ping: () => put(PING), close };
}

/** Reads what a close code asks for (DESIGN section 6). */
export function closing({ code, reason }: Pick<CloseEvent, "code" | "reason">): Down {
  const ours = code >= 4000;
  const why = ours && code >= 4200 ? "stop" : ours && code >= 4100 ? "token" : "cut";
  return { why, code: reason || `closed_${code}` };
}

function parse(data: unknown): ServerFrame | undefined {
  try {
    return JSON.parse(String(data)) as ServerFrame;
  } catch {
    return undefined;
  }
}
