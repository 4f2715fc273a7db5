/** "Continue on your phone": the chat's own page as a QR code. */
import { h, link } from "../chat/dom";
import type { Kit } from "../chat/kit";
import type { Pages } from "./shared/pages";
import { style } from "./shared/style";
import { encode } from "./qr/encode";
import css from "./qr.css";

const SVG = "http://www.w3.org/2000/svg";
/** The light border that readers need, in modules. */
const QUIET = 4;

export function open(kit: Kit, pages: Pages): void {
  style(kit.root, css);
  const { host, site } = kit.embedding;
  const address = `${host}/chat/${encodeURIComponent(site)}`;
  pages.open(
    kit.say("phone"),
    h("div", "qr", picture(address), h("p", "", kit.say("qrText")), link(address, address)),
  );
}

function picture(text: string): SVGElement {
  const modules = encode(text);
  const size = modules.length + 2 * QUIET;
  const dots = modules.flatMap((row, y) =>
    row.map((dark, x) => (dark ? `M${x + QUIET} ${y + QUIET}h1v1h-1z` : "")),
  );
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", `0 0 ${size} ${size}`);
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", text);
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", dots.join(""));
  svg.append(path);
  return svg;
}
