import assert from "node:assert/strict";
import { test } from "node:test";
import { Stream } from "../client/stream";

const delta = (offset: number, text: string, turn = 1, attempt = 1) => ({ turn, attempt, offset, text });

test("pieces join in order, and what was shown already is ignored", () => {
  const stream = new Stream();
  assert.equal(stream.delta(delta(0, "你好")), "grown");
  assert.equal(stream.delta(delta(0, "你好")), "ignored");
  assert.equal(stream.delta(delta(1, "好,世")), "grown");
  assert.equal(stream.delta(delta(4, "界")), "grown");
  assert.equal(stream.text, "你好,世界");
});

test("offsets count UTF-16 code units", () => {
  const stream = new Stream();
  stream.delta(delta(0, "👍🏽"));
  assert.equal(stream.delta(delta(4, "!")), "grown");
  assert.equal(stream.text, "👍🏽!");
});

test("a hole asks for the turn from what is held", () => {
  const stream = new Stream();
  stream.delta(delta(0, "ab"));
  assert.deepEqual(stream.delta(delta(5, "f")), { gap: { turn: 1, offset: 2 } });
  assert.equal(stream.text, "ab");
  assert.deepEqual(stream.delta(delta(9, "x", 2)), { gap: { turn: 2, offset: 0 } });
});

test("the highest attempt wins", () => {
  const stream = new Stream();
  stream.delta(delta(0, "first", 1, 1));
  assert.equal(stream.delta(delta(0, "second", 1, 2)), "grown");
  assert.equal(stream.delta(delta(5, " late", 1, 1)), "ignored");
  assert.equal(stream.replace({ turn: 1, attempt: 1, text: "late" }), "ignored");
  assert.equal(stream.text, "second");
});

test("a replacement takes the place of all that was shown", () => {
  const stream = new Stream();
  stream.delta(delta(0, "wrong"));
  stream.replace({ turn: 1, attempt: 1, text: "right" });
  assert.equal(stream.delta(delta(5, "!")), "grown");
  assert.equal(stream.text, "right!");
});

test("nothing of an ended turn is shown again", () => {
  const stream = new Stream();
  stream.delta(delta(0, "a"));
  stream.end(1);
  assert.equal(stream.current, 0);
  assert.equal(stream.delta(delta(1, "b")), "ignored");
  assert.equal(stream.delta(delta(0, "x", 1, 9)), "ignored");
  assert.equal(stream.delta(delta(0, "next", 2)), "grown");
  assert.equal(stream.current, 2);
});

test("an answer that ended while we were away stays until the log has caught up", () => {
  const stream = new Stream();
  stream.delta(delta(0, "partial"));
  stream.greet(undefined);
  assert.equal(stream.current, 1);
  stream.settle();
  assert.equal(stream.current, 0);
});

test("a hello with the same turn keeps the text; with a new one it begins", () => {
  const stream = new Stream();
  stream.delta(delta(0, "partial"));
  stream.greet(1);
  stream.settle();
  assert.equal(stream.current, 1);
  assert.equal(stream.text, "partial");
  stream.greet(2);
  assert.equal(stream.current, 2);
  assert.equal(stream.text, "");
});
