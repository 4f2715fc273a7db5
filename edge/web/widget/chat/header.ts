import type { View } from "../../client/client";
import { h, icon, iconButton, write } from "./dom";
import * as icons from "./icons";
import type { Kit } from "./kit";
import type { TextKey } from "./texts";

/** Who answers, how the connection is, and the ways to more. */
export class Header {
  readonly element: HTMLElement;
  #avatar = h("div", { class: "avatar", "aria-hidden": "true" });
  #name = h("h2", "name");
  #status = h("p", "status");

  constructor(
    private readonly kit: Kit,
    more: (opener: HTMLElement) => void,
    close?: () => void,
  ) {
    const { say } = kit;
    const opener = iconButton(icons.menu, say("menu"), () => more(opener));
    opener.setAttribute("aria-haspopup", "menu");
    opener.setAttribute("aria-expanded", "false");
    this.element = h(
      "div",
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
    this.#avatar.replaceChildren(
      kind === "AGENT" && name ? name.slice(0, 1).toUpperCase() : icon(icons.spark),
    );
    this.#avatar.dataset["kind"] = kind;
    const trouble = this.#trouble(view);
    write(
      this.#status,
      trouble ?? (kind === "QUEUE" && place ? say("ownerPlace", { n: place }) : say(this.#whose(kind))),
    );
    this.#status.dataset["status"] = trouble === undefined ? kind : "offline";
  }

  /** What is wrong with the connection; nothing is said of one that is over for good. */
  #trouble({ status, loaded }: View): string | undefined {
    if (status === "stopped") return "";
    if (status === "offline") return this.kit.say("offline");
    return status === "connecting" && loaded ? this.kit.say("connecting") : undefined;
  }

  #whose(kind: NonNullable<View["owner"]["kind"]>): TextKey {
    const { hours } = this.kit.settings();
    if (kind === "UNSPECIFIED") return hours && !hours.open ? "away" : "ownerBot";
    return ({ BOT: "ownerBot", QUEUE: "ownerQueue", AGENT: "ownerAgent" } as const)[kind];
  }
}
