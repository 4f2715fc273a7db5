// A desk that says what a test wants: answers the API of one browser context in place of a host,
// with events that no host produces yet, and with settings at will. Files come from the real host.

const NOW = Date.now();
/** Nanoseconds of a moment that lies so many minutes back. */
const ago = (minutes) => `${NOW - Math.round(minutes * 60_000)}000000`;

const AUTHORS = {
  visitor: { role: "VISITOR", id: "v" },
  bot: { role: "BOT", id: "ai" },
  agent: { role: "AGENT", id: "a1", name: "Ming" },
};
const PROVIDER = { provider: { name: "scripted", outcome: "COMPLETED" } };

/** Every answer has a turn of its own. */
let turns = 0;

/** An event without its seq: what somebody said, so many minutes ago. */
export function said(who, body, minutes = 0, more = {}) {
  const content = typeof body === "string" ? { text: { text: body } } : body;
  const source = who === "bot" ? { turn: (turns += 1), attempt: 1, ...PROVIDER } : {};
  return { ts: ago(minutes), message: { author: AUTHORS[who], body: content, ...source, ...more } };
}

/** An event without its seq: something that happened. */
export function happened(what, minutes = 0) {
  return { ts: ago(minutes), ...what };
}

export class Scripted {
  /** Frames that the page has sent. */
  heard = [];
  #sockets = new Set();
  #down = false;

  /** Stands in for the host in `context`; `events` are the log. */
  static async desk(context, { settings = {}, events = [], hello = {}, refuse } = {}) {
    const desk = new Scripted();
    desk.settings = {
      name: "Field & Fern",
      locale: "en",
      greeting: "",
      suggestions: [],
      color: "",
      ...settings,
    };
    desk.events = events.map((event, at) => ({ seq: at + 1, session: 1, channel: "WEB", ...event }));
    desk.hello = hello;
    await context.route(/\/v1\//, (route) => desk.#answer(route, refuse));
    await context.routeWebSocket(/\/ws\?/, (socket) => desk.#greet(socket));
    return desk;
  }

  /** Sends a frame to every open page. */
  say(frame) {
    for (const socket of this.#sockets) socket.send(JSON.stringify(frame));
  }

  /** Adds an event to the log and tells it. */
  add(event) {
    const whole = { seq: this.events.length + 1, session: 1, channel: "WEB", ...event };
    this.events.push(whole);
    this.say({ event: whole });
    return whole;
  }

  /** Tells an answer piece by piece, without its end. */
  write(text, turn = turns + 1) {
    this.say({ replace: { turn, attempt: 1, text } });
  }

  /** Cuts every connection, as a network that is gone, and takes no other. */
  cut() {
    this.#down = true;
    for (const socket of this.#sockets) socket.close({ code: 4000 });
    this.#sockets.clear();
  }

  #answer(route, refuse) {
    const path = new URL(route.request().url()).pathname;
    const headers = { "access-control-allow-origin": "*", "access-control-allow-headers": "*" };
    const json = (body, status = 200) => route.fulfill({ status, headers, json: body });
    if (this.#down) return route.abort();
    if (route.request().method() === "OPTIONS") return route.fulfill({ status: 204, headers });
    if (refuse) return json(refuse, refuse.status);
    if (path.endsWith("/widget")) return json(this.settings);
    if (path.endsWith("/session")) return json(this.#session());
    if (path.endsWith("/events"))
      return json({ epoch: 1, recovered: true, latest: this.events.length, events: [] });
    return json({ seq: 1, msgId: "1", duplicate: false }, 202);
  }

  #session() {
    const conversation = { id: "0123456789abcdef0123456789abcdef", epoch: 1 };
    return {
      visitorId: "v",
      token: "t",
      expiresAt: `${NOW + 86_400_000}`,
      conversation,
      widget: this.settings,
    };
  }

  #greet(socket) {
    if (this.#down) return socket.close();
    this.#sockets.add(socket);
    const owner = { kind: "BOT" };
    const hello = {
      epoch: 1,
      seq: this.events.length,
      recovered: true,
      owner,
      term: 1,
      marks: [],
      after: 0,
      session: 1,
      presence: [],
      now: `${Date.now()}`,
      closed: false,
    };
    socket.onMessage((text) => this.#hear(socket, JSON.parse(text)));
    socket.onClose(() => this.#sockets.delete(socket));
    socket.send(JSON.stringify({ hello: { ...hello, ...this.hello } }));
    for (const event of this.events) socket.send(JSON.stringify({ event }));
  }

  #hear(socket, frame) {
    this.heard.push(frame);
    if (frame.ping) return socket.send('{"pong":{}}');
    if (!frame.send) return;
    const { key, text, body } = frame.send;
    const event = this.add(said("visitor", body ?? text, 0, { key }));
    socket.send(JSON.stringify({ ack: { key, seq: event.seq, msgId: "1", duplicate: false } }));
  }
}
