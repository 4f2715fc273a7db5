import assert from "node:assert/strict";
import { test } from "node:test";
import { Conversation } from "../client/conversation";
import type { Event, ServerFrame } from "../client/frames";
import { openStore } from "../client/storage";
import { webStorage } from "./clock";
import { answer, hello, mine, said } from "./frames";

const NOW = 1_000_000;

function conversation(storage = webStorage()): Conversation {
  const conversation = new Conversation(openStore(() => storage));
  conversation.outbox.rehome("c");
  return conversation;
}
function feed(it: Conversation, ...frames: ServerFrame[]) {
  return frames.flatMap((frame) => it.receive(frame, NOW));
}
const events = (...list: Event[]): ServerFrame[] => list.map((event) => ({ event }));
const texts = (it: Conversation) => it.shown().items.map((item) => item.body?.text?.text);
const states = (it: Conversation) => it.shown().items.map((item) => item.state);

test("nothing is sent before the server has said hello", () => {
  const it = conversation();
  it.say("a", { text: "hi" }, NOW);
  assert.deepEqual(it.due(NOW), []);
  assert.deepEqual(feed(it, { hello: hello() }), [{ send: { key: "a", text: "hi" } }]);
});

test("an echo becomes the event, whichever of acknowledgement and event comes first", () => {
  const ack = { ack: { key: "a", seq: 1, msgId: "1", duplicate: false } };
  const [event] = events(mine(1, "a", "hi"));
  for (const order of [[ack, event!], [event!, ack], [event!], [ack, event!, ack]]) {
    const it = conversation();
    feed(it, { hello: hello() });
    it.say("a", { text: "hi" }, NOW);
    it.due(NOW);
    const [echo] = it.shown().items;
    feed(it, ...order);
    const { items } = it.shown();
    assert.equal(items.length, 1);
    assert.equal(items[0]?.id, echo?.id);
    assert.equal(items[0]?.state, "stored");
    assert.equal(items[0]?.seq, 1);
  }
});

test("a message that was cut off is sent again on the next connection and shown once", () => {
  const it = conversation();
  feed(it, { hello: hello() });
  it.say("a", { text: "hi" }, NOW);
  assert.equal(it.due(NOW).length, 1);
  it.opened();
  assert.deepEqual(feed(it, { hello: hello({ seq: 1 }) }), [{ send: { key: "a", text: "hi" } }]);
  feed(it, ...events(mine(1, "a", "hi")), { ack: { key: "a", seq: 1, msgId: "1", duplicate: true } });
  assert.deepEqual(texts(it), ["hi"]);
  assert.equal(it.outbox.letters.length, 0);
});

test("a gap is asked for once, and what comes in between is not shown out of order", () => {
  const it = conversation();
  feed(it, { hello: hello({ seq: 1 }) }, ...events(said(1, "VISITOR", "1")));
  const asked = feed(it, ...events(said(3, "BOT", "3"), said(4, "BOT", "4")));
  assert.deepEqual(asked, [{ resume: { epoch: 1, seq: 1 } }]);
  const rest = [2, 3, 4].map((seq) => said(seq, "BOT", `${seq}`));
  feed(it, { hello: hello({ seq: 4, after: 1 }) }, ...events(...rest));
  assert.deepEqual(texts(it), ["1", "2", "3", "4"]);
});

test("a gap that asking does not close ends the connection", () => {
  const it = conversation();
  feed(it, { hello: hello({ seq: 1 }) }, ...events(said(1, "BOT", "1")));
  for (let i = 0; i < 3; i++) {
    assert.equal(feed(it, ...events(said(3, "BOT", "3"))).length, 1);
    assert.equal(it.tick(NOW), true);
    feed(it, { hello: hello({ seq: 3, after: 1 }) });
  }
  assert.deepEqual(feed(it, ...events(said(3, "BOT", "3"))), []);
  assert.equal(it.tick(NOW), false);
});

