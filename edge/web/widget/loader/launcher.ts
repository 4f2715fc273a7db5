import type { Widget } from "../../client/frames";
import type { Embedding, LauncherFace } from "../contract";
import { adopt } from "../sheet";
import { words } from "./words";
import css from "./launcher.css";

const TALK = "M12 3C6.8 3 2.8 6.5 2.8 11c0 2.4 1.2 4.5 3.1 5.9v3.4c0 .6.7 1 1.2.6l3-2.1 1.9.1c5.2 0 9.2-3.5 9.2-8S17.2 3 12 3z";
const SHUT = "M12 17 4 9l2-2 6 6 6-6 2 2z";
const SVG = "http://www.w3.org/2000/svg";
/** From this brightness on, of 255, dark signs stand out better than white ones. */
const BRIGHT = 130;

/** The button in the corner of the page. */
export class Launcher implements LauncherFace {
  readonly root: ShadowRoot;
  #host = document.createElement("kefu-widget");
  #button = document.createElement("button");
  #sign = document.createElementNS(SVG, "path");
  #label = document.createElement("span");
  #badge = document.createElement("span");
  #words: ReturnType<typeof words>;
  #open = false;

  constructor(embedding: Embedding, settings: Widget | undefined, toggle: () => void, preload: () => void) {
    const { look = {}, color } = settings ?? {};
    this.#words = words(embedding.locale, look.texts);
    this.root = this.#host.attachShadow({ mode: "open" });
    adopt(this.root, css);
    this.#paint(embedding.color || color, look.margin);
    this.#host.dataset["side"] = embedding.side ?? look.side?.toLowerCase();
    const button = this.#button;
    button.className = "launcher";
    button.type = "button";
    this.#badge.className = "badge";
    this.#label.setAttribute("role", "status");
    const svg = document.createElementNS(SVG, "svg");
    svg.setAttribute("viewBox", "0 0 24 24");
    svg.append(this.#sign);
    button.append(svg, this.#label, this.#badge);
    button.onclick = toggle;
    button.onpointerenter = button.onfocus = preload;
    const kind = embedding.launcher ?? look.launcher?.toLowerCase();
    if (kind === "label") this.#label.textContent = this.#words.label;
    if (kind !== "none" && embedding.mode !== "page") this.root.append(button);
    this.#name();
    this.keep();
  }

  badge(unread: number): void {
    this.#badge.textContent = unread > 99 ? "99+" : unread ? `${unread}` : "";
    this.#name();
  }

  expanded(open: boolean): void {
    this.#open = open;
    this.#host.toggleAttribute("data-open", open);
    this.#name();
  }

  focus(): void {
    this.#button.focus();
  }

  busy(is: boolean): void {
    this.#button.ariaBusy = `${is}`;
  }

  /** Says that the chat cannot be loaded now; the next click tries again. */
  failed(): void {
    this.#label.textContent = this.#words.failed;
    this.root.append(this.#button);
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
    const [red = 0, green = 0, blue = 0] = color.match(/[\da-f]{2}/gi)?.map((part) => parseInt(part, 16)) ?? [];
    if (color) style.setProperty("--kefu-color", color);
    if (red * 0.3 + green * 0.6 + blue * 0.1 > BRIGHT) style.setProperty("--kefu-ink", "#16181d");
    if (margin !== undefined) style.setProperty("--kefu-margin", `${margin}px`);
  }

  #name(): void {
    const { open, close } = this.#words;
    const news = this.#badge.textContent;
    this.#button.ariaLabel = this.#open ? close : news ? `${open} (${news})` : open;
    this.#button.ariaExpanded = `${this.#open}`;
    this.#sign.setAttribute("d", this.#open ? SHUT : TALK);
  }
}
