// The least that can be called an answer that streams: what a provider writes is sent on, a frame a
// read, and nothing is stored, limited, masked or taken up again.
import { DurableObject } from "cloudflare:workers";

let endpoint = "";

export default {
  async fetch(request, env) {
    const path = new URL(request.url).pathname;
    if (request.method === "PUT") {
      endpoint = /endpoint = "(.*)"/.exec(await request.text())[1];
      return Response.json({});
    }
    if (path.endsWith("/session")) {
      const id = crypto.randomUUID().replaceAll("-", "");
      return Response.json({ conversation: { id }, token: "none" });
    }
    if (!path.startsWith("/v1/conversations/")) return new Response("");
    return env.CONVERSATION.getByName(path.split("/")[3]).fetch(request);
  },
};

export class ConversationObject extends DurableObject {
  async fetch(request) {
    if (request.headers.get("upgrade") === "websocket") return this.accept();
    const { text } = await request.json();
    this.ctx.waitUntil(this.relay(text));
    return Response.json({}, { status: 202 });
  }

  accept() {
    const [client, server] = Object.values(new WebSocketPair());
    this.ctx.acceptWebSocket(server);
    server.send(`{"conversation":"","hello":{"epoch":1,"seq":0,"recovered":true}}`);
    const headers = { "sec-websocket-protocol": "kefu.v1.json" };
    return new Response(null, { status: 101, webSocket: client, headers });
  }

  async relay(content) {
    const body = JSON.stringify({ stream: true, messages: [{ role: "user", content }] });
    const headers = { "content-type": "application/json" };
    const url = `${endpoint}/chat/completions`;
    const response = await fetch(url, { method: "POST", headers, body });
    const [socket] = this.ctx.getWebSockets();
    const decoder = new TextDecoder();
    let rest = "";
    let all = "";
    for await (const bytes of response.body) {
      const frames = (rest + decoder.decode(bytes, { stream: true })).split("\n\n");
      rest = frames.pop();
      const contents = frames.filter((frame) => frame.startsWith("data: {"));
      const text = contents.map((frame) => JSON.parse(frame.slice(6)).choices[0].delta.content ?? "").join("");
      if (text) socket.send(JSON.stringify({ delta: { offset: all.length, text } }));
      all += text;
    }
    const message = { author: { role: "BOT" }, body: { text: { text: all } } };
    socket.send(JSON.stringify({ event: { message } }));
  }
}