test("a gap in the answer being written asks from what is held", () => {
  const it = conversation();
  feed(it, { hello: hello() }, { delta: { turn: 1, attempt: 1, offset: 0, text: "ab" } });
  const asked = feed(it, { delta: { turn: 1, attempt: 1, offset: 4, text: "ef" } });
  assert.deepEqual(asked, [{ resume: { epoch: 1, seq: 0, turn: 1, offset: 2 } }]);
  feed(it, { hello: hello({ turn: 1 }) }, { delta: { turn: 1, attempt: 1, offset: 2, text: "cdef" } });
  assert.deepEqual(texts(it), ["abcdef"]);
});

test("the final message takes the place of the stream", () => {
  const it = conversation();
  feed(it, { hello: hello() }, { delta: { turn: 1, attempt: 2, offset: 0, text: "part" } });
  const [writing] = it.shown().items;
  assert.equal(writing?.state, "streaming");
  assert.equal(it.shown().answering, 1);
  feed(it, ...events(answer(1, 1, 2, "partial no more")));
  assert.deepEqual(texts(it), ["partial no more"]);
  assert.equal(it.shown().items[0]?.id, writing?.id);
  assert.equal(it.shown().answering, 0);
  feed(it, { delta: { turn: 1, attempt: 2, offset: 4, text: "late" } });
  assert.deepEqual(texts(it), ["partial no more"]);
});

test("a page that comes late joins the answer being written", () => {
  const it = conversation();
  feed(it, { hello: hello({ turn: 3 }) });
  assert.equal(it.shown().answering, 3);
  feed(it, { replace: { turn: 3, attempt: 1, text: "so far" } });
  feed(it, { delta: { turn: 3, attempt: 1, offset: 6, text: " so good" } });
  assert.deepEqual(texts(it), ["so far so good"]);
});

test("an answer that ended while away gives way to what the log says, without a blink", () => {
  const it = conversation();
  feed(it, { hello: hello() }, { delta: { turn: 1, attempt: 1, offset: 0, text: "part" } });
  it.opened();
  feed(it, { hello: hello({ seq: 2 }) });
  assert.deepEqual(states(it), ["streaming"]);
  feed(it, ...events(said(1, "VISITOR", "q"), said(2, "BOT", "rule")));
  assert.deepEqual(texts(it), ["q", "rule"]);
});

test("hidden and unknown events keep their places and show nothing", () => {
  const it = conversation();
  const unknown = { seq: 3, fromTheFuture: {} } as Event;
  feed(it, { hello: hello({ seq: 4 }) });
  feed(it, ...events(mine(1, "a"), { seq: 2, hidden: {} }, unknown, said(4, "BOT", "b")));
  assert.deepEqual(texts(it), ["a", "b"]);
  assert.equal(it.shown().last, 4);
});

test("edits and recalls change the message that they name", () => {
  const it = conversation();
  const edited = { seq: 3, edited: { target: 1, body: { text: { text: "better" } } } };
  const recalled = { seq: 4, recalled: { target: 2 } };
  feed(it, { hello: hello({ seq: 4 }) });
  feed(it, ...events(said(1, "AGENT", "good"), said(2, "AGENT", "oops"), edited, recalled));
  const [first, second] = it.shown().items;
  assert.equal(first?.body?.text?.text, "better");
  assert.equal(first?.edited, true);
  assert.equal(second?.recalled, true);
  assert.equal(second?.body, undefined);
});

test("unread counts what others said beyond our mark, and marks only rise", () => {
  const it = conversation();
  feed(it, { hello: hello({ seq: 3, marks: [{ author: { role: "VISITOR", id: "v" }, seq: 1 }] }) });
  feed(it, ...events(said(1, "BOT", "a"), said(2, "BOT", "b"), mine(3, "c")));
  assert.equal(it.shown().unread, 1);
  it.read(99);
  assert.deepEqual(it.due(NOW), [{ read: { seq: 3 } }]);
  it.read(1);
  assert.deepEqual(it.due(NOW), []);
  assert.equal(it.shown().unread, 0);
  feed(it, { read: { author: { role: "AGENT", id: "m" }, seq: 3 } });
  feed(it, { read: { author: { role: "AGENT", id: "m" }, seq: 2 } });
  assert.equal(it.shown().seen, 3);
});

