import type { Item, View } from "../../client";
import { h, icon, write } from "./dom";
import * as icons from "./icons";
import { draw, type Scene } from "./item";
import type { Kit } from "./kit";
import { dayOf, dayWords } from "./time";
import { kindOf } from "./words";

/** Pixels from the end within which the log follows what comes. */
const NEAR = 80;
/** Pixels from the beginning at which older messages are fetched. */
const TOP = 120;
/** Milliseconds within which messages of one author stand together. */
const TOGETHER = 5 * 60_000;
/** Milliseconds after a touch in which scrolling is the reader's own. */
const BY_HAND = 1_500;
/** Milliseconds after a question for which the dots are shown without a word from the server. */
const THINKING = 20_000;

/** The conversation: one node an item, kept while the item lives. */
export class Log {
  readonly element: HTMLElement;
  readonly newest: HTMLButtonElement;
  #list = h("ol", "log");
  #top = h("div", "top");
  #typing: HTMLElement;
  #typer = h("span", "unseen");
  #newestWords = h("span");
  #nodes = new Map<string, { node: HTMLElement; looks: string }>();
  #days = new Map<string, HTMLElement>();
  #follows = true;
  #scrollTop = 0;
  /** When the reader last did something that scrolls. */
  #touched = 0;

  constructor(
    private readonly kit: Kit,
    private readonly changed: () => void,
  ) {
    this.#typing = h("div", { class: "typing", hidden: true }, h("i"), h("i"), h("i"), this.#typer);
    this.element = h(
      "div",
      {
        class: "scroll",
        tabIndex: 0,
        role: "region",
        "aria-label": kit.say("conversation"),
        onscroll: () => this.#scrolled(),
      },
      this.#top,
      this.#list,
      this.#typing,
    );
    this.newest = h(
      "button",
      { class: "newest", type: "button", hidden: true, onclick: () => this.toEnd() },
      icon(icons.down),
      this.#newestWords,
    );
    for (const sign of ["wheel", "touchmove", "keydown", "pointerdown"]) {
      this.element.addEventListener(sign, () => (this.#touched = Date.now()), { passive: true });
    }
    // The keyboard of a phone, and an answer that grows, move the end: follow it.
    const moved = new ResizeObserver(() => this.#follows && this.toEnd());
    for (const element of [this.element, this.#list]) moved.observe(element);
  }

  /** Whether the newest message is on the screen of somebody who looks. */
  get seen(): boolean {
    return this.#follows && document.visibilityState === "visible";
  }

  /** What stands before the first message. */
  set top(nodes: readonly Node[]) {
    this.#top.replaceChildren(...nodes);
  }

  show(view: View): void {
    const first = view.items[0]?.id;
    const anchor = first ? this.#nodes.get(first)?.node : undefined;
    const before = anchor?.offsetTop;
    this.#items(view);
    this.#around(view);
    if (this.#follows) this.toEnd();
    // What is read stays where it is when history comes in before it.
    else if (anchor && before !== undefined) this.element.scrollTop += anchor.offsetTop - before;
  }

  toEnd(): void {
    this.#follows = true;
    this.element.scrollTop = this.element.scrollHeight;
  }

  /** Brings an item into sight, and marks it for a moment. */
  reveal(id: string): void {
    const { node } = this.#nodes.get(id) ?? {};
    this.#follows = false;
    node?.scrollIntoView({ block: "center" });
    node?.classList.add("found");
    setTimeout(() => node?.classList.remove("found"), 2_000);
  }

  #items(view: View): void {
    const said = view.items.filter((item) => item.kind === "message");
    const [lastSaid, last] = [said.at(-1), view.items.at(-1)];
    const mine = said.findLast((item) => item.author?.role === "VISITOR");
    const wanted: HTMLElement[] = [];
    view.items.forEach((item, at) => {
      const [before, after] = [view.items[at - 1], view.items[at + 1]];
      const day = dayOf(item.at);
      if (item.at && day !== dayOf(before?.at ?? 0)) wanted.push(this.#day(day, item.at, view));
      const starts = !together(before, item);
      const ends = !together(item, after);
      wanted.push(
        this.#node(item, {
          kit: this.kit,
          view,
          starts,
          ends,
          isLast: item === lastSaid || item === last,
          isMine: item === mine,
        }),
      );
    });
    this.#place(wanted, view);
  }

  /** Moves only what is out of place, so that focus and selection stay. */
  #place(wanted: readonly HTMLElement[], view: View): void {
    const live = new Set(view.items.map((item) => item.id));
    for (const [id, { node }] of this.#nodes) {
      if (live.has(id)) continue;
      node.remove();
      this.#nodes.delete(id);
    }
    const all = this.#list.children;
    wanted.forEach((node, at) => {
      if (all[at] !== node) this.#list.insertBefore(node, all[at] ?? null);
    });
    while (all.length > wanted.length) all[wanted.length]?.remove();
  }

  #node(item: Item, scene: Scene): HTMLElement {
    const known = this.#nodes.get(item.id) ?? { node: h("li"), looks: "" };
    const { starts, ends, isLast, isMine, view } = scene;
    const seen = (item.seq ?? Infinity) <= view.seen;
    const looks = JSON.stringify([
      item,
      starts,
      ends,
      isLast,
      isMine,
      isMine && [view.status, seen],
      isLast && view.owner.kind,
    ]);
    if (looks !== known.looks) draw(known.node, item, scene);
    known.looks = looks;
    this.#nodes.set(item.id, known);
    return known.node;
  }

  #day(day: string, at: number, view: View): HTMLElement {
    const words = dayWords(at, Date.now() + view.skew, this.kit.lang);
    const node = this.#days.get(day) ?? h("li", "day");
    write(node, words);
    this.#days.set(day, node);
    return node;
  }

  /** What stands around the items: the dots, the way to the end. */
  #around(view: View): void {
    const { say } = this.kit;
    const typer = view.typing && say("typing", { name: view.typing.name || say("team") });
    const waits = !view.answering && (typer !== undefined || thinks(view));
    this.#typing.hidden = !waits;
    write(this.#typer, waits ? (typer ?? say("thinking")) : "");
    this.newest.hidden = this.#follows;
    write(this.#newestWords, view.unread ? say("unread", { n: view.unread }) : say("newest"));
    this.newest.classList.toggle("news", view.unread > 0);
  }

  #scrolled(): void {
    const { scrollTop, scrollHeight, clientHeight } = this.element;
    // Only a reader goes up: what grows and shrinks changes nothing.
    const up = scrollTop < this.#scrollTop && Date.now() - this.#touched < BY_HAND;
    this.#scrollTop = scrollTop;
    const follows = scrollHeight - scrollTop - clientHeight < NEAR || (this.#follows && !up);
    if (follows !== this.#follows) {
      this.#follows = follows;
      this.changed();
    }
    const view = this.kit.view();
    if (scrollTop < TOP && view.hasOlder && !view.loadingOlder)
      void this.kit
        .client()
        .older()
        .catch(() => {});
  }
}

/** Whether two items stand together as said in one breath. */
function together(one: Item | undefined, other: Item | undefined): boolean {
  if (!one || !other || one.kind !== "message" || other.kind !== "message") return false;
  const soon =
    !one.at || !other.at || (Math.abs(other.at - one.at) < TOGETHER && dayOf(one.at) === dayOf(other.at));
  return (
    soon &&
    one.author?.role === other.author?.role &&
    one.author?.id === other.author?.id &&
    kindOf(one) === kindOf(other)
  );
}

/** Somebody is expected to answer any moment. */
function thinks({ items, owner, status, skew }: View): boolean {
  const last = items.findLast((item) => item.state !== "failed");
  const asked = last?.state === "stored" && last.author?.role === "VISITOR";
  const bot = owner.kind === "BOT" || owner.kind === "UNSPECIFIED";
  return Boolean(asked && bot && status === "online" && Date.now() + skew - last.at < THINKING);
}
