import type { SessionRequest, Widget } from "../../client/frames";
import { storeKey, type Kit } from "./kit";

/** Milliseconds on an address before the desk is told of it. */
const STAYS = 1_000;

/** The address of the page as the desk is told of it, where the visitor may be told of. */
export function trackedPage(kit: Kit): SessionRequest["page"] {
  if (!mayTrack(kit)) return undefined;
  return { url: location.href, title: document.title, referrer: document.referrer };
}

/** Whether the site tells the desk of pages, and the visitor agrees where it asks. */
export function mayTrack(kit: Kit): boolean {
  const { tracking = "ALWAYS" }: NonNullable<Widget["privacy"]> = kit.settings().privacy ?? {};
  return tracking === "ALWAYS" || (tracking === "CONSENT" && kit.store.get(storeKey(kit, "consent")) === "1");
}

/** Calls `moved` when a single-page application shows another address, and stays there for a moment. */
export function watchAddress(moved: () => void, signal: AbortSignal): void {
  let known = location.href;
  let timer: ReturnType<typeof setTimeout>;
  const look = () => {
    if (location.href === known) return;
    known = location.href;
    clearTimeout(timer);
    timer = setTimeout(moved, STAYS);
  };
  const { navigation } = window as { navigation?: EventTarget };
  navigation?.addEventListener("navigatesuccess", look, { signal });
  for (const sign of ["popstate", "hashchange"]) addEventListener(sign, look, { signal });
}
