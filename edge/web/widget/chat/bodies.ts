import type { Body, Item } from "../../client";
import { button, h, icon, link, webAddress } from "./dom";
import { icons } from "./icons";
import type { Kit } from "./kit";
import { kindOf, words } from "./words";

/** What Markdown can hardly do without. */
const MARKS = /[*_`#[\]|>~]|^\s*(-|\d+\.)\s/m;

/** The bubble of a message: `old` goes on growing where that is possible. */
export function saying(item: Item, kit: Kit, old?: HTMLElement): HTMLElement {
  const { body } = item;
  if (item.recalled) return h("div", "bubble gone", kit.say("recalled"));
  if (body?.text || body?.quickReplies) return text(item, words(body), kit, old);
  return h("div", `bubble ${Object.keys(body ?? {})[0] ?? ""}`, ...contents(body ?? {}, kit));
}

/** Plain text of people, Markdown of the AI and of what the site has declared. */
function text(item: Item, said: string, kit: Kit, old?: HTMLElement): HTMLElement {
  const marked = item.author?.role !== "VISITOR" && kindOf(item) !== "person" && MARKS.test(said);
  const bubble = old?.dataset["text"] !== undefined ? old : h("div", "bubble");
  const known = bubble.dataset["text"];
  bubble.dataset["text"] = said;
  if (marked) void render(bubble, said, kit);
  else if (known !== said) bubble.replaceChildren(...linked(said, kit));
  return bubble;
}

let markdown: typeof import("../parts/markdown") | undefined;

async function render(bubble: HTMLElement, said: string, kit: Kit): Promise<void> {
  if (!markdown) {
    if (!bubble.childNodes.length) bubble.textContent = said;
    try {
      markdown = await kit.part<typeof import("../parts/markdown")>("markdown");
    } catch {
      return;
    }
  }
  if (bubble.dataset["text"] === said) markdown.render(bubble, said, kit);
}

/** Plain text, with web addresses to follow. */
export function linked(said: string, kit: Kit): Node[] {
  const parts = said.split(/(https?:\/\/[^\s<>"'，。；！？、（）]+[^\s<>"'，。；！？、（）.,;:!?)\]])/);
  return parts.map((part, at) => (at % 2 ? link(part, part, kit.embedding.host) : document.createTextNode(part)));
}

function contents({ image, file, card, location, form, system }: Body, kit: Kit): Node[] {
  const { host } = kit.embedding;
  if (image) return [picture(image.url, image.alt || kit.say("image"), kit, image.width, image.height)];
  if (file) return [attachment(file.url ?? "", file.name ?? "", file.mime ?? "", file.size ?? 0, kit)];
  if (form) return [formPlace(form, kit)];
  if (system) return [document.createTextNode(system.text ?? "")];
  if (location) {
    const place = `https://www.openstreetmap.org/?mlat=${location.latitude}&mlon=${location.longitude}`;
    return [link(place, [location.label, location.address].filter(Boolean).join(", "), host)];
  }
  if (!card) return [h("em", "", kit.say("unsupported"))];
  const acts = (card.buttons ?? []).map(({ label = "", url, send }) =>
    url === undefined ? button(label, () => kit.tell(send || label), "reply") : link(url, label, host, "reply"),
  );
  return [
    ...(card.imageUrl ? [picture(card.imageUrl, "", kit)] : []),
    h("div", "words", h("strong", "", card.title ?? ""), card.text && h("p", "", card.text)),
    h("div", "replies", ...acts),
  ];
}

/** A picture that leads to itself in full size; one that does not come leaves its words. */
function picture(address: string | undefined, alt: string, kit: Kit, width?: number, height?: number): Node {
  const url = webAddress(address, kit.embedding.host);
  if (!url) return document.createTextNode(alt);
  const image = h("img", { src: url.href, alt, loading: "lazy", referrerPolicy: "no-referrer", width: width || undefined, height: height || undefined });
  const whole = link(url.href, "", undefined, "picture") as HTMLElement;
  image.onerror = () => image.replaceWith(alt || url.host);
  whole.append(image);
  whole.setAttribute("aria-label", [alt, kit.say("openImage")].filter(Boolean).join(": "));
  return whole;
}

function attachment(address: string, name: string, mime: string, size: number, kit: Kit): Node {
  const url = webAddress(address, kit.embedding.host);
  // A recording of a browser is found to be a video without pictures.
  const sounds = mime.startsWith("audio/") || /^voice-.*\.(webm|mp4)$/.test(name);
  if (url && sounds) return h("audio", { controls: true, preload: "none", src: url.href, "aria-label": name });
  const place = link(url?.href, "", undefined, "download");
  if (place instanceof HTMLElement) place.append(icon(icons.file), h("span", "", name, h("small", "", bytes(size, kit.lang))));
  return place instanceof HTMLElement ? place : document.createTextNode(name);
}

/** A size in the largest unit that leaves a number before the point. */
export function bytes(size: number, lang: string): string {
  const [unit, divisor] = size < 1_000_000 ? (["kilobyte", 1_000] as const) : (["megabyte", 1_000_000] as const);
  const options = { style: "unit", unit, maximumFractionDigits: 1 } as const;
  return new Intl.NumberFormat(lang, options).format(size / divisor);
}

/** Where a form will stand once its part is loaded; what was filled in stands at once. */
function formPlace(form: NonNullable<Body["form"]>, kit: Kit): Node {
  const values = Object.entries(form.values ?? {});
  if (values.length) return h("dl", "", ...values.flatMap(([name, value]) => [h("dt", "", name), h("dd", "", value)]));
  const place = h("div", "", form.title ?? "");
  void kit.part<typeof import("../parts/forms")>("forms").then((forms) => place.replaceChildren(forms.inChat(form, kit)));
  return place;
}
