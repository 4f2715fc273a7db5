import assert from "node:assert/strict";
import { test } from "node:test";
import { Refusal } from "../client/api";
import { newKey } from "../client/clock";
import { downFrom } from "../client/link";
import { SseReader } from "../client/sse";
import { openStore } from "../client/storage";
import { Choice } from "../client/transport";
import { closing } from "../client/websocket";
import { webStorage } from "./clock";

const closes = [
  [1000, "cut"], [1006, "cut"], [1011, "cut"], [3000, "cut"], [4000, "cut"], [4099, "cut"],
  [4100, "token"], [4199, "token"], [4200, "stop"], [4999, "stop"],
] as const;
test("close codes say what to do", () => {
  for (const [code, why] of closes) assert.equal(closing({ code, reason: "" }).why, why, `${code}`);
  assert.equal(closing({ code: 4201, reason: "banned" }).code, "banned");
});

const statuses = [
  [401, "token"], [403, "stop"], [404, "stop"], [426, "refused"], [406, "refused"], [501, "refused"],
  [429, "cut"], [500, "cut"], [503, "cut"],
] as const;
test("statuses say what to do", () => {
  for (const [status, why] of statuses) {
    assert.equal(downFrom(new Refusal(status, "c", "m")).why, why, `${status}`);
  }
  assert.equal(downFrom(new TypeError("network")).why, "cut");
  assert.equal(downFrom(new Refusal(429, "rate_limited", "", 1500)).retryAfterMs, 1500);
});

test("an event stream reads the same in pieces of any size", () => {
  const text =
    ': hi\n\nid: 1.1\ndata: {"a":1}\n\nevent: x\r\ndata:{"b":\r\ndata: 2}\r\n\r\nretry: 5\n\ndata: 你好\n\ndata: unfinished';
  for (let size = 1; size <= text.length; size++) {
    const got: string[] = [];
    const reader = new SseReader((data) => got.push(data));
    for (let i = 0; i < text.length; i += size) reader.push(text.slice(i, i + size));
    assert.deepEqual(got, ['{"a":1}', '{"b":\n2}', "你好"], `size ${size}`);
  }
});

test("transports are tried in order, and the one that worked is remembered for a while", () => {
  const store = openStore(() => webStorage());
  const shared = webStorage();
  const kept = openStore(() => shared);
  const first = new Choice(kept, "t", undefined, 0);
  assert.equal(first.current, "ws");
  assert.equal(first.refused(), true);
  assert.equal(first.current, "sse");
  first.worked(0);
  assert.equal(new Choice(kept, "t", undefined, 9 * 60_000).current, "sse");
  assert.equal(new Choice(kept, "t", undefined, 11 * 60_000).current, "ws");
  const none = new Choice(store, "t", undefined, 0);
  assert.deepEqual([none.refused(), none.refused(), none.refused()], [true, true, false]);
  assert.equal(none.current, "ws");
});

test("a WebSocket that has worked is doubted only after three refusals in a row", () => {
  const choice = new Choice(openStore(() => webStorage()), "t", undefined, 0);
  choice.worked(0);
  assert.deepEqual([choice.refused(), choice.refused()], [false, false]);
  assert.equal(choice.refused(), true);
  assert.equal(choice.current, "sse");
  choice.lost();
  assert.equal(choice.current, "ws");
});

test("a forced transport is the only one", () => {
  const choice = new Choice(openStore(() => webStorage()), "t", "poll", 0);
  assert.equal(choice.refused(), false);
  assert.equal(choice.current, "poll");
});

test("a storage that refuses costs nothing but the memory of other pages", () => {
  const denied = openStore(() => {
    throw new Error("SecurityError");
  });
  denied.set("p:a", "1");
  assert.equal(denied.get("p:a"), "1");
  assert.deepEqual(denied.keys("p:"), ["p:a"]);
  denied.remove("p:a");
  assert.equal(denied.get("p:a"), undefined);
  const full = { ...webStorage(), setItem: () => { throw new Error("QuotaExceededError"); } };
  const store = openStore(() => full);
  store.set("k", "v");
  assert.equal(store.get("k"), "v");
});

test("keys are version 4 UUIDs, also where randomUUID is missing", () => {
  const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
  assert.match(newKey(), uuid);
  Object.defineProperty(crypto, "randomUUID", { value: undefined, configurable: true });
  assert.match(newKey(), uuid);
  assert.notEqual(newKey(), newKey());
});
