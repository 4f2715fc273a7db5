/** A rating of the session: from the menu, and asked for when a session ends. */
import { button, h, icon } from "../chat/dom";
import * as icons from "../chat/icons";
import type { Kit } from "../chat/kit";
import type { Pages } from "./shared/pages";
import { style } from "./shared/style";
import css from "./rating.css";

const STARS = [1, 2, 3, 4, 5];
let questions = 0;

export function open(kit: Kit, pages: Pages): void {
  pages.open(
    kit.say("rate"),
    question(kit, () => pages.close()),
  );
}

/** The question with its stars; `done` after it is answered. */
export function question(kit: Kit, done?: () => void): HTMLElement {
  style(kit.root, css);
  const { say } = kit;
  const name = `rating${(questions += 1)}`;
  const comment = h("textarea", {
    rows: 2,
    placeholder: say("rateComment"),
    "aria-label": say("rateComment"),
  });
  const send = button(say("submit"), () => void submit());
  const more = h("div", { class: "more", hidden: true }, comment, send);
  const stars = STARS.map((n) => star(n, name, say("rateScore", { n }), () => (more.hidden = false)));
  const rating = h(
    "fieldset",
    "rating",
    h("legend", "", say("rateQuestion")),
    h("div", "stars", ...stars.map(({ element }) => element)),
    more,
  );
  async function submit(): Promise<void> {
    const score = stars.findIndex(({ input }) => input.checked) + 1;
    send.disabled = true;
    try {
      await kit.client().rate(score, comment.value.trim());
      rating.replaceChildren(say("rateThanks"));
      kit.announce(say("rateThanks"));
      done?.();
    } catch {
      send.disabled = false;
      kit.notice(say("failedAct"));
    }
  }
  return rating;
}

function star(
  n: number,
  name: string,
  label: string,
  chosen: () => void,
): { element: HTMLElement; input: HTMLInputElement } {
  const input = h("input", { type: "radio", name, value: String(n), "aria-label": label, onchange: chosen });
  return { input, element: h("label", { class: "star", title: label }, input, icon(icons.star)) };
}
