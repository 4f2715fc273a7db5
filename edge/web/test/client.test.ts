import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { createClient, type Client, type ClientOptions } from "../client";
import { HandClock, webStorage } from "./clock";
import { hello, mine, said } from "./frames";
import { eventStream, json, Network, problem, settle } from "./network";

interface World {
  network: Network;
  clock: HandClock;
  storage: Storage;
  client: Client;
}

/** A client in a world of its own, which has asked for its session and opened a socket. */
async function world(t: TestContext, prepare = (_: Network) => {}, options: Partial<ClientOptions> = {}): Promise<World> {
  const network = new Network();
  prepare(network);
  const clock = new HandClock();
  const storage = options.storage as Storage ?? webStorage();
  const client = createClient({ host: "http://host", site: "demo", clock, ...options, storage });
  t.after(() => client.close());
  await settle();
  return { network, clock, storage, client };
}

/** Lets the backoff run out and the next try begin. */
async function retry({ clock }: World, ms = 30_000): Promise<void> {
  clock.pass(ms);
  await settle();
}

function view({ client, clock }: World) {
  clock.pass(8);
  return client.state;
}

test("a socket speaks the JSON subprotocol, carries the token, and goes on from the cursor", async (t) => {
  const it = await world(t);
  const { socket } = it.network;
  assert.equal(socket.url, "ws://host/v1/conversations/c/ws?after=0");
  assert.deepEqual(socket.protocols, ["kefu.v1.json", "token.T1"]);
  assert.equal(view(it).status, "connecting");
  socket.open({ hello: hello({ seq: 1 }) }, { event: said(1, "BOT", "hi") });
  assert.equal(view(it).status, "online");
  socket.end(1006);
  await retry(it, 500);
  assert.equal(it.network.socket.url, "ws://host/v1/conversations/c/ws?after=1&epoch=1");
  assert.equal(it.network.to("/session").length, 1);
});

test("a message is sent again with its key after a cut, and is shown once", async (t) => {
  const it = await world(t);
  it.network.socket.open({ hello: hello() });
  const key = it.client.send("hi");
  assert.deepEqual(it.network.socket.sent, [{ send: { key, text: "hi" } }]);
  it.network.socket.end(1006);
  await retry(it, 500);
  it.network.socket.open({ hello: hello({ seq: 1 }) }, { event: mine(1, key, "hi") });
  it.network.socket.say({ ack: { key, seq: 1, msgId: "1", duplicate: true } });
  assert.deepEqual(view(it).items.map((item) => [item.seq, item.state]), [[1, "stored"]]);
});

test("a message written offline is delivered by the next page", async (t) => {
  const offline = (network: Network) => {
    network.answer = () => {
      throw new TypeError("fetch failed");
    };
  };
  const kept = { visitorId: "v", token: "T0", expiresAt: "9999999999999", conversation: { id: "c" } };
  const storage = webStorage();
  storage.setItem("kefu:session:http://host:demo", JSON.stringify(kept));
  const before = await world(t, offline, { storage });
  const keys = [before.client.send("one"), before.client.send("two")];
  before.network.socket.end(1006);
  await settle();
  await retry(before);
  before.network.socket.end(1006);
  await settle();
  assert.equal(view(before).status, "offline");
  assert.deepEqual(view(before).items.map((item) => item.state), ["pending", "pending"]);
  before.client.close();
  const after = await world(t, undefined, { storage });
  after.network.socket.open({ hello: hello() });
  assert.deepEqual(after.network.socket.sent.map((frame) => frame.send?.key), keys);
});

test("a close with 41xx reconnects with a fresh token of the same visitor", async (t) => {
  const it = await world(t);
  it.network.socket.open({ hello: hello() });
  it.network.socket.end(4101);
  await retry(it, 500);
  assert.equal(it.network.to("/session")[1]?.body["visitorId"], "v");
  assert.equal(it.network.to("/session")[1]?.token, "Bearer T1");
  assert.deepEqual(it.network.socket.protocols, ["kefu.v1.json", "token.T2"]);
});

