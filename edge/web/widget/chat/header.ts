import type { View } from "../../client/client";
import { button, h, icon, iconButton, write } from "./dom";
import { icons } from "./icons";
import type { Kit } from "./kit";

/** Who answers, how the connection is, and what else can be done. */
export class Header {
  readonly element: HTMLElement;
  #avatar = h("div", { class: "avatar", "aria-hidden": "true" });
  #name = h("h2", "name");
  #status = h("p", "status");
  #menu: HTMLElement;
  #opener: HTMLButtonElement;

  constructor(private readonly kit: Kit, private readonly choices: () => MenuChoice[], close?: () => void) {
    const { say } = kit;
    this.#opener = iconButton(icons.menu, say("menu"), () => this.#toggle());
    this.#opener.setAttribute("aria-haspopup", "menu");
    this.#opener.setAttribute("aria-expanded", "false");
    this.#menu = h("div", { class: "menu", role: "menu", "aria-label": say("menu"), hidden: true });
    this.#menu.addEventListener("keydown", (event) => this.#pressed(event));
    this.#menu.addEventListener("focusout", (event) => {
      if (!this.#menu.contains(event.relatedTarget as Node | null) && event.relatedTarget !== this.#opener) this.#shut();
    });
    this.element = h(
      "header",
      "header",
      this.#avatar,
      h("div", "who", this.#name, this.#status),
      this.#opener,
      close && iconButton(icons.close, say("close"), close, "icon shut"),
      this.#menu,
    );
  }

  show(view: View): void {
    const { say } = this.kit;
    const { kind = "UNSPECIFIED", name, place } = view.owner;
    const site = this.kit.settings().name || say("title");
    write(this.#name, kind === "AGENT" && name ? name : site);
    this.#avatar.replaceChildren(kind === "AGENT" && name ? name.slice(0, 1).toUpperCase() : icon(icons.spark));
    this.#avatar.dataset["kind"] = kind;
    const hours = this.kit.settings().hours;
    const whose = {
      UNSPECIFIED: hours && !hours.open ? "away" : "ownerBot",
      BOT: "ownerBot",
      QUEUE: "ownerQueue",
      AGENT: "ownerAgent",
    } as const;
    const answering = kind === "QUEUE" && place ? say("ownerPlace", { n: place }) : say(whose[kind]);
    const trouble = view.status === "offline" ? say("offline") : view.status === "connecting" && view.loaded ? say("connecting") : "";
    write(this.#status, trouble || answering);
    this.#status.dataset["status"] = trouble ? "offline" : kind;
  }

  #toggle(): void {
    if (!this.#menu.hidden) return this.#shut();
    const items = this.choices().map(({ label, sign, act }) => {
      const item = button(label, () => {
        this.#shut();
        this.#opener.focus();
        act();
      }, "choice");
      item.setAttribute("role", "menuitem");
      item.prepend(icon(sign));
      return item;
    });
    this.#menu.replaceChildren(...items);
    this.#menu.hidden = false;
    this.#opener.setAttribute("aria-expanded", "true");
    items[0]?.focus();
  }

  #shut(): void {
    this.#menu.hidden = true;
    this.#opener.setAttribute("aria-expanded", "false");
  }

  #pressed(event: KeyboardEvent): void {
    const items = [...this.#menu.children] as HTMLElement[];
    const at = items.indexOf(event.target as HTMLElement);
    const step = { ArrowDown: at + 1, ArrowUp: at - 1 + items.length, Home: 0, End: items.length - 1 }[event.key];
    if (step !== undefined) items[step % items.length]?.focus();
    else if (event.key === "Escape") {
      this.#shut();
      this.#opener.focus();
    } else return;
    event.preventDefault();
  }
}

/** A line of the menu. */
export interface MenuChoice {
  readonly label: string;
  readonly sign: string;
  act(): void;
}
