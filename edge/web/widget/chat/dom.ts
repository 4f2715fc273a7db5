/** A child: text never becomes markup; what is not there leaves nothing. */
export type Content = string | Node | false | undefined;

const SVG = "http://www.w3.org/2000/svg";

/**
 * A new element. `props` is its class, or properties and attributes by name; `on…` are handlers.
 * Style attributes and markup are not used anywhere: pages forbid them.
 */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  props: string | Record<string, unknown> = "",
  ...content: Content[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  if (typeof props === "string") element.className = props;
  else for (const [name, value] of Object.entries(props)) set(element, name, value);
  element.append(...content.filter((child) => child !== false && child !== undefined));
  return element;
}

function set(element: HTMLElement, name: string, value: unknown): void {
  if (value === undefined || value === false) return;
  if (name === "class") element.className = String(value);
  else if (name in element) (element as unknown as Record<string, unknown>)[name] = value;
  else element.setAttribute(name, value === true ? "" : String(value));
}

/** A button with words. */
export function button(
  label: string,
  onclick: (event: MouseEvent) => void,
  name = "button",
): HTMLButtonElement {
  return h("button", { class: name, type: "button", onclick }, label);
}

/** A button with a sign; its words are for those who do not see it, and a tooltip. */
export function iconButton(
  path: string,
  label: string,
  onclick: () => void,
  name = "icon",
): HTMLButtonElement {
  return h("button", { class: name, type: "button", onclick, title: label, "aria-label": label }, icon(path));
}

/** A sign drawn by lines. */
export function icon(path: string): SVGElement {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  const line = document.createElementNS(SVG, "path");
  line.setAttribute("d", path);
  svg.append(line);
  return svg;
}

/** Writes words, if they changed: a screen reader need not hear the same again. */
export function write(element: Element, words: string): void {
  if (element.textContent !== words) element.textContent = words;
}

/** The address if it leads to the web; undefined for all that could act. */
export function webAddress(address: string | undefined, base?: string): URL | undefined {
  try {
    const url = new URL(address ?? "", base);
    return /^(https?|mailto|tel):$/.test(url.protocol) ? url : undefined;
  } catch {
    return undefined;
  }
}

/** A link that opens beside the page and tells nothing of it; its words alone where it leads nowhere. */
export function link(address: string | undefined, words: string, base?: string, name = ""): Node {
  const url = webAddress(address, base);
  if (!url) return document.createTextNode(words);
  return h("a", { class: name, href: url.href, target: "_blank", rel: "noopener noreferrer" }, words);
}
