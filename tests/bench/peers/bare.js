// The least that can be called stored and acknowledged: one row, one answer. Nobody else sees the
// message. What it reaches on a disk is what the disk allows.
import { DurableObject } from "cloudflare:workers";

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
    this.sql.exec("CREATE TABLE IF NOT EXISTS event (seq INTEGER PRIMARY KEY, body TEXT NOT NULL)");
    this.seq = this.sql.exec("SELECT coalesce(max(seq), 0) AS seq FROM event").one().seq;
  }

  fetch() {
    const [client, server] = Object.values(new WebSocketPair());
    this.ctx.acceptWebSocket(server);
    server.send(`{"conversation":"","hello":{"epoch":1,"seq":${this.seq},"recovered":true}}`);
    const headers = { "sec-websocket-protocol": "kefu.v1.json" };
    return new Response(null, { status: 101, webSocket: client, headers });
  }

  webSocketMessage(socket, message) {
    const { key } = JSON.parse(message).send;
    this.sql.exec("INSERT INTO event (seq, body) VALUES (?, ?)", ++this.seq, message);
    socket.send(`{"conversation":"","ack":{"key":"${key}","seq":${this.seq},"msgId":"0","duplicate":false}}`);
  }

  webSocketClose(socket, code, reason) {
    socket.close(code === 1005 || code === 1006 ? 1000 : code, reason);
  }
}
