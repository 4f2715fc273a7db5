// What a good JavaScript engineer would write for the hot path of Kefu: one object a conversation,
// SQLite storage, hibernating WebSockets. It stores the same fields, answers with the same frames
// to the same sockets, and tells a repeated key, also after the object slept. It has no accounts,
// no limits, no AI and no history: whatever it does not do can only make it faster.
import { DurableObject } from "cloudflare:workers";

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS event (seq INTEGER PRIMARY KEY, sender TEXT UNIQUE, spoke INTEGER, body TEXT NOT NULL)`;
const INSERT = "INSERT INTO event (seq, sender, spoke, body) VALUES (?, ?, ?, ?)";
const PRIOR = "SELECT body FROM event WHERE sender = ?";
const NEWEST = "SELECT body FROM event ORDER BY seq DESC LIMIT 1";
const KEY_MOST = 128;
const TEXT_MOST = 16_384;

export default {
  fetch(request, env) {
    const [, , , conversation] = new URL(request.url).pathname.split("/");
    if (request.headers.get("upgrade") !== "websocket") return new Response(null, { status: 204 });
    return env.CONVERSATION.getByName(conversation).fetch(request);
  },
};

export class ConversationObject extends DurableObject {
  constructor(ctx, env) {
    super(ctx, env);
    this.sql = ctx.storage.sql;
    this.sql.exec(SCHEMA);
    const newest = this.sql.exec(NEWEST).toArray()[0];
    const last = newest && JSON.parse(newest.body);
    this.seq = last?.seq ?? 0;
    this.node = BigInt(ctx.id.toString().charCodeAt(0)) << 12n;
    this.millis = 0;
    this.count = 0n;
    this.sockets = new Set(ctx.getWebSockets());
    ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair('{"ping":{}}', '{"pong":{}}'));
  }

  fetch(request) {
    const [client, server] = Object.values(new WebSocketPair());
    this.ctx.acceptWebSocket(server);
    const visitor = new URL(request.url).searchParams.get("visitor") ?? "anonymous";
    server.author = { role: "VISITOR", id: visitor };
    server.serializeAttachment(server.author);
    this.sockets.add(server);
    server.send(JSON.stringify({ conversation: "", hello: { epoch: 1, seq: this.seq, recovered: true } }));
    const headers = { "sec-websocket-protocol": "kefu.v1.json" };
    return new Response(null, { status: 101, webSocket: client, headers });
  }

  webSocketMessage(socket, message) {
    let frame;
    try {
      frame = JSON.parse(message);
    } catch {
      return this.refuse(socket, "bad_frame");
    }
    const { key, text } = frame.send ?? {};
    if (typeof key !== "string" || key === "" || key.length > KEY_MOST) {
      return this.refuse(socket, "bad_key", key);
    }
    if (typeof text !== "string" || text.trim() === "" || text.length > TEXT_MOST) {
      return this.refuse(socket, "empty_message", key);
    }
    this.post(socket, key, text);
  }

  post(socket, key, text) {
    const author = (socket.author ??= socket.deserializeAttachment());
    const now = Date.now();
    const event = {
      seq: this.seq + 1,
      msgId: this.snowflake(now),
      ts: `${now}000000`,
      session: 1,
      channel: "WEB",
      message: { author, body: { text: { text } }, key },
    };
    const body = JSON.stringify(event);
    const sender = `V:${author.id}:${key}`;
    try {
      this.sql.exec(INSERT, event.seq, sender, now, body);
    } catch (error) {
      return this.repeated(socket, key, sender, text, error);
    }
    this.seq = event.seq;
    socket.send(ack(key, event.seq, event.msgId, false));
    const shown = `{"conversation":"","event":${body}}`;
    for (const one of this.sockets) one.send(shown);
  }

  repeated(socket, key, sender, text, error) {
    const prior = this.sql.exec(PRIOR, sender).toArray()[0];
    if (!prior) throw error;
    const event = JSON.parse(prior.body);
    if (event.message.body.text.text !== text) return this.refuse(socket, "key_reused", key);
    socket.send(ack(key, event.seq, event.msgId, true));
  }

  snowflake(now) {
    this.count = now > this.millis ? 0n : this.count + 1n;
    this.millis = Math.max(now, this.millis);
    return String((BigInt(this.millis) << 22n) | this.node | this.count);
  }

  refuse(socket, code, key) {
    socket.send(JSON.stringify({ conversation: "", error: { code, message: code, key } }));
  }

  webSocketClose(socket, code, reason) {
    this.sockets.delete(socket);
    socket.close(code === 1005 || code === 1006 ? 1000 : code, reason);
  }

  webSocketError(socket) {
    this.sockets.delete(socket);
  }
}

function ack(key, seq, msgId, duplicate) {
  return JSON.stringify({ conversation: "", ack: { key, seq, msgId, duplicate } });
}
