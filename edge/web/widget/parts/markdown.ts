/** Safe Markdown: tokens become nodes, so there is no markup to be trusted or cleaned. */
import { button, h, link, webAddress } from "../chat/dom";
import type { Kit } from "../chat/kit";
import { style } from "./shared/style";
import { blocksOf, type Block, type Item } from "./markdown/blocks";
import { tokensOf, type Token } from "./markdown/inline";
import css from "./markdown.css";

interface Drawn {
  readonly source: string;
  readonly node: HTMLElement;
}

const drawn = new WeakMap<HTMLElement, Drawn[]>();

/** Writes `text` into `place`: blocks that did not change keep their nodes while an answer grows. */
export function render(place: HTMLElement, text: string, kit: Kit): void {
  style(kit.root, css);
  const known = drawn.get(place) ?? [];
  const blocks = blocksOf(text).map(({ source, block }, at) => {
    const old = known[at];
    return old?.source === source ? old : { source, node: node(block, kit) };
  });
  drawn.set(place, blocks);
  place.classList.add("marked");
  const kept = blocks.findIndex((block, at) => block !== known[at]);
  if (kept <= 0 || place.childElementCount !== known.length)
    return place.replaceChildren(...blocks.map(({ node }) => node));
  while (place.childElementCount > kept) place.lastElementChild?.remove();
  place.append(...blocks.slice(kept).map(({ node }) => node));
}

function node(block: Block, kit: Kit): HTMLElement {
  switch (block.kind) {
    case "paragraph":
      return h("p", "", ...inline(block.text, kit));
    case "heading":
      // Levels of a message are no levels of the page.
      return h(
        "p",
        { class: "head", role: "heading", "aria-level": Math.min(block.level + 3, 6) },
        ...inline(block.text, kit),
      );
    case "code":
      return code(block.text, block.language, kit);
    case "quote":
      return h("blockquote", "", ...block.blocks.map((inner) => node(inner, kit)));
    case "list":
      return list(block, kit);
    case "table":
      return table(block, kit);
    case "source":
      return h("p", "source", h("sup", "", block.name), " ", ...inline(block.text, kit));
    case "rule":
      return h("hr");
  }
}

function code(text: string, language: string, kit: Kit): HTMLElement {
  const copy = button(
    kit.say("copy"),
    async () => {
      await navigator.clipboard.writeText(text);
      copy.textContent = kit.say("copied");
    },
    "copy",
  );
  return h(
    "div",
    "code",
    h("div", "bar", h("span", "", language), copy),
    h("pre", { tabIndex: 0 }, h("code", "", text)),
  );
}

function list({ start, items }: Extract<Block, { kind: "list" }>, kit: Kit): HTMLElement {
  const entries = items.map((item) => entry(item, kit));
  return start === undefined ? h("ul", "", ...entries) : h("ol", { start }, ...entries);
}

function entry({ done, blocks }: Item, kit: Kit): HTMLElement {
  const [first, ...rest] = blocks;
  const lead = first?.kind === "paragraph" ? inline(first.text, kit) : first ? [node(first, kit)] : [];
  const box = done !== undefined && h("input", { type: "checkbox", checked: done, disabled: true });
  return h("li", done === undefined ? "" : "task", box, ...lead, ...rest.map((block) => node(block, kit)));
}

function table({ align, head, rows }: Extract<Block, { kind: "table" }>, kit: Kit): HTMLElement {
  const row = (tag: "th" | "td", cells: readonly string[]) =>
    h("tr", "", ...head.map((_, at) => h(tag, align[at] ?? "start", ...inline(cells[at] ?? "", kit))));
  return h(
    "div",
    { class: "table", tabIndex: 0 },
    h("table", "", h("thead", "", row("th", head)), h("tbody", "", ...rows.map((cells) => row("td", cells)))),
  );
}

function inline(text: string, kit: Kit): Node[] {
  return tokensOf(text).map((token) => word(token, kit));
}

function word(token: Token, kit: Kit): Node {
  switch (token.kind) {
    case "text":
      return document.createTextNode(token.text);
    case "code":
      return h("code", "", token.text);
    case "break":
      return h("br");
    case "reference":
      return h("sup", "", token.name);
    case "image":
      // A picture of another host would tell it who reads: it is a link like any other.
      return anchor(token.url, [document.createTextNode(token.alt || kit.say("image"))]);
    case "link":
      return anchor(
        token.url,
        token.tokens.map((inner) => word(inner, kit)),
      );
    case "strong":
    case "em":
    case "del":
      return h(token.kind, "", ...token.tokens.map((inner) => word(inner, kit)));
  }
}

/** A link that shows its host, unless its words do. */
function anchor(address: string, words: readonly Node[]): Node {
  const place = link(address, "");
  const shown = words.map((node) => node.textContent).join("");
  if (!(place instanceof HTMLElement)) return h("span", "", ...words);
  place.append(...words);
  const host = webAddress(address)?.host ?? "";
  if (!host || shown.includes(host)) return place;
  return h("span", "", place, h("span", "host", ` (${host})`));
}
