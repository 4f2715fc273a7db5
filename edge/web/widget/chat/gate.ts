import type { View } from "../../client";
import type { Body, Widget } from "../../client/frames";
import { button, h, link } from "./dom";
import { storeKey, type Kit } from "./kit";

/** What is asked before the first message: consent, the pre-chat form, or the form for absence. */
export class Gate {
  readonly element = h("div", { class: "gate", hidden: true });
  #shown = "";

  constructor(
    private readonly kit: Kit,
    /** What was asked is answered, or is not asked any more. */
    private readonly passed: () => void,
  ) {}

  /** Whether something is asked, so that the composer waits. */
  show(view: View): boolean {
    const what = this.#asks(view);
    this.element.hidden = !what;
    if (what !== this.#shown) {
      this.#shown = what;
      this.element.replaceChildren();
      if (what === "consent") this.element.append(...this.#consent());
      else if (what) void this.#form(what);
    }
    return what === "prechat" || what === "offline";
  }

  /** The answers of the pre-chat form, once: they go before the first message. */
  takeAnswers(): Body | undefined {
    const kept = this.#kept("answers");
    this.kit.store.remove(storeKey(this.kit, "answers"));
    return kept ? (JSON.parse(kept) as Body) : undefined;
  }

  #asks({ items, loaded }: View): "" | "consent" | "prechat" | "offline" {
    const { privacy, prechat, offline, hours } = this.kit.settings();
    if (privacy?.tracking === "CONSENT" && privacy.text && !this.#kept("consent")) return "consent";
    if (!loaded || items.length) return "";
    if (offline?.fields?.length && hours && !hours.open) return "offline";
    return prechat?.fields?.length && !this.#kept("prechat") ? "prechat" : "";
  }

  #consent(): Node[] {
    const { say } = this.kit;
    const choose = (choice: string) => () => {
      this.#keep("consent", choice);
      this.passed();
    };
    const { text, url } = this.kit.settings().privacy ?? {};
    return [
      h("p", "", `${text} `, url ? link(url, say("more")) : undefined),
      h("div", "replies", button(say("agree"), choose("1")), button(say("decline"), choose("0"), "plain")),
    ];
  }

  async #form(what: "prechat" | "offline"): Promise<void> {
    const forms = await this.kit.part<typeof import("../parts/forms")>("forms");
    const {
      title = "",
      text = "",
      fields = [],
    } = this.kit.settings()[what] as NonNullable<Widget["prechat"]>;
    const label = this.kit.say(what === "prechat" ? "begin" : "submit");
    const form = forms.form(this.kit, { title, text, fields, label }, (values) => {
      const body: Body = { form: { title, fields, values, formId: what } };
      this.#keep(what, "1");
      // Sent with the first message, as one question; left word while nobody is there, at once.
      if (what === "prechat") this.#keep("answers", JSON.stringify(body));
      else this.kit.tell(body);
      this.passed();
    });
    this.element.replaceChildren(form);
  }

  #kept(name: string): string | undefined {
    return this.kit.store.get(storeKey(this.kit, name));
  }

  #keep(name: string, value: string): void {
    this.kit.store.set(storeKey(this.kit, name), value);
  }
}
