/** A small choice of emoji, for those whose keyboard has none. */
import type { Composer } from "../chat/composer";
import { h } from "../chat/dom";
import type { Kit } from "../chat/kit";
import { style } from "./shared/style";
import css from "./emoji.css";

const EMOJI = [
  ..."😀😄😁😆😅😂🙂😉😊😍😘😜🤔🤨😐😏🙄😴😪😷🤒😎🥳😕😟😮😲😳🥺😢😭😤😡🤯😱😰😓",
  ..."👍👎👌✌🤞👏🙌🙏🤝💪👀👋🫡🤷🙋",
  ...[
    "❤️",
    "💔",
    "⭐",
    "🔥",
    "🎉",
    "🎁",
    "✅",
    "❌",
    "❓",
    "❗",
    "💡",
    "⏰",
    "📦",
    "🚚",
    "📷",
    "💰",
    "💳",
    "🧾",
    "🛒",
    "🛠️",
    "📞",
    "📧",
    "🏠",
    "☕",
  ],
];

const COLUMNS = 8;
const pickers = new WeakMap<Kit, HTMLElement>();

/** Opens the choice over the composer, or closes it. */
export function toggle(kit: Kit, composer: Composer): void {
  const picker = pickers.get(kit) ?? make(kit, composer);
  pickers.set(kit, picker);
  picker.hidden = !picker.hidden;
  if (picker.hidden) composer.focus();
  else (picker.firstElementChild as HTMLElement).focus();
}

function make(kit: Kit, composer: Composer): HTMLElement {
  style(kit.root, css);
  const choices = EMOJI.map((emoji, at) => {
    const choose = () => {
      picker.hidden = true;
      composer.insert(emoji);
    };
    return h("button", { type: "button", tabIndex: at ? -1 : 0, onclick: choose }, emoji);
  });
  const picker = h(
    "div",
    { class: "picker", role: "toolbar", "aria-label": kit.say("emoji"), hidden: true },
    ...choices,
  );
  picker.addEventListener("keydown", (event) => {
    const at = choices.indexOf(event.target as HTMLButtonElement);
    const forward = kit.dir === "rtl" ? -1 : 1;
    const steps: Record<string, number> = {
      ArrowRight: forward,
      ArrowLeft: -forward,
      ArrowDown: COLUMNS,
      ArrowUp: -COLUMNS,
    };
    const step = steps[event.key];
    if (event.key === "Escape") toggle(kit, composer);
    else if (step !== undefined) choices[at + step]?.focus();
    else return;
    event.preventDefault();
  });
  picker.addEventListener("focusout", ({ relatedTarget }) => {
    if (relatedTarget && !picker.contains(relatedTarget as Node)) picker.hidden = true;
  });
  composer.element.prepend(picker);
  return picker;
}
