import type { View } from "../../client";
import { button, h, icon, link } from "./dom";
import * as icons from "./icons";
import type { Kit } from "./kit";
import { linked } from "./bodies";
import { soonWords } from "./time";

/** What stands before the first message: a greeting, questions to start from, or why there is none. */
export class Welcome {
  #looks = "";
  #invitation = "";

  constructor(
    private readonly kit: Kit,
    private readonly place: (nodes: readonly Node[]) => void,
  ) {}

  /** What the desk said by itself stands in place of the greeting. */
  invite(text: string): void {
    this.#invitation = text;
  }

  show(view: View): void {
    const { kit } = this;
    const state = stateOf(view);
    const looks = JSON.stringify([state, this.#invitation, kit.settings(), view.fault]);
    if (looks === this.#looks) return;
    this.#looks = looks;
    this.place(this.#nodes(state, view));
  }

  #nodes(state: ReturnType<typeof stateOf>, view: View): Node[] {
    const { say } = this.kit;
    if (state === "loading") return [1, 2, 3].map(() => h("div", "ghost"));
    if (state === "stopped") {
      if (view.fault?.code.startsWith("challenge"))
        return [this.#trouble(say("notChecked"), say("notCheckedText"))];
      return [this.#trouble(say("unknownSite"), say("unknownSiteText"), view.fault?.message)];
    }
    if (state === "unreachable") return [this.#trouble(say("unreachable"), say("unreachableText"))];
    return state === "older" ? [] : [this.#greeting(state === "begun")];
  }

  #trouble(title: string, text: string, detail?: string): Node {
    const again = button(this.kit.say("connect"), () => this.kit.client().connect());
    return h(
      "div",
      { class: "blank", role: "status" },
      h("h3", "", title),
      h("p", "", text),
      detail && h("small", "", detail),
      again,
    );
  }

  #greeting(begun: boolean): Node {
    const { kit } = this;
    const { greeting, suggestions = [], name, hours } = kit.settings();
    const words = this.#invitation || greeting || undefined;
    const title = h("h3", "", words ? name || kit.say("title") : kit.say("welcome"));
    const choices = suggestions.map((text) => button(text, () => kit.tell(text), "suggestion"));
    for (const choice of choices) choice.append(icon(icons.send));
    return h(
      "div",
      "welcome",
      h("div", { class: "avatar large", "aria-hidden": "true" }, icon(icons.spark)),
      title,
      words && h("p", "greeting", ...linked(words, kit)),
      hours && !hours.open && h("p", "away", this.#away(hours.changesIn ?? 0)),
      h("p", "honest", kit.say("welcomeText")),
      !begun && choices.length > 0 && h("div", "suggestions", ...choices),
      this.#privacy(),
    );
  }

  #away(seconds: number): string {
    const { say, lang } = this.kit;
    return seconds ? `${say("away")} · ${say("opensIn", { when: soonWords(seconds, lang) })}` : say("away");
  }

  #privacy(): Node | undefined {
    const { privacy } = this.kit.settings();
    // What is asked to be agreed to is told where it is asked.
    if (!privacy?.text || privacy.tracking === "CONSENT") return undefined;
    const more = privacy.url && link(privacy.url, this.kit.say("more"));
    return h("p", "privacy", `${privacy.text} `, more || undefined);
  }
}

function stateOf(view: View): "loading" | "stopped" | "unreachable" | "older" | "begun" | "empty" {
  if (view.status === "stopped") return "stopped";
  if (view.items.length) return view.hasOlder ? "older" : "begun";
  if (!view.loaded) return view.status === "offline" ? "unreachable" : "loading";
  return "empty";
}
