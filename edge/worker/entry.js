// What workerd loads: it instantiates the wasm, forwards events to it, and starts it afresh after
// a trap. A trap (a panic, a stack overflow, memory that ran out) leaves the instance unusable,
// and all objects of an isolate share one: without a fresh instance the isolate would answer
// every later request with an error, or never.
import { DurableObject } from "cloudflare:workers";
import wasm from "./kefu.wasm";
// An alias that the bundler resolves to what wasm-bindgen wrote.
import * as kefu from "kefu-bindgen";

kefu.initSync({ module: wasm });

// Counts instances of the wasm: a Rust object of an older one is dead.
let instance = 0;
let trapped = false;
// Rejects what waits for a promise of this instance, which a dead one never settles.
const waiting = new Set();

// A trap inside a task of the wasm has no caller to be thrown at: it arrives here.
addEventListener("error", (event) => noticeTrap(event.error));
addEventListener("unhandledrejection", (event) => noticeTrap(event.reason));

export default {
  async fetch(request, env, ctx) {
    try {
      return await forward(() => kefu.fetch(request, env, ctx));
    } catch (error) {
      console.error(error);
      return brokenHere();
    }
  },
};

// One Durable Object class: what workerd holds outlives the Rust object, which is made again
// from storage when the wasm under it was replaced.
class RustObject extends DurableObject {
  #rust;
  #instance = -1;

  constructor(ctx, env) {
    super(ctx, env);
    forward(() => this.#awake());
  }

  fetch(request) {
    return forward(() => this.#awake().fetch(request));
  }

  alarm(info) {
    return forward(() => this.#awake().alarm(info));
  }

  webSocketMessage(socket, message) {
    return forward(() => this.#awake().webSocketMessage(socket, message));
  }

  webSocketClose(socket, code, reason, wasClean) {
    return forward(() => this.#awake().webSocketClose(socket, code, reason, wasClean));
  }

  webSocketError(socket, error) {
    return forward(() => this.#awake().webSocketError(socket, error));
  }

  #awake() {
    if (this.#instance !== instance) {
      this.#rust = new this.constructor.Rust(this.ctx, this.env);
      this.#instance = instance;
    }
    return this.#rust;
  }
}

// wrangler.toml knows them by these names.
export class ConversationObject extends RustObject {
  static Rust = kefu.ConversationObject;
}
export class SiteObject extends RustObject {
  static Rust = kefu.SiteObject;
}

// Calls into the wasm. A plain value is passed on as it is; a promise also ends with a trap, so
// that whoever waits hears of it at once.
function forward(into) {
  revive();
  try {
    const result = into();
    return result instanceof Promise ? orTrap(result) : result;
  } catch (error) {
    noticeTrap(error);
    throw error;
  }
}

function orTrap(promise) {
  return new Promise((resolve, reject) => {
    waiting.add(reject);
    promise.then(resolve, reject).finally(() => waiting.delete(reject));
  });
}

// Replaces an instance that trapped, before anything else is asked of it. The worker crate's
// panic hook raises the flag of `__worker_init_state` even where no error reaches this file.
function revive() {
  const state = globalThis.__worker_init_state;
  if (!trapped && !state?.criticalError) return;
  console.error("kefu: the wasm trapped and is started afresh");
  kefu.__wbg_reset_state();
  if (state) state.criticalError = false;
  trapped = false;
  instance += 1;
}

function noticeTrap(error) {
  if (!(error instanceof WebAssembly.RuntimeError)) return;
  trapped = true;
  for (const reject of waiting) reject(error);
  waiting.clear();
}

// The contract's `internal` problem, which the wasm cannot write any more.
function brokenHere() {
  const [status, title] = [500, "Something broke on our side"];
  const problem = { type: "/docs/problems#internal", title, status, code: "internal", detail: title };
  return Response.json(problem, { status, headers: { "content-type": "application/problem+json" } });
}
