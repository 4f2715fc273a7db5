/** The conversation as text: to copy, to mail, to keep. */
import { button, h } from "../chat/dom";
import type { Kit } from "../chat/kit";
import { happening, spoken, words } from "../chat/words";
import { wholeHistory } from "./shared/history";
import type { Pages } from "./shared/pages";
import { style } from "./shared/style";
import css from "./transcript.css";

/** The longest text that mail programs take by a link. */
const MAIL = 1_800;

export function open(kit: Kit, pages: Pages): void {
  style(kit.root, css);
  const { say } = kit;
  const text = h("textarea", {
    readOnly: true,
    rows: 12,
    value: transcript(kit),
    "aria-label": say("transcript"),
  });
  const title = kit.settings().name || say("title");
  const copy = button(say("copy"), async () => {
    await navigator.clipboard.writeText(text.value);
    copy.textContent = say("copied");
    kit.announce(say("copied"));
  });
  copy.dataset["first"] = "";
  const mail = button(
    say("mail"),
    () => {
      const body = encodeURIComponent(text.value.slice(0, MAIL));
      follow(`mailto:?subject=${encodeURIComponent(title)}&body=${body}`);
    },
    "reply",
  );
  const save = button(
    say("download"),
    () => {
      const address = URL.createObjectURL(new Blob([text.value], { type: "text/plain;charset=utf-8" }));
      follow(address, `${title}.txt`);
      setTimeout(() => URL.revokeObjectURL(address), 10_000);
    },
    "reply",
  );
  pages.open(
    say("transcript"),
    h("p", "", say("transcriptText")),
    text,
    h("div", "replies", copy, mail, save),
  );
  void wholeHistory(kit).then(() => (text.value = transcript(kit)));
}

/** Follows an address as a link would. */
function follow(href: string, download?: string): void {
  h("a", { href, download }).click();
}

/** Everything that was said, a line each. */
function transcript(kit: Kit): string {
  const time = new Intl.DateTimeFormat(kit.lang, { dateStyle: "short", timeStyle: "short" });
  const lines = kit.view().items.map((item) => {
    const said = item.recalled ? kit.say("recalled") : words(item.body, kit);
    const line = item.kind === "message" ? `${spoken(item, kit)} ${said}` : `— ${happening(item, kit)}`;
    return item.at ? `[${time.format(item.at)}] ${line}` : line;
  });
  return lines.join("\n");
}
