import type { Body, Item } from "../../client";
import { h, link } from "./dom";
import type { Kit } from "./kit";
import { kindOf, words } from "./words";

/** What Markdown can hardly do without. */
const MARKS = /[*_`#[\]|>~]|^\s*(-|\d+\.)\s/m;

/** The bubble of a message: `old` goes on growing where that is possible. */
export function saying(item: Item, kit: Kit, old?: HTMLElement): HTMLElement {
  const { body } = item;
  if (item.recalled) return h("div", "bubble gone", kit.say("recalled"));
  if (body?.text || body?.quickReplies) return text(item, words(body), kit, old);
  return rich(body ?? {}, kit);
}

/** What is more than words is drawn by a part of its own; until it is there, its words stand. */
function rich(body: Body, kit: Kit): HTMLElement {
  const bubble = h("div", `bubble ${Object.keys(body)[0] ?? ""}`, words(body, kit));
  const drawn = kit.part<typeof import("../parts/rich")>("rich").then(({ draw }) => draw(bubble, body, kit));
  void drawn.catch(() => {});
  return bubble;
}

/** Plain text of people, Markdown of the AI and of what the site has declared. */
function text(item: Item, said: string, kit: Kit, old?: HTMLElement): HTMLElement {
  const marked = item.author?.role !== "VISITOR" && kindOf(item) !== "person" && MARKS.test(said);
  const bubble = old?.dataset["text"] !== undefined ? old : h("div", "bubble");
  const known = bubble.dataset["text"];
  bubble.dataset["text"] = said;
  if (marked) void render(bubble, said, kit);
  else if (known !== said) bubble.replaceChildren(...linked(said, kit));
  return bubble;
}

let markdown: typeof import("../parts/markdown") | undefined;

async function render(bubble: HTMLElement, said: string, kit: Kit): Promise<void> {
  if (!markdown) {
    if (!bubble.childNodes.length) bubble.textContent = said;
    try {
      markdown = await kit.part<typeof import("../parts/markdown")>("markdown");
    } catch {
      return;
    }
  }
  if (bubble.dataset["text"] === said) markdown.render(bubble, said, kit);
}

/** Plain text, with web addresses to follow. */
export function linked(said: string, kit: Kit): Node[] {
  const parts = said.split(/(https?:\/\/[^\s<>"'，。；！？、（）]+[^\s<>"'，。；！？、（）.,;:!?)\]])/);
  return parts.map((part, at) =>
    at % 2 ? link(part, part, kit.embedding.host) : document.createTextNode(part),
  );
}
