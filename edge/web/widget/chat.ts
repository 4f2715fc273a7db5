/** `widget/chat.js`: all that opening a chat needs. What is needed later comes from `parts/`. */
import { colours } from "./chat/theme";
import { loadTexts } from "./chat/texts";
import { Messenger } from "./chat/messenger";
import type { Chat, Frame } from "./contract";
import { adopt } from "./sheet";
import composer from "./chat/composer.css";
import log from "./chat/log.css";
import panel from "./chat/panel.css";

const COLOR = "#1668dc";
const DARK = "(prefers-color-scheme: dark)";

/** Makes the chat, closed. */
export async function start(frame: Frame): Promise<Chat> {
  const { embedding, root, settings } = frame;
  const { look = {}, color } = settings ?? {};
  const texts = await loadTexts(embedding.locale, embedding.base, look.texts);
  adopt(root, panel, log, composer);
  const host = root.host as HTMLElement;
  const set = (name: string, value: string) => host.style.setProperty(name, value);
  for (const [name, value] of Object.entries(colours([embedding.color, color].find(isHex) ?? COLOR))) set(name, value);
  if (look.radius !== undefined) set("--radius", `${look.radius}px`);
  host.dir = texts.dir;
  followScheme(host, look.scheme);
  if (embedding.mode === "page") {
    document.title = settings?.name || texts.say("title");
    document.documentElement.lang = texts.lang;
  }
  return new Messenger(frame, texts);
}

function isHex(color: string | undefined): color is string {
  return /^#([\da-f]{3}){1,2}$/i.test(color ?? "");
}

/** Light or dark as the site says, or as the visitor's system has it at the moment. */
function followScheme(host: HTMLElement, scheme: string | undefined): void {
  const dark = matchMedia(DARK);
  const apply = () =>
    host.toggleAttribute("data-dark", scheme === "DARK" || (scheme !== "LIGHT" && dark.matches));
  dark.addEventListener("change", apply);
  apply();
}
