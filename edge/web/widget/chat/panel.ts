import { h } from "./dom";
import type { Texts } from "./texts";

const FOCUSABLE = "button:not([disabled]), a[href], textarea, input, select, [tabindex='0']";
/** Below this width the panel fills the window. */
const SMALL = "(max-width: 480px), (max-height: 420px)";

/** The window of the chat: where it is, how it opens, and who has the focus. */
export class Panel {
  readonly element: HTMLElement;
  #small = matchMedia(SMALL);
  #forget = new AbortController();

  constructor(
    root: ShadowRoot,
    texts: Texts,
    title: string,
    private readonly isPage: boolean,
    private readonly dismiss: () => void,
  ) {
    this.element = h("section", {
      class: isPage ? "panel page" : "panel",
      lang: texts.lang,
      dir: texts.dir,
      role: isPage ? "main" : "dialog",
      "aria-label": title,
      hidden: true,
      tabIndex: -1,
    });
    this.element.addEventListener("keydown", (event) => this.#pressed(event));
    root.append(this.element);
    const { signal } = this.#forget;
    // The keyboard of a phone covers the page: what is left of it is the visual viewport.
    for (const sign of ["resize", "scroll"])
      visualViewport?.addEventListener(sign, () => this.#fit(), { signal });
    this.#small.addEventListener("change", () => this.#fit(), { signal });
  }

  get isOpen(): boolean {
    return !this.element.hidden;
  }

  /** On a small screen the chat covers the page, which must not be reached behind it. */
  get covers(): boolean {
    return this.isPage || this.#small.matches;
  }

  open(): void {
    this.element.hidden = false;
    this.#fit();
  }

  close(): void {
    this.element.hidden = true;
  }

  remove(): void {
    this.#forget.abort();
    this.element.remove();
  }

  #fit(): void {
    if (!this.isOpen) return;
    const { style } = this.element;
    if (!this.isPage) this.element.setAttribute("aria-modal", String(this.covers));
    const view = visualViewport;
    if (!this.covers || !view) return void style.removeProperty("--height");
    style.setProperty("--height", `${view.height}px`);
    style.setProperty("--top", `${view.offsetTop}px`);
  }

  #pressed(event: KeyboardEvent): void {
    // What is typed in the chat is no shortcut of the page.
    event.stopPropagation();
    if (event.key === "Escape" && !event.isComposing && !event.defaultPrevented) this.dismiss();
    if (event.key === "Tab" && this.covers && !this.isPage) this.#keepInside(event);
  }

  #keepInside(event: KeyboardEvent): void {
    const all = [...this.element.querySelectorAll<HTMLElement>(FOCUSABLE)];
    const seen = all.filter((element) => element.checkVisibility?.() ?? element.offsetParent);
    const edge = event.shiftKey ? seen[0] : seen.at(-1);
    const active = (this.element.getRootNode() as ShadowRoot).activeElement;
    if (active !== edge && active !== this.element) return;
    event.preventDefault();
    (event.shiftKey ? seen.at(-1) : seen[0])?.focus();
  }
}
