import type { View } from "../../client/client";
import { h, icon, iconButton, write } from "./dom";
import * as icons from "./icons";
import type { Kit } from "./kit";

/** Who answers, how the connection is, and the ways to more. */
export class Header {
  readonly element: HTMLElement;
  #avatar = h("div", { class: "avatar", "aria-hidden": "true" });
  #name = h("h2", "name");
  #status = h("p", "status");

  constructor(private readonly kit: Kit, more: (opener: HTMLElement) => void, close?: () => void) {
    const { say } = kit;
    const opener = iconButton(icons.menu, say("menu"), () => more(opener));
    opener.setAttribute("aria-haspopup", "menu");
    opener.setAttribute("aria-expanded", "false");
    this.element = h(
      "header",
      "header",
      this.#avatar,
      h("div", "who", this.#name, this.#status),
      opener,
      close && iconButton(icons.close, say("close"), close),
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
}
