import assert from "node:assert/strict";
import { test } from "node:test";
import { subjectOf } from "../client/session";

const token = (claims: object) => `e30.${Buffer.from(JSON.stringify(claims)).toString("base64url")}.signature`;

test("tabs belong together when their tokens name the same visitor", () => {
  assert.equal(subjectOf(undefined), "");
  assert.equal(subjectOf(token({ sub: "ming", exp: 1 })), subjectOf(token({ sub: "ming", exp: 2 })));
  assert.notEqual(subjectOf(token({ sub: "ming" })), subjectOf(token({ sub: "li" })));
  assert.equal(subjectOf("no token at all"), ":no token at all");
});
