/** Bodies that are more than words: pictures, files, cards, places, forms. */
import type { Body } from "../../client";
import { button, h, icon, link, webAddress } from "../chat/dom";
import * as icons from "../chat/icons";
import type { Kit } from "../chat/kit";
import { bytes } from "./shared/bytes";
import { style } from "./shared/style";
import css from "./rich.css";

/** Draws a body into its bubble. */
export function draw(bubble: HTMLElement, body: Body, kit: Kit): void {
  style(kit.root, css);
  bubble.replaceChildren(...contents(body, kit));
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
    url === undefined
      ? button(label, () => kit.tell(send || label), "reply")
      : link(url, label, host, "reply"),
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
  const image = h("img", {
    src: url.href,
    alt,
    loading: "lazy",
    referrerPolicy: "no-referrer",
    width: width || undefined,
    height: height || undefined,
  });
  const whole = link(url.href, "", undefined, "picture") as HTMLElement;
  image.onerror = () => whole.replaceChildren(alt);
  whole.append(image);
  whole.setAttribute("aria-label", [alt, kit.say("openImage")].filter(Boolean).join(": "));
  return whole;
}

function attachment(address: string, name: string, mime: string, size: number, kit: Kit): Node {
  const url = webAddress(address, kit.embedding.host);
  // A recording of a browser is found to be a video without pictures.
  const sounds = mime.startsWith("audio/") || /^voice-.*\.(webm|mp4)$/.test(name);
  if (url && sounds)
    return h("audio", { controls: true, preload: "none", src: url.href, "aria-label": name });
  const place = link(url?.href, "", undefined, "download");
  if (place instanceof HTMLElement)
    place.append(icon(icons.file), h("span", "", name, h("small", "", bytes(size, kit.lang))));
  return place instanceof HTMLElement ? place : document.createTextNode(name);
}

/** Where a form will stand once its part is loaded; what was filled in stands at once. */
function formPlace(form: NonNullable<Body["form"]>, kit: Kit): Node {
  const values = Object.entries(form.values ?? {});
  if (values.length)
    return h("dl", "", ...values.flatMap(([name, value]) => [h("dt", "", name), h("dd", "", value)]));
  const place = h("div", "", form.title ?? "");
  void kit
    .part<typeof import("./forms")>("forms")
    .then((forms) => place.replaceChildren(forms.inChat(form, kit)));
  return place;
}
