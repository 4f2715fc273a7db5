import { Refusal, type Client, type View } from "../../client";
import type { Body } from "../../client/frames";
import { openStore } from "../../client/storage";
import { shareClient } from "../../client/tabs";
import { ONGOING, OPEN, type Chat, type Frame, type Visitor } from "../contract";
import { part } from "../version";
import { Announcer } from "./announcer";
import { Composer } from "./composer";
import { button, h } from "./dom";
import { takeDrops } from "./drops";
import { Gate } from "./gate";
import { Header } from "./header";
import type { Kit } from "./kit";
import { Log } from "./log";
import { Panel } from "./panel";
import type { Texts } from "./texts";
import { trackedPage, watchAddress } from "./tracking";
import { Unread } from "./unread";
import { Welcome } from "./welcome";

/** The chat on a page: puts the pieces together and the conversation into them. */
export class Messenger implements Chat {
  readonly #kit: Kit;
  /** Unset only while it is being made. */
  #client!: Client;
  #visitor: Visitor;
  #panel: Panel;
  #header: Header;
  #log: Log;
  #welcome: Welcome;
  #gate: Gate;
  #composer: Composer;
  #unread: Unread;
  #announcer: Announcer;
  #notice = h("div", { class: "notice", role: "alert", hidden: true });
  #told = { last: 0, owner: "" };
  /** What this tab remembers from page to page. */
  #tab = openStore(() => globalThis.sessionStorage);
  #forget = new AbortController();

