import assert from "node:assert/strict";
import { test } from "node:test";
import { Outbox } from "../client/outbox";
import { openStore } from "../client/storage";
import { webStorage } from "./clock";

function outbox(storage = webStorage(), conversation = "c"): Outbox {
  const outbox = new Outbox(openStore(() => storage));
  outbox.rehome(conversation);
  return outbox;
}
const keys = (box: Outbox) => box.letters.map((letter) => letter.key);
const states = (box: Outbox) => box.letters.map((letter) => letter.state);

test("letters are sent once a connection, in order, until they are acknowledged", () => {
  const box = outbox();
  box.add("a", { text: "1" }, 5);
  box.add("b", { text: "2" }, 5);
  assert.deepEqual(box.due(6), [{ key: "a", text: "1" }, { key: "b", text: "2" }]);
  assert.deepEqual(box.due(6), []);
  box.acked("a", 1);
  box.cut();
  assert.deepEqual(box.due(7), [{ key: "b", text: "2" }]);
});

test("letters survive a reload of the page, in order", () => {
  const storage = webStorage();
  const before = outbox(storage);
  before.add("b", { text: "1" }, 5);
  before.add("a", { text: "2" }, 5);
  before.due(6);
  const after = outbox(storage);
  assert.deepEqual(after.due(9), [{ key: "b", text: "1" }, { key: "a", text: "2" }]);
  after.acked("b", 1);
  assert.deepEqual(keys(outbox(storage)), ["a"]);
});

test("letters of another conversation stay where they are", () => {
  const storage = webStorage();
  outbox(storage, "one").add("a", { text: "x" }, 1);
  assert.deepEqual(keys(outbox(storage, "two")), []);
});

test("two tabs neither lose nor forget each other's letters", () => {
  const storage = webStorage();
  const [left, right] = [outbox(storage), outbox(storage)];
  left.add("l", { text: "left" }, 1);
  right.add("r", { text: "right" }, 2);
  left.reload();
  right.reload();
  assert.deepEqual(keys(left), ["l", "r"]);
  assert.deepEqual(keys(right), ["l", "r"]);
  left.stored("l");
  right.stored("l");
  assert.deepEqual(keys(outbox(storage)), ["r"]);
});

test("an echo stays from the acknowledgement until the log shows it", () => {
  const box = outbox();
  box.add("a", { text: "1" }, 1);
  box.due(1);
  box.acked("a", 7);
  box.passed(6);
  assert.deepEqual(states(box), ["acked"]);
  box.passed(7);
  assert.deepEqual(keys(box), []);
});

test("a refused letter fails with its code, is kept, and can be tried again or given up", () => {
  const storage = webStorage();
  const box = outbox(storage);
  box.add("a", { text: "1" }, 1);
  box.due(1);
  box.refused("a", "too_long", "Too long.");
  assert.deepEqual(box.due(2), []);
  const later = outbox(storage);
  assert.equal(later.letters[0]?.code, "too_long");
  assert.deepEqual(states(later), ["failed"]);
  later.retry("a", "fresh");
  assert.deepEqual(later.due(3), [{ key: "a", text: "1" }]);
  later.refused("a", "too_long", "Too long.");
  later.discard("a");
  assert.deepEqual(keys(outbox(storage)), []);
});

test("a letter whose key was used for another body gets a fresh key", () => {
  const storage = webStorage();
  const box = outbox(storage);
  box.add("a", { text: "1" }, 1);
  box.due(1);
  box.refused("a", "key_reused", "");
  box.retry("a", "fresh");
  assert.deepEqual(box.due(2), [{ key: "fresh", text: "1" }]);
  assert.deepEqual(keys(outbox(storage)), ["fresh"]);
});

test("a refusal for a while holds all letters back and keeps their order", () => {
  const box = outbox();
  box.add("a", { text: "1" }, 1);
  box.add("b", { text: "2" }, 1);
  box.due(10);
  box.refused("a", "rate_limited", "", 500);
  box.refused("b", "rate_limited", "", 400);
  assert.deepEqual(box.due(499), []);
  assert.deepEqual(box.due(500).map((send) => send.key), ["a", "b"]);
});

test("an acknowledged letter cannot fail any more", () => {
  const box = outbox();
  box.add("a", { text: "1" }, 1);
  box.acked("a", 3);
  box.refused("a", "late", "");
  assert.deepEqual(states(box), ["acked"]);
});

test("bodies are kept whole", () => {
  const storage = webStorage();
  outbox(storage).add("a", { body: { location: { latitude: 31.2, longitude: 121.5 } } }, 1);
  assert.deepEqual(outbox(storage).due(1), [
    { key: "a", body: { location: { latitude: 31.2, longitude: 121.5 } } },
  ]);
});

test("damaged entries are passed over", () => {
  const storage = webStorage();
  storage.setItem("kefu:out:c:x", "{");
  storage.setItem("kefu:out:c:y", "{}");
  storage.setItem("kefu:out:c:z", "null");
  assert.deepEqual(keys(outbox(storage)), []);
});

test("unsent letters move along when the visitor becomes another", () => {
  const storage = webStorage();
  const box = outbox(storage, "old");
  box.add("a", { text: "1" }, 1);
  box.rehome("new");
  assert.deepEqual(keys(outbox(storage, "old")), []);
  assert.deepEqual(keys(outbox(storage, "new")), ["a"]);
});
