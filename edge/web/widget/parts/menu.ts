/** The menu of the chat, and the pages that it opens over the conversation. */
import { button, h, icon } from "../chat/dom";
import * as icons from "../chat/icons";
import type { Kit } from "../chat/kit";
import type { TextKey } from "../chat/texts";
import { Pages } from "./shared/pages";
import { style } from "./shared/style";
import css from "./menu.css";

/** A line of the menu. */
interface Choice {
  readonly label: TextKey;
  readonly sign: string;
  act(): void;
}

const menus = new WeakMap<Kit, Menu>();

/** Opens the menu below its button, or closes it. */
export function toggle(kit: Kit, panel: HTMLElement, opener: HTMLElement): void {
  const menu = menus.get(kit) ?? new Menu(kit, panel, opener);
  menus.set(kit, menu);
  menu.toggle();
}

class Menu {
  #element: HTMLElement;
  #pages: Pages;

  constructor(
    private readonly kit: Kit,
    panel: HTMLElement,
    private readonly opener: HTMLElement,
  ) {
    style(kit.root, css);
    this.#pages = new Pages(kit.say);
    this.#element = h("div", { class: "menu", role: "menu", "aria-label": kit.say("menu"), hidden: true });
    this.#element.addEventListener("keydown", (event) => this.#pressed(event));
    this.#element.addEventListener("focusout", ({ relatedTarget }) => {
      if (relatedTarget !== opener && !this.#element.contains(relatedTarget as Node | null))
        this.#show(false);
    });
    opener.after(this.#element);
    panel.append(this.#pages.element);
  }

  toggle(): void {
    if (!this.#element.hidden) return this.#show(false);
    const items = this.#choices().map(({ label, sign, act }) => {
      const chosen = () => {
        this.#show(false);
        this.opener.focus();
        act();
      };
      const item = button(this.kit.say(label), chosen, "choice");
      item.setAttribute("role", "menuitem");
      item.prepend(icon(sign));
      return item;
    });
    this.#element.replaceChildren(...items);
    this.#show(true);
    items[0]?.focus();
  }

  #show(is: boolean): void {
    this.#element.hidden = !is;
    this.opener.setAttribute("aria-expanded", String(is));
  }

  #choices(): Choice[] {
    const { kit } = this;
    const { owner, items } = kit.view();
    const page = (name: string, label: TextKey, sign: string): Choice => ({
      label,
      sign,
      act: () => void this.#open(name),
    });
    const choices: Choice[] = [page("qr", "phone", icons.phone)];
    if (items.length) {
      choices.unshift(
        page("search", "search", icons.search),
        page("transcript", "transcript", icons.save),
        page("rating", "rate", icons.star),
      );
    }
    if (owner.kind !== "QUEUE" && owner.kind !== "AGENT") {
      choices.unshift({ label: "askPerson", sign: icons.person, act: () => kit.askPerson() });
    }
    const sound = kit.silent ? "soundOn" : "soundOff";
    return [...choices, { label: sound, sign: icons.sound, act: () => (kit.silent = !kit.silent) }];
  }

  async #open(name: string): Promise<void> {
    try {
      const part = await this.kit.part<{ open(kit: Kit, pages: Pages): void }>(name);
      part.open(this.kit, this.#pages);
    } catch {
      this.kit.notice(this.kit.say("failedAct"));
    }
  }

  #pressed(event: KeyboardEvent): void {
    const items = [...this.#element.children] as HTMLElement[];
    const at = items.indexOf(event.target as HTMLElement);
    const places: Record<string, number> = {
      ArrowDown: at + 1,
      ArrowUp: at - 1 + items.length,
      Home: 0,
      End: items.length - 1,
    };
    const place = places[event.key];
    if (place !== undefined) items[place % items.length]?.focus();
    else if (event.key === "Escape") {
      this.#show(false);
      this.opener.focus();
    } else return;
    event.preventDefault();
  }
}