  constructor(
    private readonly frame: Frame,
    private readonly texts: Texts,
  ) {
    this.#visitor = frame.visitor;
    this.#kit = this.#makeKit();
    this.#client = this.#connect();
    const kit = this.#kit;
    const { say } = kit;
    const isPage = frame.embedding.mode === "page";
    const name = kit.settings().name || say("title");
    this.#panel = new Panel(frame.root, texts, name, isPage, () => !isPage && this.close());
    const more = (opener: HTMLElement) =>
      void this.#part<typeof import("../parts/menu")>("menu", (menu) =>
        menu.toggle(kit, this.#panel.element, opener),
      );
    this.#header = new Header(kit, more, isPage ? undefined : () => this.close());
    this.#log = new Log(kit, () => this.#show());
    this.#welcome = new Welcome(kit, (nodes) => (this.#log.top = nodes));
    this.#gate = new Gate(kit, () => {
      // Who agreed may be told of from here on.
      this.#client.tell({ page: trackedPage(kit) });
      this.#show();
    });
    this.#unread = new Unread(kit, (unread) => frame.launcher.badge(unread));
    this.#announcer = new Announcer(kit);
    this.#composer = new Composer(kit, {
      send: (text) => this.send(text),
      stop: () => this.#client.stop(),
      typing: (preview) => this.#client.typing(preview),
      files: (files) => void this.#upload(files),
      emoji: () =>
        void this.#part<typeof import("../parts/emoji")>("emoji", (emoji) =>
          emoji.toggle(kit, this.#composer),
        ),
      voice: () =>
        void this.#part<typeof import("../parts/voice")>("voice", (voice) =>
          voice.record(kit, this.#composer.tray),
        ),
    });
    this.#panel.element.append(
      this.#header.element,
      h("div", "middle", this.#log.element, this.#log.newest),
      this.#notice,
      this.#gate.element,
      this.#composer.element,
      this.#announcer.element,
    );
    takeDrops(this.#panel.element, say("drop"), (event) => this.#composer.take(event, event.dataTransfer));
    const { signal } = this.#forget;
    document.addEventListener("visibilitychange", () => this.#show(), { signal });
    watchAddress(() => this.#client.tell({ page: trackedPage(kit) }), signal);
  }

  get isOpen(): boolean {
    return this.#panel.isOpen;
  }

  open(): void {
    if (this.isOpen) return;
    this.#panel.open();
    this.frame.launcher.expanded(true);
    this.frame.launcher.badge(0);
    this.#tab.set(OPEN + this.frame.embedding.site, "1");
    this.#log.toEnd();
    this.#show();
    // A phone's keyboard would cover what is to be read first.
    if (matchMedia("(pointer: coarse)").matches) this.#panel.element.focus();
    else this.#composer.focus();
    this.frame.emit("open");
  }

  close(): void {
    if (!this.isOpen || this.frame.embedding.mode === "page") return;
    this.#panel.close();
    this.frame.launcher.expanded(false);
    this.#tab.remove(OPEN + this.frame.embedding.site);
    this.frame.launcher.focus();
    this.#show();
    this.frame.emit("close");
  }

  send(said: string | Body): void {
    if (typeof said === "string" && !said.trim()) return;
    this.#notify("");
    const answers = this.#gate.takeAnswers();
    if (answers) this.#client.send(answers);
    const key = this.#client.send(said);
    this.#kit.store.set(ONGOING + this.frame.embedding.site, "1");
    this.#log.toEnd();
    this.frame.emit("sent", { key });
  }

  tell(visitor: Visitor): void {
    const another = visitor.identity !== this.#visitor.identity;
    this.#visitor = visitor;
    if (!another) return this.#client.tell({ attributes: visitor.attributes });
    // Another visitor has another conversation.
    this.#client.close();
    this.#told = { last: 0, owner: "" };
    this.#client = this.#connect();
  }

  invite(text: string, opens = false): void {
    this.#welcome.invite(text);
    this.#announcer.announce(text);
    if (opens) this.open();
    if (!this.isOpen) this.frame.launcher.badge(1);
    this.#show();
  }

  destroy(): void {
    this.#forget.abort();
    this.#client.close();
    this.#unread.stop();
    this.#panel.remove();
  }

  #connect(): Client {
    const { host, site } = this.frame.embedding;
    const { identity, attributes } = this.#visitor;
    const locale = this.texts.lang;
    const page = trackedPage(this.#kit);
    const client = shareClient({
      host,
      site,
      locale,
      identity,
      attributes,
      page,
      prove: async (challenge) => {
        const { prove } = await this.#kit.part<typeof import("../parts/turnstile")>("turnstile");
        return prove(this.#kit, challenge);
      },
    });
    client.subscribe(() => this.#show());
    return client;
  }

  #show(): void {
    const view = this.#client.state;
    const seen = this.isOpen && this.#log.seen;
    this.#welcome.show(view);
    this.#header.show(view);
    this.#log.show(view);
    const asks = this.#gate.show(view);
    this.#composer.element.hidden = asks || (view.status === "stopped" && !view.items.length);
    this.#composer.show(view);
    this.#announcer.show(view);
    this.#unread.show(view, seen);
    if (seen && view.unread) this.#client.read();
    this.#tellPage(view);
  }

  /** Events of the page: what came, and who answers. */
  #tellPage({ items, last, loaded, owner }: View): void {
    if (!loaded) return;
    const fresh = this.#told.last ? items.filter((item) => (item.seq ?? 0) > this.#told.last) : [];
    for (const { kind, author, body, seq } of fresh) {
      if (kind === "message" && author?.role !== "VISITOR") this.frame.emit("message", { seq, author, body });
      if (kind === "rating") this.frame.emit("rating", { seq });
    }
    const whose = `${owner.kind} ${owner.id}`;
    if (this.#told.owner && whose !== this.#told.owner) this.frame.emit("owner", owner);
    this.#told = { last: last || this.#told.last || 0, owner: whose };
  }

  async #askPerson(): Promise<void> {
    this.#kit.store.set(ONGOING + this.frame.embedding.site, "1");
    try {
      await this.#client.handoff();
    } catch (error) {
      this.#notify(this.#kit.say("failedAct"));
      this.frame.emit("error", error instanceof Refusal ? error.code : error);
    }
  }

  /** Loads a part and does something with it; a part that does not come is told. */
  async #part<Module>(name: string, use: (module: Module) => unknown): Promise<void> {
    try {
      await use(await this.#kit.part<Module>(name));
    } catch (error) {
      this.#notify(this.#kit.say("failedAct"));
      this.frame.emit("error", error);
    }
  }

  #upload(files: File[]): Promise<void> {
    return this.#part<typeof import("../parts/uploads")>("uploads", (uploads) =>
      uploads.send(this.#kit, files, this.#composer.tray),
    );
  }

  #notify(words: string, act?: { label: string; act(): void }): void {
    this.#notice.hidden = !words;
    this.#notice.replaceChildren(words, ...(act ? [button(act.label, act.act, "plain")] : []));
  }

  #makeKit(): Kit {
    const { embedding, root, settings, emit } = this.frame;
    const store = openStore(() => globalThis.localStorage);
    const parts = new Map<string, Promise<unknown>>();
    const silentKey = `kefu:silent:${embedding.site}`;
    return {
      ...this.texts,
      embedding,
      root,
      store,
      emit,
      get silent() {
        const chosen = store.get(silentKey);
        return chosen ? chosen === "1" : Boolean(this.settings().look?.silent);
      },
      set silent(is) {
        store.set(silentKey, is ? "1" : "0");
      },
      settings: () => this.#client?.state.widget ?? settings ?? {},
      client: () => this.#client,
      view: () => this.#client.state,
      part: <Module>(name: string) => {
        const known = parts.get(name) ?? import(part(embedding.base, `parts/${name}`));
        parts.set(name, known);
        known.catch(() => parts.delete(name));
        return known as Promise<Module>;
      },
      tell: (said) => this.send(said),
      askPerson: () => void this.#askPerson(),
      notice: (words, act) => this.#notify(words, act),
      announce: (words) => this.#announcer.announce(words),
      reveal: (item) => this.#log.reveal(item),
    };
  }
}
