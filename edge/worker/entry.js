// What workerd loads: it forwards events to the wasm, and starts that afresh after a trap (a panic,
// a stack overflow, memory that ran out). A trap leaves the instance unusable, and all objects of
// an isolate share one: it would answer every later request with an error, or never.
import { DurableObject } from "cloudflare:workers";
import wasm from "./kefu.wasm";
import * as kefu from "kefu-bindgen"; // wasm-bindgen's glue: the bundler knows where it is

kefu.initSync({ module: wasm });

let trapped = false;
let instance = 0; // of the wasm, counted: a Rust object of an older one is dead
const waiting = new Set(); // rejects what waits for a promise that a dead instance never settles

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

// Outlives its Rust object, which is made again from storage when the wasm was replaced.
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
export class DeskObject extends RustObject {
  static Rust = kefu.DeskObject;
}
export class ProviderObject extends RustObject {
  static Rust = kefu.ProviderObject;
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

// Replaces an instance that trapped. The worker crate's panic hook raises the flag of
// `__worker_init_state` even where no error reaches this file.
function revive() {
  const state = globalThis.__worker_init_state;
  if (!trapped && !state?.criticalError) return;
  abandon(new Error("the wasm trapped"));
  console.error("kefu: the wasm trapped and is started afresh");
  kefu.__wbg_reset_state();
  if (state) state.criticalError = false;
  trapped = false;
  instance += 1;
}

function noticeTrap(error) {
  if (!(error instanceof WebAssembly.RuntimeError)) return;
  trapped = true;
  abandon(error);
}

function abandon(error) {
  for (const reject of waiting) reject(error);
  waiting.clear();
}

// The contract's `internal` problem, which the wasm cannot write any more.
function brokenHere() {
  const [status, code, title] = [500, "internal", "Something broke on our side"];
  const problem = { type: `/docs/problems#${code}`, title, status, code, detail: title };
  return Response.json(problem, { status, headers: { "content-type": "application/problem+json" } });
}