test("a mark that the server did not get is told again", () => {
  const it = conversation();
  feed(it, { hello: hello({ seq: 1 }) }, ...events(said(1, "BOT", "a")));
  it.read(1);
  it.due(NOW);
  it.opened();
  assert.deepEqual(feed(it, { hello: hello({ seq: 1, after: 1, marks: [] }) }), [{ read: { seq: 1 } }]);
});

test("the newest owner is shown, and an older term changes nothing", () => {
  const it = conversation();
  feed(it, { hello: hello({ owner: { kind: "BOT" }, term: 1, seq: 1 }) });
  feed(it, ...events({ seq: 1, owner: { owner: { kind: "AGENT", name: "Ming" }, term: 2 } }));
  assert.equal(it.shown().owner.name, "Ming");
  feed(it, { hello: hello({ owner: { kind: "BOT" }, term: 1, seq: 1, after: 1 }) });
  assert.equal(it.shown().owner.kind, "AGENT");
});

test("a place in the queue is shown while somebody waits, and no longer", () => {
  const it = conversation();
  const owner = (kind: "QUEUE" | "AGENT", term: number) => ({ owner: { kind }, term });
  feed(it, { hello: hello(owner("QUEUE", 1)) }, { queued: { place: 3 } }, { queued: { place: 2 } });
  assert.equal(it.shown().owner.place, 2);
  feed(it, { hello: hello(owner("AGENT", 2)) }, { queued: { place: 1 } });
  assert.equal(it.shown().owner.place, undefined);
});

test("a lost log is shown from what follows, and letters stay", () => {
  const it = conversation();
  feed(it, { hello: hello({ seq: 2 }) }, ...events(said(1, "BOT", "1"), said(2, "BOT", "2")));
  it.say("a", { text: "mine" }, NOW);
  it.opened();
  feed(it, { hello: hello({ epoch: 2, recovered: false, seq: 81, after: 80 }) }, ...events(said(81, "BOT", "81")));
  assert.deepEqual(texts(it), ["81", "mine"]);
  assert.equal(it.shown().hasOlder, true);
  assert.equal(it.older({ epoch: 1, recovered: true, latest: 9, events: [said(80, "BOT", "no")] }), false);
  assert.equal(it.older({ epoch: 2, recovered: true, latest: 81, events: [said(80, "BOT", "80")] }), true);
  assert.deepEqual(texts(it), ["80", "81", "mine"]);
});

test("typing is over after 6 s, or when its message comes", () => {
  const it = conversation();
  const typing = { typing: { author: { role: "AGENT" as const, id: "m" } } };
  feed(it, { hello: hello({ seq: 0 }) }, typing);
  assert.equal(it.shown().typing?.id, "m");
  assert.equal(it.deadline(), NOW + 6_000);
  it.tick(NOW + 6_000);
  assert.equal(it.shown().typing, undefined);
  feed(it, typing, ...events(said(1, "AGENT", "hi")));
  assert.equal(it.shown().typing, undefined);
});

test("a connection that takes a message and does not acknowledge it within 10 s is given up", () => {
  const it = conversation();
  feed(it, { hello: hello() });
  it.say("a", { text: "hi" }, NOW);
  it.due(NOW);
  assert.equal(it.deadline(), NOW + 10_000);
  assert.equal(it.tick(NOW + 9_999), true);
  assert.equal(it.tick(NOW + 10_000), false);
  it.cut();
  assert.equal(it.deadline(), undefined);
});

test("a refusal with a pause is tried again by itself", () => {
  const it = conversation();
  feed(it, { hello: hello() });
  it.say("a", { text: "hi" }, NOW);
  it.due(NOW);
  feed(it, { error: { key: "a", code: "rate_limited", message: "", retryAfterMs: 700 } });
  assert.deepEqual(states(it), ["pending"]);
  assert.equal(it.deadline(), NOW + 700);
  assert.equal(it.due(NOW + 700).length, 1);
});

test("unchanged items keep their identity", () => {
  const it = conversation();
  feed(it, { hello: hello({ seq: 1 }) }, ...events(said(1, "BOT", "1")));
  const [before] = it.shown().items;
  feed(it, ...events(said(2, "BOT", "2")));
  assert.equal(it.shown().items[0], before);
});
