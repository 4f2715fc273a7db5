/// <reference path="../types/index.d.ts" />
import assert from "node:assert/strict";
import { test } from "node:test";

/** What the documentation tells people to write; checked by the compiler. */
export function documented(kefu: Kefu.Api): void {
  kefu("open");
  kefu("send", "Where is my order?");
  kefu("identify", "eyJ…");
  kefu("update", { plan: "pro", orders: 3 });
  kefu("on", "unread", ({ count }) => count.toFixed());
  kefu("on", "message", ({ author, body }) => [author.name, body["text"]]);
  kefu("off", "unread");
  // @ts-expect-error there is no such event
  kefu("on", "unraed", () => {});
  // @ts-expect-error there is no such command
  kefu("opne");
}

test("the queue before the script takes every command", () => {
  const queue: unknown[][] = [];
  documented(((...command: unknown[]) => queue.push(command)) as unknown as Kefu.Api);
  assert.equal(queue.length, 9);
});
