/** What the desk says by itself: by time, page, where the visitor came from, or how far was read. */
import type { Widget } from "../../client/frames";
import type { Embedding } from "../contract";

export type Invitation = NonNullable<NonNullable<Widget["invitations"]>["list"]>[number];

/** Who is asked, and told, at the right moment. */
export interface Host {
  readonly isBusy: boolean;
  invite(invitation: Invitation): void;
}

const SECOND = 1_000;

/** Says the first invitation whose conditions hold, once to a visitor, and never while one types. */
export function watch(embedding: Embedding, list: readonly Invitation[], host: Host): void {
  const started = Date.now();
  let typedAt = 0;
  let deepest = 0;
  addEventListener("keydown", () => (typedAt = Date.now()), { passive: true, capture: true });
  const timer = setInterval(() => {
    deepest = Math.max(deepest, scrolled());
    if (host.isBusy || document.hidden || Date.now() - typedAt < 3 * SECOND) return;
    const seconds = (Date.now() - started) / SECOND;
    const due = list.find(
      (invitation) => !known(embedding, invitation) && holds(invitation, seconds, deepest),
    );
    if (due) {
      remember(embedding, due);
      host.invite(due);
    }
    if (list.every((invitation) => known(embedding, invitation))) clearInterval(timer);
  }, SECOND);
}

/** Whether every condition of an invitation holds on this page. */
function holds(
  { after = 0, page, referrer, scroll = 0 }: Invitation,
  seconds: number,
  deepest: number,
): boolean {
  return (
    seconds >= after && deepest >= scroll && has(location.href, page) && has(document.referrer, referrer)
  );
}

/** Whether an address has a part in it; `*` stands for anything, and no part for no condition. */
export function has(address: string, part = ""): boolean {
  let from = 0;
  return part.split("*").every((piece) => {
    const at = address.indexOf(piece, from);
    from = at + piece.length;
    return at !== -1;
  });
}

/** How much of the page was seen, in hundredths. */
function scrolled(): number {
  const { scrollHeight } = document.documentElement;
  return scrollHeight ? ((scrollY + innerHeight) / scrollHeight) * 100 : 100;
}

/** What was said in this page's life; the store remembers it beyond, where it may. */
const said = new Set<string>();

function known(embedding: Embedding, { name = "" }: Invitation): boolean {
  try {
    return said.has(name) || localStorage.getItem(key(embedding, name)) !== null;
  } catch {
    return said.has(name);
  }
}

function remember(embedding: Embedding, { name = "" }: Invitation): void {
  said.add(name);
  try {
    localStorage.setItem(key(embedding, name), "1");
  } catch {
    // Without a store it is remembered as long as the page.
  }
}

function key({ site }: Embedding, name: string): string {
  return `kefu:invited:${site}:${name}`;
}
