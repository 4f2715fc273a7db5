import assert from "node:assert/strict";
import { test } from "node:test";
import { Log } from "../client/log";
import { hello, said } from "./frames";

const event = (seq: number) => said(seq, "VISITOR", `${seq}`);
const seqs = (log: Log) => log.events.map((event) => event.seq);

function held(...events: number[]): Log {
  const log = new Log();
  log.greet(hello({ seq: events.at(-1) ?? 0, after: (events[0] ?? 1) - 1 }));
  for (const seq of events) assert.equal(log.apply(event(seq)), "new");
  return log;
}

test("only the next event is taken", () => {
  const log = held(1, 2, 3);
  assert.equal(log.apply(event(2)), "known");
  assert.equal(log.apply(event(3)), "known");
  assert.equal(log.apply(event(5)), "gap");
  assert.equal(log.apply(event(4)), "new");
  assert.deepEqual(seqs(log), [1, 2, 3, 4]);
  assert.equal(log.latest, 5);
  assert.equal(log.caughtUp, false);
});

test("a reconnect that recovers keeps what is held and ignores what comes again", () => {
  const log = held(1, 2, 3);
  assert.equal(log.greet(hello({ seq: 5, after: 1 })), true);
  assert.deepEqual([2, 3, 4, 5].map((seq) => log.apply(event(seq))), ["known", "known", "new", "new"]);
  assert.deepEqual(seqs(log), [1, 2, 3, 4, 5]);
});

const afresh = [
  { why: "the server lost the cursor", hello: { recovered: false, seq: 900, after: 850 } },
  { why: "the epoch changed", hello: { epoch: 2, seq: 900, after: 850 } },
  { why: "events were skipped", hello: { seq: 900, after: 850 } },
];
for (const { why, hello: parts } of afresh) {
  test(`the log starts afresh when ${why}`, () => {
    const log = held(1, 2, 3);
    assert.equal(log.greet(hello(parts)), false);
    assert.deepEqual(seqs(log), []);
    assert.equal(log.apply(event(4)), "known");
    assert.equal(log.apply(event(851)), "new");
    assert.equal(log.base, 850);
  });
}

test("a log that lost its end, as after a restore, is shown as the server has it", () => {
  const log = held(1, 2, 3);
  assert.equal(log.greet(hello({ recovered: false, seq: 2, after: 0 })), false);
  assert.equal(log.apply(event(1)), "new");
  assert.equal(log.apply(event(2)), "new");
  assert.deepEqual(seqs(log), [1, 2]);
});

test("a log whose conversation did not exist yet takes the epoch it gets", () => {
  const log = new Log();
  log.greet(hello({ epoch: 0 }));
  log.apply(event(1));
  assert.equal(log.greet(hello({ epoch: 1, seq: 1, after: 1 })), true);
  assert.deepEqual(seqs(log), [1]);
  assert.equal(log.epoch, 1);
});

test("a page of history joins without a hole or not at all", () => {
  const log = held(51, 52);
  assert.equal(log.prepend([event(48), event(49)]), false);
  assert.equal(log.prepend([event(48), event(50)]), false);
  assert.equal(log.prepend([]), false);
  assert.equal(log.prepend([event(50), event(49), event(51)]), true);
  assert.deepEqual(seqs(log), [49, 50, 51, 52]);
  assert.equal(log.base, 48);
  assert.equal(log.last, 52);
});
