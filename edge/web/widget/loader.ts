/** `widget.js`: the launcher and `kefu(…)`. Everything else is loaded when it is asked for. */
import type { Widget } from "../client/frames";
import { ONGOING, OPEN, type Chat, type ChatModule, type Embedding, type Visitor } from "./contract";
import { install, isTaken, Listeners, uninstall, type Listener } from "./loader/commands";
import { ownScript, readEmbedding } from "./loader/embedding";
import { Launcher } from "./loader/launcher";
import type { Host, Invitation } from "./parts/invitations";
import { part } from "./version";

/** Milliseconds that the site's settings may take before the launcher goes without them. */
const PATIENCE = 4_000;

/** One widget on a page, before and after its chat is loaded. */
class Loader implements Host {
  #listeners = new Listeners();
  #visitor: Visitor = {};
  #settings: Widget | undefined;
  #launcher: Launcher | undefined;
  #starting: Promise<void> | undefined;
  #chat: Chat | undefined;
  #destroyed = false;
  #ready: Promise<void>;

  constructor(private readonly embedding: Embedding) {
    this.#ready = idle().then(() => this.#appear());
  }

  readonly commands: Record<string, (first?: unknown, second?: unknown) => unknown> = {
    open: () => this.#with((chat) => chat.open()),
    close: () => this.#chat?.close(),
    toggle: () => this.#with((chat) => (chat.isOpen ? chat.close() : chat.open())),
    send: (text) => this.#with((chat) => chat.send(String(text))),
    identify: (identity) => this.#tell({ identity: identity ? String(identity) : undefined }),
    update: (attributes) => this.#tell({ attributes: attributes as Visitor["attributes"] }),
    on: (name, listener) => this.#listeners.on(name, listener as Listener),
    off: (name, listener) => this.#listeners.off(name, listener),
    destroy: () => this.#destroy(),
  };

  /** Shows the launcher, and goes on with what another page began. */
  async #appear(): Promise<void> {
    const { embedding } = this;
    this.#settings = await settings(embedding);
    if (this.#destroyed) return;
    const preload = () => void load(embedding).catch(() => {});
    this.#launcher = new Launcher(embedding, this.#settings, this.commands["toggle"]!, preload);
    const { list } = this.#settings?.invitations ?? {};
    if (list)
      void import(part(embedding.base, "parts/invitations")).then(({ watch }) =>
        watch(embedding, list, this),
      );
    if (embedding.mode === "page" || isKept("sessionStorage", OPEN + embedding.site))
      this.commands["open"]!();
    else if (isKept("localStorage", ONGOING + embedding.site)) void this.#with(() => {});
    this.#listeners.emit("ready");
  }

  /** Nothing is said while the chat is open. */
  get isBusy(): boolean {
    return this.#destroyed || Boolean(this.#chat?.isOpen);
  }

  /** The desk says something by itself. */
  invite({ name, text = "", opens }: Invitation): void {
    this.#listeners.emit("invitation", { name });
    void this.#with((chat) => chat.invite(text, opens));
  }

  /** Loads the chat if need be, and does something with it. */
  async #with(act: (chat: Chat) => void): Promise<void> {
    await this.#ready;
    this.#launcher?.keep();
    await (this.#starting ??= this.#start());
    if (!this.#chat) this.#starting = undefined;
    else if (!this.#destroyed) act(this.#chat);
  }

  async #start(): Promise<void> {
    const { embedding } = this;
    const launcher = this.#launcher!;
    launcher.busy(true);
    try {
      const { start } = await load(embedding);
      this.#chat = await start({
        embedding,
        settings: this.#settings,
        visitor: this.#visitor,
        root: launcher.root,
        launcher,
        emit: (name, detail) => this.#listeners.emit(name, detail),
      });
    } catch (error) {
      failures++;
      launcher.failed();
      this.#listeners.emit("error", error);
    }
    launcher.busy(false);
  }

  #tell(news: Visitor): void {
    this.#visitor = { ...this.#visitor, ...news };
    this.#chat?.tell(this.#visitor);
  }

  #destroy(): void {
    this.#destroyed = true;
    this.#chat?.destroy();
    this.#launcher?.remove();
    this.#listeners.off();
    uninstall();
  }
}

/** How often the chat could not be loaded: browsers may remember that of its name. */
let failures = 0;

function load({ base }: Embedding): Promise<ChatModule> {
  return import(part(base, "chat") + "&" + failures) as Promise<ChatModule>;
}

/** The site's settings; a page can do without them. */
async function settings({ host, site }: Embedding): Promise<Widget | undefined> {
  try {
    const answered = await fetch(`${host}/v1/sites/${site}/widget`, {
      signal: AbortSignal.timeout(PATIENCE),
    });
    if (answered.ok) return (await answered.json()) as Widget;
    console.warn("kefu:", await answered.text());
  } catch {
    // Blocked, or offline: the chat itself will say so when it is opened.
  }
  return undefined;
}

/** Whether a store has a key; one that may not be touched has none. */
function isKept(store: "localStorage" | "sessionStorage", key: string): boolean {
  try {
    return key in window[store];
  } catch {
    return false;
  }
}

/** The page comes first. */
function idle(): Promise<unknown> {
  return new Promise((resolve) => {
    // Safari has no idle callbacks.
    (window.requestIdleCallback ?? setTimeout)(resolve);
  });
}

const script = ownScript();
if (script && !isTaken()) {
  const { commands } = new Loader(readEmbedding(script));
  install((name, ...args) => (commands[name] ?? (() => console.error(`kefu: no "${name}"`)))(...args));
}
