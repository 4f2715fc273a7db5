import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { createClient } from "../client";
import { Refusal } from "../client/api";
import { proving, prover } from "../client/challenge";
import type { Challenge } from "../client/frames";
import { solve } from "../client/proof";
import { HandClock, webStorage } from "./clock";
import { json, Network, settle } from "./network";

const WORK: Challenge = { kind: "PROOF_OF_WORK", puzzle: "p", difficulty: 8 };
const TURNSTILE: Challenge = { kind: "TURNSTILE", siteKey: "0x4A" };

function refusal(challenge: Challenge): Refusal {
  return new Refusal(403, "challenge_required", "", undefined, challenge);
}

function zeroBits(text: string): number {
  const hash = createHash("sha256").update(text).digest();
  return Math.clz32(hash.readUInt32BE(0));
}

test("an answer is the first number whose hash begins as it should, whatever the puzzle's length", async () => {
  // Around the borders of one block and of two, and as the server makes them.
  const real = "1764000120000.16.00112233445566ff.CkZkZ3sQk0fJ2bN1mXy7sV5pQ8wR4tU6iO9aS3dF1gH";
  for (const puzzle of ["", "a", ..."53 54 55 62 63 64 118 119 120".split(" ").map((n) => "x".repeat(+n)), real]) {
    for (const difficulty of [1, 8, 11]) {
      const answer = await solve(puzzle, difficulty);
      assert.ok(zeroBits(`${puzzle}.${answer}`) >= difficulty, `${puzzle} ${answer}`);
      const earlier = Array.from({ length: +answer }, (_, n) => zeroBits(`${puzzle}.${n}`));
      assert.ok(earlier.every((bits) => bits < difficulty), `${puzzle}: one before ${answer}`);
    }
  }
});

test("the page goes on while an answer is looked for", async () => {
  let moments = 0;
  const count = setInterval(() => (moments += 1), 1);
  const begun = performance.now();
  await solve("busy", 17);
  const took = performance.now() - begun;
  clearInterval(count);
  assert.ok(moments >= Math.floor(took / 100), `${moments} moments in ${took} ms`);
});

test("what is asked is answered in the same request, and a late answer is followed by another", async () => {
  const asked: (Challenge | undefined)[] = [];
  const act = async (answered?: Challenge) => {
    asked.push(answered);
    if (asked.length < 3) throw refusal({ ...WORK, puzzle: `p${asked.length}` });
    return "in";
  };
  assert.equal(await proving(async ({ puzzle }) => `for ${puzzle}`, act), "in");
  const answers = ["p1", "p2"].map((puzzle) => ({ ...WORK, puzzle, answer: `for ${puzzle}` }));
  assert.deepEqual(asked, [undefined, ...answers]);
});

test("nobody is asked for ever, and other refusals are not answered", async () => {
  let times = 0;
  const never = async () => {
    times += 1;
    throw refusal(WORK);
  };
  await assert.rejects(proving(async () => "1", never), { code: "challenge_required" });
  assert.equal(times, 4);
  const limited = async () => Promise.reject(new Refusal(429, "rate_limited", ""));
  await assert.rejects(proving(() => assert.fail("asked"), limited), { code: "rate_limited" });
});

test("what a page cannot answer is told as a refusal that ends the tries", async () => {
  for (const page of [undefined, async () => Promise.reject(new Error("blocked"))]) {
    await assert.rejects(prover("", page)(TURNSTILE), { status: 403, code: "challenge_failed" });
  }
});

/** A client whose site asks newcomers for a token of Turnstile. */
async function guarded(t: { after(then: () => void): void }, prove: (challenge: Challenge) => Promise<string>) {
  const network = new Network();
  network.answer = (asked) => {
    const { answer } = (asked.body["challenge"] ?? {}) as Challenge;
    if (asked.token || answer === "good") return network.session(asked);
    return json({ status: 403, code: "challenge_required", title: "x", challenge: TURNSTILE }, 403);
  };
  const clock = new HandClock();
  const client = createClient({ host: "http://host", site: "demo", clock, storage: webStorage(), prove });
  t.after(() => client.close());
  await settle();
  clock.pass(8);
  return { network, client };
}

test("a newcomer who is asked gets in, with nothing seen of it", async (t) => {
  const { network, client } = await guarded(t, async ({ siteKey }) => (siteKey === "0x4A" ? "good" : ""));
  assert.equal(network.to("/session").length, 2);
  assert.deepEqual(network.socket.protocols, ["kefu.v1.json", "token.T1"]);
  assert.equal(client.state.fault, undefined);
});

test("a newcomer who cannot be checked is told so, and may try again", async (t) => {
  let blocked = true;
  const { network, client } = await guarded(t, async () => {
    if (blocked) throw new Error("blocked");
    return "good";
  });
  assert.deepEqual([client.state.status, client.state.fault?.code], ["stopped", "challenge_failed"]);
  blocked = false;
  client.connect();
  await settle();
  assert.deepEqual(network.socket.protocols, ["kefu.v1.json", "token.T1"]);
});
