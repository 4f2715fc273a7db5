import type { Extras, Item, QuickReply, View } from "../../client";
import { saying } from "./bodies";
import { button, h, icon, link } from "./dom";
import * as icons from "./icons";
import type { Kit } from "./kit";
import { clockWords } from "./time";
import { happening, kindOf, words } from "./words";

/** What an item's looks depend on, besides the item. */
export interface Scene {
  readonly kit: Kit;
  readonly view: View;
  /** It is the first, and the last, that its author says in one breath. */
  readonly starts: boolean;
  readonly ends: boolean;
  /** Nothing was said, or happened, after it: its quick replies can be chosen. */
  readonly isLast: boolean;
  /** It is the newest of the visitor's own: it shows how far it has come. */
  readonly isMine: boolean;
}

/** Draws an item into its node. */
export function draw(node: HTMLElement, item: Item, scene: Scene): void {
  const { kit, starts, ends } = scene;
  describe(node, item);
  if (item.kind !== "message") {
    node.className = "event";
    node.replaceChildren(happening(item, kit));
    if (item.kind === "closed" && scene.isLast) void askRating(node, kit);
    return;
  }
  const mine = item.author?.role === "VISITOR";
  node.className = `item ${mine ? "mine" : "theirs"}${starts ? " starts" : ""}${ends ? " ends" : ""}`;
  // The text of an answer grows in its node: what was drawn of it stays.
  const old = node.querySelector<HTMLElement>(":scope > .bubble");
  const bubble = saying(item, kit, old ?? undefined);
  const extras = item.message?.provider?.extras;
  const asked = item.body?.quickReplies?.replies ?? extras?.suggestions?.map((label) => ({ label }));
  const choices = scene.isLast && asked?.length ? asked : undefined;
  const parts = [
    starts && byline(item, kit),
    bubble,
    outcome(item, scene),
    extras && beside(extras, kit),
    choices && replies(choices, scene),
    foot(item, scene),
  ];
  const nodes = parts.filter((part) => part !== false && part !== undefined);
  if (old === bubble) replaceAround(bubble, nodes);
  else node.replaceChildren(...nodes);
}

/** Puts new nodes around a bubble that stays where it is: a selection in it is kept. */
function replaceAround(kept: HTMLElement, nodes: readonly Node[]): void {
  for (const child of [...(kept.parentElement?.children ?? [])]) if (child !== kept) child.remove();
  const at = nodes.indexOf(kept);
  kept.before(...nodes.slice(0, at));
  kept.after(...nodes.slice(at + 1));
}

/** What tests and style sheets find it by. */
function describe(node: HTMLElement, item: Item): void {
  const { dataset } = node;
  dataset["role"] = item.author?.role ?? "SYSTEM";
  dataset["state"] = item.state;
  dataset["kind"] = item.kind;
  if (item.seq) dataset["seq"] = String(item.seq);
}

/** Who says it, with "AI" or "person" in plain sight. */
function byline(item: Item, kit: Kit): HTMLElement {
  const kind = kindOf(item);
  if (kind === "you") return h("div", "unseen", kit.say("you"));
  const name =
    item.author?.name || (kind === "person" ? kit.say("team") : kit.settings().name || kit.say("assistant"));
  return h("div", "by", h("span", "", name), h("span", `tag ${kind}`, kit.say(kind)));
}

/** How an answer that did not come to its end did end. */
function outcome(item: Item, { kit, isLast, view }: Scene): HTMLElement | undefined {
  const end = item.message?.provider?.outcome;
  if (end !== "INTERRUPTED" && end !== "STOPPED") return undefined;
  const note = h("div", "outcome", kit.say(end === "STOPPED" ? "stopped" : "interrupted"));
  const question = view.items.findLast(
    (other) => other.author?.role === "VISITOR" && (other.seq ?? 0) < (item.seq ?? 0),
  );
  const text = words(question?.body);
  if (isLast && text && view.owner.kind === "BOT")
    note.append(button(kit.say("askAgain"), () => kit.tell(text), "plain"));
  return note;
}

/** Where an answer comes from, and the files that belong to it. */
function beside({ citations = [], files = [] }: Extras, { say, embedding }: Kit): HTMLElement | undefined {
  const list = citations.map(({ document }) => document).join(" · ");
  const links = files.map(({ url = "", name }) => h("div", "", link(url, name || url, embedding.host)));
  if (!list && !links.length) return undefined;
  return h("div", "outcome sources", ...links, list && say("sources", { list }));
}

function replies(choices: readonly QuickReply[], { kit, view }: Scene): HTMLElement {
  const question = view.items.findLast((item) => item.author?.role === "VISITOR");
  const buttons = choices.map(({ label = "", send, action }) =>
    button(
      label,
      () => {
        if (action === "HANDOFF") kit.askPerson();
        else kit.tell(send || (action === "RETRY" && words(question?.body)) || label);
      },
      "reply",
    ),
  );
  return h("div", { class: "replies", role: "group" }, ...buttons);
}

/** When it was said and how far it has come. */
function foot(item: Item, scene: Scene): HTMLElement | undefined {
  const { kit } = scene;
  const { key = "" } = item;
  if (item.state === "failed") {
    const why =
      item.code === "rate_limited" ? "tooFast" : item.code === "text_too_long" ? "tooLong" : "failed";
    return h(
      "div",
      { class: "foot bad", role: "alert" },
      kit.say(why),
      button(kit.say("retry"), () => kit.client().retry(key), "plain"),
      button(kit.say("discard"), () => kit.client().discard(key), "plain"),
    );
  }
  const waits = item.state === "pending";
  if (item.state === "streaming" || !(scene.ends || waits || scene.isMine || item.edited)) return undefined;
  const time = item.at && !waits ? clockWords(item.at, kit.lang) : "";
  const edited = item.edited && kit.say("edited");
  const state = scene.isMine || waits ? progress(item, scene) : undefined;
  const foot = h("div", "foot", [time, edited, state?.words].filter(Boolean).join(" · "));
  if (state?.sign) foot.append(state.sign);
  return foot;
}

function progress({ state, seq = Infinity }: Item, { kit, view }: Scene): { words: string; sign?: Node } {
  if (state === "pending") return { words: kit.say(view.status === "online" ? "sending" : "waiting") };
  return { words: kit.say(seq <= view.seen ? "seen" : "delivered"), sign: icon(icons.check) };
}

async function askRating(node: HTMLElement, kit: Kit): Promise<void> {
  const rating = await kit.part<typeof import("../parts/rating")>("rating");
  if (node.isConnected && !node.querySelector(".rating")) node.append(rating.question(kit));
}
