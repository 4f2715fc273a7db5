import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { createClient, type Client, type Transport, type View } from "../client";
import { webStorage } from "./clock";

/** A running host to test against, and its operator's token. */
const { KEFU_HOST: host, KEFU_ADMIN_TOKEN: admin } = process.env;
const skip = host && admin ? false : "KEFU_HOST and KEFU_ADMIN_TOKEN are not set";
const site = `web-${Date.now().toString(36)}`;
const TRANSPORTS: Transport[] = ["ws", "sse", "poll"];

/** Milliseconds that anything may take. */
const SOON = 10_000;

test.before(async () => {
  if (skip) return;
  const rules = [{ name: "greet", when: "first", match: { any: ["hello"] }, reply: "Hello to you." }];
  const response = await fetch(`${host}/v1/sites/${site}/config`, {
    method: "PUT",
    headers: { authorization: `Bearer ${admin}`, "content-type": "application/json" },
    body: JSON.stringify({ rules }),
  });
  assert.equal(response.status, 200, await response.text());
});

function visit(t: TestContext, storage = webStorage(), transport?: Transport): Client {
  const client = createClient({ host: host!, site, storage, transport });
  t.after(() => client.close());
  return client;
}

/** Waits for a view that satisfies `wanted`. */
function until(client: Client, what: string, wanted: (view: View) => boolean): Promise<View> {
  return new Promise((resolve, reject) => {
    const fail = () => reject(new Error(`${what}: ${JSON.stringify(client.state)}`));
    const timer = setTimeout(fail, SOON);
    const look = () => {
      if (!wanted(client.state)) return;
      clearTimeout(timer);
      leave();
      resolve(client.state);
    };
    const leave = client.subscribe(look);
    look();
  });
}

const stored = (view: View) =>
  view.items.filter((item) => item.state === "stored" && item.body?.text);
const said = (view: View) => stored(view).map((item) => item.body?.text?.text);
const holds = (text: string) => (view: View) => said(view).includes(text);

for (const transport of TRANSPORTS) {
  test(`over ${transport} a message is acknowledged, stored, answered and seen by a second tab`, { skip }, async (t) => {
    const storage = webStorage();
    const first = visit(t, storage, transport);
    await until(first, "the first tab comes online", (view) => view.status === "online");
    first.send("hello");
    const answered = await until(first, "the rule answers", holds("Hello to you."));
    assert.deepEqual(stored(answered).map((item) => item.author?.role), ["VISITOR", "BOT"]);
    const second = visit(t, storage, transport);
    const seen = await until(second, "the second tab sees the log", holds("Hello to you."));
    assert.deepEqual(said(seen), said(answered));
    second.send("from the second tab");
    await until(first, "the first tab sees the second's", holds("from the second tab"));
    assert.equal(first.state.transport, transport);
  });
}

test("a cut socket goes on from its cursor, and what was missed is shown once", { skip }, async (t) => {
  const sockets: WebSocket[] = [];
  const Real = globalThis.WebSocket;
  t.after(() => (globalThis.WebSocket = Real));
  globalThis.WebSocket = class extends Real {
    constructor(url: string | URL, protocols?: string | string[]) {
      super(url, protocols);
      sockets.push(this);
    }
  };
  const storage = webStorage();
  const first = visit(t, storage, "ws");
  first.send("one");
  await until(first, "one is stored", holds("one"));
  const second = visit(t, storage, "sse");
  await until(second, "the second tab is online", (view) => view.status === "online");
  sockets[0]!.close();
  first.send("two");
  second.send("three");
  const view = await until(first, "all is there", (view) => holds("two")(view) && holds("three")(view));
  assert.match(sockets[1]!.url, /after=[1-9]\d*&epoch=[1-9]/);
  for (const text of ["one", "two", "three"]) {
    assert.equal(said(view).filter((other) => other === text).length, 1, text);
  }
});

test("where WebSockets are blocked the client finds SSE by itself", { skip }, async (t) => {
  const Real = globalThis.WebSocket;
  t.after(() => (globalThis.WebSocket = Real));
  globalThis.WebSocket = class extends Real {
    constructor(url: string | URL, protocols?: string | string[]) {
      super(String(url).replace("/ws?", "/no-such-route?"), protocols);
    }
  };
  const client = visit(t);
  client.send("hello");
  await until(client, "the rule answers", holds("Hello to you."));
  assert.equal(client.state.transport, "sse");
});

test("a token that is not ours opens nothing", { skip }, async (t) => {
  const mine = visit(t);
  const theirs = visit(t);
  const online = (view: View) => view.status === "online" && view.conversation !== "";
  await Promise.all([until(mine, "online", online), until(theirs, "online", online)]);
  assert.notEqual(mine.state.conversation, theirs.state.conversation);
  const response = await fetch(`${host}/v1/conversations/${theirs.state.conversation}/events`);
  assert.equal(response.status, 401);
});
