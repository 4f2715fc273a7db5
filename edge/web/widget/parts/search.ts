/** Search in the whole history: older pages are fetched while it is open. */
import type { Item } from "../../client";
import { h, write } from "../chat/dom";
import type { Kit } from "../chat/kit";
import { clockWords, dayWords } from "../chat/time";
import { spoken, words } from "../chat/words";
import type { Pages } from "./shared/pages";
import { style } from "./shared/style";
import { wholeHistory } from "./shared/history";
import css from "./search.css";

/** Characters shown before what was found. */
const BEFORE = 30;

export function open(kit: Kit, pages: Pages): void {
  style(kit.root, css);
  const count = h("p", { class: "hits", role: "status" });
  const results = h("ol", "results");
  const input = h("input", {
    type: "search",
    placeholder: kit.say("searchHint"),
    "aria-label": kit.say("searchHint"),
    "data-first": "",
    oninput: () => show(),
  });
  const show = () => {
    const wanted = input.value.trim();
    const found = wanted
      ? kit
          .view()
          .items.filter((item) => contains(item, wanted))
          .reverse()
      : [];
    results.replaceChildren(...found.map((item) => hit(item, wanted, kit, pages)));
    write(
      count,
      !wanted ? "" : found.length ? kit.say("found", { n: found.length }) : kit.say("nothingFound"),
    );
  };
  pages.open(kit.say("search"), input, count, results);
  void wholeHistory(kit).then(show);
}

function contains(item: Item, wanted: string): boolean {
  return item.kind === "message" && !item.recalled && fold(words(item.body)).includes(fold(wanted));
}

/** Letters' case and full-width forms don't count. */
function fold(text: string): string {
  return text.normalize("NFKC").toLowerCase();
}

function hit(item: Item, wanted: string, kit: Kit, pages: Pages): HTMLElement {
  const text = words(item.body).replace(/\s+/g, " ");
  const at = Math.max(0, fold(text).indexOf(fold(wanted)));
  const [from, to] = [Math.max(0, at - BEFORE), at + wanted.length];
  const when = item.at ? `${dayWords(item.at, Date.now(), kit.lang)} ${clockWords(item.at, kit.lang)}` : "";
  const go = () => {
    pages.close();
    kit.reveal(item.id);
  };
  return h(
    "li",
    "",
    h(
      "button",
      { type: "button", onclick: go },
      h("small", "", `${spoken(item, kit)} ${when}`),
      h(
        "span",
        "",
        `${from ? "…" : ""}${text.slice(from, at)}`,
        h("mark", "", text.slice(at, to)),
        text.slice(to, to + 120),
      ),
    ),
  );
}
