// A strange page: another origin than the desk's, with whatever a test puts on it.
import { createServer } from "node:http";
import { once } from "node:events";

const CONTENT = `
  <header><h1>Field &amp; Fern</h1></header>
  <main><h2>Linen shirt</h2><p>Woven in Portugal from long-staple flax. Relaxed, breathable, made to last.</p>
  <label>Search <input id="search"></label></main>`;
const LOOKS =
  "body{font:18px/1.6 Georgia,serif;margin:0;background:#faf7f2;color:#222}header{padding:24px 48px;background:#20302a;color:#fff}main{padding:32px 48px;max-width:640px}";

export class Shop {
  #server;
  /** What its pages have: `headers`, `head`, `script` (attributes), `content`, `before` the script. */
  page = {};

  static async open(host) {
    const shop = new Shop();
    shop.host = host;
    shop.#server = createServer((request, response) => shop.#serve(request, response));
    shop.#server.listen(0, "127.0.0.1");
    await once(shop.#server, "listening");
    return shop;
  }

  get url() {
    return `http://127.0.0.1:${this.#server.address().port}/`;
  }

  close() {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  #serve(_, response) {
    const {
      headers = {},
      head = `<style>${LOOKS}</style>`,
      content = CONTENT,
      lang = "en",
      before = "",
    } = this.page;
    const tag = (attributes) => `<script async src="${this.host.url}/widget.js" ${attributes}></script>`;
    const scripts = [this.page.script ?? []].flat().map(tag).join("\n");
    response.writeHead(200, { "content-type": "text/html; charset=utf-8", ...headers });
    response.end(
      `<!doctype html><html lang="${lang}"><head><meta name="viewport" content="width=device-width, initial-scale=1"><title>Field &amp; Fern</title>${head}</head><body>${content}${before}${scripts}</body></html>`,
    );
  }
}