test("a visitor whose token is not accepted any more begins anew", async (t) => {
  const storage = webStorage();
  const old = { visitorId: "old", token: "OLD", expiresAt: "1", conversation: { id: "o" } };
  storage.setItem("kefu:session:http://host:demo", JSON.stringify(old));
  const forget = (network: Network) => {
    network.answer = (asked) => (asked.token ? problem(401, "token_expired") : network.session(asked));
  };
  const it = await world(t, forget, { storage });
  assert.equal(it.network.to("/session")[1]?.body["visitorId"], undefined);
  assert.match(it.network.socket.url, /conversations\/c\//);
});

test("a close with 42xx ends it until connect is called", async (t) => {
  const it = await world(t);
  it.network.socket.open({ hello: hello() });
  it.network.socket.end(4200);
  await retry(it, 600_000);
  assert.equal(view(it).status, "stopped");
  assert.equal(it.network.sockets.length, 1);
  it.client.connect();
  await settle();
  assert.equal(it.network.sockets.length, 2);
});

test("a site that does not exist says so and is not asked again", async (t) => {
  const it = await world(t, (network) => (network.answer = () => problem(404, "site_unknown")));
  await retry(it, 600_000);
  assert.equal(view(it).status, "stopped");
  assert.equal(view(it).fault?.code, "site_unknown");
  assert.equal(it.network.asked.length, 1);
});

test("a busy host is asked again after the time it names", async (t) => {
  const busy = { code: "busy", retryAfterMs: 20_000 };
  const it = await world(t, (network) => (network.answer = () => json(busy, 503)));
  await retry(it, 19_999);
  assert.equal(it.network.asked.length, 1);
  await retry(it, 1);
  assert.equal(it.network.asked.length, 2);
});

test("without WebSocket it listens by SSE and sends by POST, in order", async (t) => {
  const it = await world(t, (network) => {
    network.answer = (asked) => {
      if (asked.accept === "text/event-stream") return eventStream({ hello: hello() });
      if (!asked.path.endsWith("/messages")) return network.session(asked);
      return json({ seq: network.to("/messages").length, msgId: "1", duplicate: false }, 202);
    };
  });
  it.network.socket.end(1006);
  await settle();
  assert.equal(view(it).transport, "sse");
  assert.equal(view(it).status, "online");
  const keys = [it.client.send("one"), it.client.send("two")];
  await settle();
  assert.deepEqual(it.network.to("/messages").map((asked) => asked.body["key"]), keys);
  assert.deepEqual(view(it).items.map((item) => [item.seq, item.state]), [[1, "stored"], [2, "stored"]]);
});

test("a message waits until the one before it is stored", async (t) => {
  let store = () => {};
  const it = await world(t, (network) => {
    network.answer = (asked) => {
      if (asked.accept === "text/event-stream") return eventStream({ hello: hello() });
      if (!asked.path.endsWith("/messages")) return network.session(asked);
      return new Promise((resolve) => {
        store = () => resolve(json({ seq: network.to("/messages").length, msgId: "1", duplicate: false }, 202));
      });
    };
  }, { transport: "sse" });
  it.client.send("one");
  it.client.send("two");
  await settle();
  assert.equal(it.network.to("/messages").length, 1);
  store();
  await settle();
  assert.equal(it.network.to("/messages").length, 2);
});

test("a message refused by POST fails with its code, and can be tried again", async (t) => {
  const it = await world(t, (network) => {
    network.answer = (asked) => {
      if (asked.accept === "text/event-stream") return eventStream({ hello: hello() });
      return asked.path.endsWith("/messages") ? problem(422, "text_too_long") : network.session(asked);
    };
  }, { transport: "sse" });
  const key = it.client.send("one");
  await settle();
  assert.deepEqual(view(it).items.map((item) => [item.state, item.code]), [["failed", "text_too_long"]]);
  it.client.retry(key);
  await settle();
  assert.equal(it.network.to("/messages").length, 2);
});

test("a POST that is lost is sent again after a reconnect", async (t) => {
  let down = true;
  const it = await world(t, (network) => {
    network.answer = (asked) => {
      if (asked.accept === "text/event-stream") return eventStream({ hello: hello() });
      if (!asked.path.endsWith("/messages")) return network.session(asked);
      if (down) throw new TypeError("fetch failed");
      return json({ seq: 1, msgId: "1", duplicate: false }, 202);
    };
  }, { transport: "sse" });
  const key = it.client.send("one");
  await settle();
  down = false;
  await retry(it, 500);
  assert.deepEqual(it.network.to("/messages").map((asked) => asked.body["key"]), [key, key]);
  assert.equal(view(it).items[0]?.state, "stored");
});

test("with neither WebSocket nor SSE it polls", async (t) => {
  const pages = [
    { epoch: 1, recovered: true, latest: 1, events: [said(1, "BOT", "hi")] },
    { epoch: 1, recovered: true, latest: 2, events: [said(2, "BOT", "there")] },
  ];
  const it = await world(t, (network) => {
    network.answer = (asked) => {
      if (asked.accept === "text/event-stream") return problem(406, "no_streams");
      if (asked.path.endsWith("/session")) return network.session(asked);
      const page = pages.shift();
      return page ? json(page) : new Promise<Response>(() => {});
    };
  });
  it.network.socket.end(1006);
  await settle();
  assert.equal(view(it).transport, "poll");
  assert.deepEqual(view(it).items.map((item) => item.body?.text?.text), ["hi", "there"]);
  const polls = it.network.to("/events").filter((asked) => !asked.accept);
  assert.deepEqual(polls.map((asked) => asked.path.split("?")[1]), [
    "after=0&wait=0", "after=1&epoch=1&wait=25", "after=2&epoch=1&wait=25",
  ]);
});

test("a half-open socket is found by its silence", async (t) => {
  const it = await world(t);
  it.network.socket.open({ hello: hello() });
  await retry(it, 76_000);
  assert.deepEqual(it.network.sockets[0]?.sent, [{ ping: {} }, { ping: {} }]);
  assert.equal(it.network.sockets.length, 2);
});

test("a host that answers pings but no messages is left for a new connection", async (t) => {
  const it = await world(t);
  it.network.socket.open({ hello: hello() });
  const key = it.client.send("hi");
  for (let i = 0; i < 11; i++) {
    it.network.sockets[0]?.say({ pong: {} });
    await retry(it, 1_000);
  }
  assert.equal(it.network.sockets.length, 2);
  it.network.socket.open({ hello: hello() });
  assert.deepEqual(it.network.socket.sent, [{ send: { key, text: "hi" } }]);
});

test("history is paged backwards", async (t) => {
  const it = await world(t);
  const page = { epoch: 1, recovered: true, latest: 60, events: [said(58, "BOT", "58"), said(59, "BOT", "59")] };
  it.network.socket.open({ hello: hello({ seq: 60, after: 59 }) }, { event: said(60, "BOT", "60") });
  it.network.answer = () => json(page);
  assert.equal(await it.client.older(), true);
  assert.match(it.network.to("/events")[0]!.path, /before=60&limit=50&epoch=1$/);
  assert.deepEqual(view(it).items.map((item) => item.seq), [58, 59, 60]);
});

test("typing is told at most every 3 s", async (t) => {
  const it = await world(t);
  it.network.socket.open({ hello: hello() });
  view(it);
  it.client.typing();
  it.client.typing();
  it.clock.pass(3_000);
  it.client.typing();
  assert.equal(it.network.socket.sent.filter((frame) => frame.typing).length, 2);
});

test("listeners get new views, gathered", async (t) => {
  const it = await world(t);
  const views: number[] = [];
  it.client.subscribe((view) => views.push(view.items.length));
  it.network.socket.open({ hello: hello({ seq: 2 }) });
  it.network.socket.say({ event: said(1, "BOT", "1") });
  it.network.socket.say({ event: said(2, "BOT", "2") });
  it.clock.pass(8);
  assert.deepEqual(views, [2]);
});
