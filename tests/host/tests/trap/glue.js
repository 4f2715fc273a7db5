// Stands in for wasm-bindgen's glue around a module that can only trap, with the ways in which a
// trap reaches edge/worker/entry.js: thrown at the caller, or inside a task that nobody awaits.
let module, wasm;
let resets = 0;

export function initSync(options) {
  module = options.module;
  wasm = new WebAssembly.Instance(module).exports;
}

export function __wbg_reset_state() {
  wasm = new WebAssembly.Instance(module).exports;
  resets += 1;
}

export function fetch(request, env) {
  const path = new URL(request.url).pathname;
  if (path.startsWith("/object/")) return env.CONVERSATION.getByName("one").fetch(request);
  return act(path) ?? Promise.resolve(Response.json({ resets }));
}

// What the paths do, in the Worker and in the object.
function act(path) {
  if (path.endsWith("/throw")) wasm.trap();
  if (path.endsWith("/task")) queueMicrotask(() => wasm.trap());
  if (path.endsWith("/task") || path.endsWith("/never")) return new Promise(() => {});
}

export class ConversationObject {
  #calls = 0;
  #born = resets;

  fetch(request) {
    if (this.#born !== resets) throw new Error("an object of a dead instance is called");
    this.#calls += 1;
    return act(new URL(request.url).pathname) ?? Response.json({ calls: this.#calls });
  }
}

export class SiteObject {}
