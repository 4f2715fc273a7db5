import assert from "node:assert/strict";
import { test } from "node:test";
import { Backoff } from "../client/backoff";
import { Watchdog } from "../client/watchdog";
import { HandClock } from "./clock";

test("waits double up to 30 s, over the whole range from 0", () => {
  const longest = new Backoff(() => 1);
  const waits = Array.from({ length: 9 }, () => longest.next(0));
  assert.deepEqual(waits, [500, 1000, 2000, 4000, 8000, 16000, 30000, 30000, 30000]);
  const shortest = new Backoff(() => 0);
  assert.equal(shortest.next(0), 0);
});

test("only a connection that stood for 10 s makes waits short again", () => {
  const backoff = new Backoff(() => 1);
  backoff.next(0);
  backoff.next(0);
  backoff.opened(1_000);
  assert.equal(backoff.next(10_999), 2000);
  backoff.opened(20_000);
  assert.equal(backoff.next(30_000), 500);
});

function watched(pinged: boolean) {
  const clock = new HandClock();
  const seen = { pings: 0, dead: 0 };
  const ping = pinged ? () => void seen.pings++ : undefined;
  const dog = new Watchdog(clock, ping, () => {
    seen.dead++;
    dog.stop();
  });
  return { clock, seen, dog };
}

test("two pings without an answer make a connection dead", () => {
  const { clock, seen } = watched(true);
  clock.pass(74_999);
  assert.deepEqual(seen, { pings: 2, dead: 0 });
  clock.pass(1);
  assert.deepEqual(seen, { pings: 2, dead: 1 });
});

test("any frame is life", () => {
  const { clock, seen, dog } = watched(true);
  for (let i = 0; i < 10; i++) {
    clock.pass(26_000);
    dog.life();
  }
  assert.equal(seen.dead, 0);
});

test("a page that wakes up wants proof within 5 s", () => {
  const { clock, seen, dog } = watched(true);
  dog.check();
  assert.equal(seen.pings, 1);
  clock.pass(4_999);
  dog.life();
  clock.pass(4_999);
  assert.equal(seen.dead, 0);
  dog.check();
  clock.pass(5_000);
  assert.equal(seen.dead, 1);
});

test("a stream that cannot be pinged is dead after 75 s of silence, and on waking after 25 s", () => {
  const silent = watched(false);
  silent.clock.pass(100_000);
  assert.equal(silent.seen.dead, 1);
  const waking = watched(false);
  waking.clock.pass(20_000);
  waking.dog.check();
  assert.equal(waking.seen.dead, 0);
  waking.clock.pass(6_000);
  waking.dog.check();
  assert.equal(waking.seen.dead, 1);
});
