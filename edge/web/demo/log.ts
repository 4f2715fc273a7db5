import type { Item, View } from "../client";
import { draw, spoken, type Acts, type Scene } from "./item";
import { button, byId, make } from "./dom";
import { fill, type Texts } from "./texts";

/** Pixels from the end within which the log follows what comes. */
const NEAR = 80;
/** Pixels from the beginning at which older messages are fetched. */
const TOP = 60;
/** Milliseconds after a question for which the three dots are shown without a word from the server. */
const THINKING = 20_000;

/** The conversation on the page: one node an item, kept while the item lives. */
export class LogView {
  #list = byId<HTMLOListElement>("log");
  #scroll = byId("scroll");
  #blank = byId("blank");
  #nodes = new Map<string, { node: HTMLElement; drawn: string }>();
  #follows = true;
  /** The newest seq that was there when the log was first shown: it is not read aloud. */
  #spokenTo: number | undefined;

  constructor(
    private readonly site: string,
    private readonly acts: Acts & { older(): void; newest(): void; connect(): void },
  ) {
    this.#scroll.addEventListener("scroll", () => this.#scrolled());
    byId("older").addEventListener("click", () => acts.older());
    byId("newest").addEventListener("click", () => this.#toEnd());
    // The keyboard of a phone, and an answer that grows, move the end: follow it.
    new ResizeObserver(() => this.#follows && this.#toEnd()).observe(this.#scroll);
  }

  /** Whether the newest message is on the screen of somebody who looks. */
  get seen(): boolean {
    return this.#follows && document.visibilityState === "visible";
  }

  /** Shows `view`. */
  show(view: View, texts: Texts): void {
    const first = view.items[0]?.id;
    const anchor = first && this.#nodes.get(first)?.node;
    const before = anchor ? anchor.offsetTop : undefined;
    this.#items(view, texts);
    this.#around(view, texts);
    if (this.#follows) this.#toEnd();
    else if (anchor && before !== undefined) this.#keep(anchor, before);
    this.#speak(view, texts);
  }

  #items(view: View, texts: Texts): void {
    const last = view.items.findLast((item) => item.kind === "message");
    const nodes = view.items.map((item) => this.#node(item, { texts, view, acts: this.acts, newest: item === last }));
    const live = new Set(view.items.map((item) => item.id));
    for (const [id, { node }] of this.#nodes) {
      if (live.has(id)) continue;
      node.remove();
      this.#nodes.delete(id);
    }
    // Only what is out of place moves, so that focus and selection stay.
    nodes.forEach((node, at) => {
      if (this.#list.children[at] !== node) this.#list.insertBefore(node, this.#list.children[at] ?? null);
    });
  }

  #node(item: Item, scene: Scene): HTMLElement {
    const known = this.#nodes.get(item.id) ?? { node: make("li", "item"), drawn: "" };
    const looks = JSON.stringify([item, scene.newest, scene.texts.lang, scene.view.status, (item.seq ?? 0) <= scene.view.seen]);
    if (looks !== known.drawn) draw(known.node, item, scene);
    known.drawn = looks;
    this.#nodes.set(item.id, known);
    return known.node;
  }

  /** What stands around the items: the blank page, history, the dots, the way to the end. */
  #around(view: View, texts: Texts): void {
    this.#drawBlank(view, texts);
    byId("older").hidden = !view.hasOlder;
    const typing = !view.answering && (view.typing !== undefined || thinks(view));
    byId("typing").hidden = !typing;
    byId("typing-text").textContent = typing ? texts.typing : "";
    const newest = byId("newest");
    newest.hidden = this.#follows;
    newest.textContent = view.unread ? fill(texts.unread, { n: view.unread }) : texts.newest;
  }

  #drawBlank(view: View, texts: Texts): void {
    const bare = view.status === "stopped" ? "stopped" : view.loaded ? "empty" : "loading";
    const state = view.items.length ? "full" : bare;
    const looks = `${state} ${texts.lang} ${view.fault?.code} ${JSON.stringify(view.widget)}`;
    if (this.#blank.dataset["looks"] === looks) return;
    this.#blank.dataset["looks"] = looks;
    this.#blank.dataset["state"] = state;
    this.#blank.replaceChildren(...this.#blankNodes(state, view, texts));
  }

  #blankNodes(state: string, { widget, fault }: View, texts: Texts): Node[] {
    if (state === "loading") return [1, 2, 3].map(() => make("div", "ghost"));
    if (state === "empty") {
      const suggestions = widget?.suggestions?.length ? widget.suggestions : texts.tries.map(([say]) => say ?? "");
      const buttons = suggestions.map((say) => button(say, () => this.acts.send(say)));
      const title = make("b", "", widget?.greeting || texts.emptyTitle);
      return [make("div", "greeting", title, texts.empty, make("div", "replies", ...buttons))];
    }
    if (state === "full") return [];
    const why = fault?.code.includes("site") ? texts.siteUnknown : texts.stopped;
    const words = fill(why, { site: this.site, code: fault?.message || fault?.code || "" });
    const again = make("div", "replies", button(texts.again, () => this.acts.connect()));
    return [make("div", "greeting", make("b", "", texts.stoppedTitle), words, again)];
  }

  /** Reads finished messages of others aloud, once; never the pieces of an answer. */
  #speak(view: View, texts: Texts): void {
    if (!view.loaded) return;
    const from = this.#spokenTo ?? view.last;
    this.#spokenTo = view.last;
    const fresh = view.items.filter((item) => (item.seq ?? 0) > from && item.author?.role !== "VISITOR");
    if (fresh.length) byId("spoken").textContent = fresh.map((item) => spoken(item, texts)).join("\n");
  }

  #scrolled(): void {
    const { scrollTop, scrollHeight, clientHeight } = this.#scroll;
    const follows = scrollHeight - scrollTop - clientHeight < NEAR;
    if (follows !== this.#follows) {
      this.#follows = follows;
      this.acts.newest();
    }
    if (scrollTop < TOP && !byId("older").hidden) this.acts.older();
  }

  #toEnd(): void {
    this.#follows = true;
    this.#scroll.scrollTop = this.#scroll.scrollHeight;
  }

  /** Keeps `anchor` where it was on the screen when history came in before it. */
  #keep(anchor: HTMLElement, before: number): void {
    const moved = anchor.offsetTop - before;
    if (moved) this.#scroll.scrollTop += moved;
  }
}

/** Somebody is expected to answer any moment. */
function thinks(view: View): boolean {
  const last = view.items.findLast((item) => item.state !== "failed");
  const asked = last?.state === "stored" && last.author?.role === "VISITOR";
  const bot = view.owner.kind === "BOT" || view.owner.kind === "UNSPECIFIED";
  return Boolean(asked && bot && view.status === "online" && Date.now() - last.at < THINKING);
}
