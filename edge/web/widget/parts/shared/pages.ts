import { h, iconButton } from "../../chat/dom";
import * as icons from "../../chat/icons";
import type { Say } from "../../chat/texts";

/** Pages over the conversation, one at a time: the way back returns the focus to where it was. */
export class Pages {
  readonly element = h("div", { class: "over", role: "group", hidden: true });
  #before: HTMLElement | undefined;

  constructor(private readonly say: Say) {
    this.element.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || event.isComposing) return;
      event.preventDefault();
      this.close();
    });
  }

  open(title: string, ...content: readonly Node[]): void {
    const tree = this.element.getRootNode() as ShadowRoot;
    if (this.element.hidden) this.#before = tree.activeElement as HTMLElement;
    const back = iconButton(icons.back, this.say("back"), () => this.close(), "icon turn");
    this.element.setAttribute("aria-label", title);
    this.element.replaceChildren(h("div", "bar", back, h("h3", "", title)), h("div", "content", ...content));
    this.element.hidden = false;
    (this.element.querySelector<HTMLElement>("[data-first]") ?? back).focus();
  }

  close(): void {
    if (this.element.hidden) return;
    this.element.hidden = true;
    this.element.replaceChildren();
    this.#before?.focus();
  }
}
