import type { Widget } from "../../client/frames";
import type { Embedding, LauncherFace } from "../contract";
import { adopt } from "../sheet";
import { words } from "./words";
import css from "./launcher.css";

/** From this brightness on, of 255, dark signs stand out better than white ones. */
const BRIGHT = 130;

/** The button in the corner of the page. */
export class Launcher implements LauncherFace {
  readonly root: ShadowRoot;
  #host = document.createElement("kefu-widget");
  #button = document.createElement("button");
  #label = document.createElement("span");
  #badge = document.createElement("span");
  #words: ReturnType<typeof words>;

  constructor(embedding: Embedding, settings: Widget | undefined, toggle: () => void, preload: () => void) {
    const { look = {}, color } = settings ?? {};
    this.#words = words(embedding.locale, look.texts);
    this.root = this.#host.attachShadow({ mode: "open" });
    adopt(this.root, css);
    this.#paint(embedding.color || color, look.margin);
    this.#host.dataset["side"] = embedding.side ?? look.side?.toLowerCase();
    const button = this.#button;
    button.className = "launcher";
    this.#badge.className = "badge";
    button.append(this.#label, this.#badge);
    button.onclick = toggle;
    button.onpointerenter = button.onfocus = preload;
    const kind = embedding.launcher ?? look.launcher?.toLowerCase();
    if (kind === "label") this.#label.textContent = this.#words.label;
    if (kind !== "none" && embedding.mode !== "page") this.root.append(button);
    this.badge(0);
    this.expanded(false);
    this.keep();
  }

  badge(unread: number): void {
    const shown = unread > 99 ? "99+" : unread ? `${unread}` : "";
    this.#badge.textContent = shown;
    this.#aria("label", `${this.#words.label} ${shown}`);
  }

  expanded(open: boolean): void {
    this.#host.toggleAttribute("data-open", open);
    this.#aria("expanded", open);
  }

  focus(): void {
    this.#button.focus();
  }

  busy(is: boolean): void {
    this.#aria("busy", is);
  }

  /** Says that the chat cannot be loaded now; the next click tries again. */
  failed(): void {
    this.#label.textContent = this.#words.failed;
    this.#aria("label", this.#words.failed);
  }

  remove(): void {
    this.#host.remove();
  }

  /** Puts the widget on the page: beside the body, which frameworks replace. */
  keep(): void {
    if (!this.#host.isConnected) document.documentElement.append(this.#host);
  }

  #paint(color = "", margin: number | undefined): void {
    const { style } = this.#host;
    const [red = 0, green = 0, blue = 0] =
      color.match(/[\da-f]{2}/gi)?.map((part) => parseInt(part, 16)) ?? [];
    if (color) style.setProperty("--kefu-color", color);
    if (red * 0.3 + green * 0.6 + blue * 0.1 > BRIGHT) style.setProperty("--kefu-ink", "#16181d");
    if (margin !== undefined) style.setProperty("--kefu-margin", `${margin}px`);
  }

  #aria(name: string, value: string | boolean): void {
    this.#button.setAttribute(`aria-${name}`, `${value}`);
  }
}
