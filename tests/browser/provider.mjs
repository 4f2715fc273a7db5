// An OpenAI-compatible provider that says a word whenever the test wants, or at a pace.
import { createServer } from "node:http";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";

export class Provider {
  #server;
  #gate = Promise.resolve();
  /** The bodies of the requests. */
  asked = [];

  /** Answers every question with these words, one each `pace` milliseconds. */
  static async saying(words, pace) {
    const provider = new Provider();
    provider.#server = createServer((request, response) => {
      provider.#answer(request, response, words, pace).catch(() => response.destroy());
    });
    provider.#server.listen(0, "127.0.0.1");
    await once(provider.#server, "listening");
    return provider;
  }

  /** Its entry in a site's configuration. */
  get entry() {
    const endpoint = `http://127.0.0.1:${this.#server.address().port}/v1`;
    return `[[ai_providers]]\nname = "scripted"\ntype = "openai"\nmodel = "scripted"\nendpoint = "${endpoint}"\n`;
  }

  /** Holds all answers after their third word, until the function that this gives is called. */
  hold() {
    let open;
    this.#gate = new Promise((resolve) => (open = resolve));
    return open;
  }

  stop() {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  async #answer(request, response, words, pace) {
    let body = "";
    for await (const chunk of request.setEncoding("utf8")) body += chunk;
    this.asked.push(JSON.parse(body));
    const gate = this.#gate;
    response.writeHead(200, { "content-type": "text/event-stream" });
    for (const [index, content] of words.entries()) {
      if (index === 3) await gate;
      if (response.destroyed) return;
      this.#frame(response, { index: 0, delta: { content }, finish_reason: null });
      await sleep(pace);
    }
    this.#frame(response, { index: 0, delta: {}, finish_reason: "stop" });
    response.end("data: [DONE]\n\n");
  }

  #frame(response, choice) {
    response.write(`data: ${JSON.stringify({ id: "c", object: "chat.completion.chunk", choices: [choice] })}\n\n`);
  }
}
