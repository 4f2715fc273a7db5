/** Cloudflare's Turnstile: its script comes from Cloudflare, and only where the site asks for it. */
import type { Challenge } from "../../client/frames";
import { h } from "../chat/dom";
import type { Kit } from "../chat/kit";

const SCRIPT = "https://challenges.cloudflare.com/turnstile/v0/api.js?render=explicit";

/** What of the script's API is used. */
interface Turnstile {
  render(element: HTMLElement, options: Record<string, unknown>): string;
  remove(widget: string): void;
}

const page = window as { turnstile?: Turnstile };
let loading: Promise<Turnstile> | undefined;

/** Has the visitor checked, who seldom has to do anything; gives the token. */
export async function prove(kit: Kit, { siteKey = "" }: Challenge): Promise<string> {
  // A shadow tree is closed to the script: its box stands in the page, and shows in the chat.
  const box = h("div", { slot: "turnstile" });
  const words = h("p", { role: "status" }, kit.say("checking"));
  const place = h("div", "gate", words, h("slot", { name: "turnstile" }));
  kit.root.host.append(box);
  kit.root.querySelector(".panel > .gate")?.before(place);
  try {
    return await token(await load(), box, siteKey, kit.lang);
  } finally {
    place.remove();
    box.remove();
  }
}

function token(turnstile: Turnstile, box: HTMLElement, sitekey: string, language: string): Promise<string> {
  let widget: string;
  const told = new Promise<string>((resolve, reject) => {
    const failed = (why?: unknown) => reject(new Error(`turnstile: ${why ?? "failed"}`));
    widget = turnstile.render(box, {
      sitekey,
      language,
      appearance: "interaction-only",
      retry: "never",
      callback: resolve,
      "error-callback": failed,
      "unsupported-callback": failed,
    });
  });
  return told.finally(() => turnstile.remove(widget));
}

function load(): Promise<Turnstile> {
  loading ??= new Promise<Turnstile>((resolve, reject) => {
    if (page.turnstile) return resolve(page.turnstile);
    // A page that trusts scripts by nonce has told the widget's own.
    const { nonce } = document.querySelector<HTMLScriptElement>("script[nonce]") ?? {};
    const script = h("script", { src: SCRIPT, async: true, nonce });
    script.onload = () => (page.turnstile ? resolve(page.turnstile) : reject(new Error("no turnstile")));
    script.onerror = () => reject(new Error("turnstile is blocked"));
    document.head.append(script);
  }).catch((error) => {
    // The next try may find the way free.
    loading = undefined;
    throw error;
  });
  return loading;
}
