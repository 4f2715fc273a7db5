import type { Body, Item, QuickReply, View } from "../client";
import { button, make } from "./dom";
import { fill, type Texts } from "./texts";

/** What the items of a page can do. */
export interface Acts {
  send(text: string): void;
  retry(key: string): void;
  discard(key: string): void;
  handoff(): void;
}

/** What an item's looks depend on, besides the item. */
export interface Scene {
  readonly texts: Texts;
  readonly view: View;
  readonly acts: Acts;
  /** Nothing was said after it: its quick replies can be chosen. */
  readonly newest: boolean;
}

/** Draws an item into its node. */
export function draw(node: HTMLElement, item: Item, scene: Scene): void {
  const { body } = item;
  node.className = item.kind === "message" ? "item" : "item event";
  node.classList.toggle("gone", item.recalled === true);
  node.dataset["testid"] = "item";
  node.dataset["role"] = item.author?.role ?? "SYSTEM";
  node.dataset["state"] = item.state;
  node.dataset["kind"] = item.kind;
  if (item.seq) node.dataset["seq"] = String(item.seq);
  if (item.kind !== "message") return node.replaceChildren(make("span", "", happening(item, scene.texts)));
  const parts: Node[] = [byline(item, scene.texts), make("div", "bubble", ...saying(item, scene))];
  const choices = scene.newest && body?.quickReplies?.replies;
  if (choices) parts.push(replies(choices, scene));
  parts.push(meta(item, scene));
  node.replaceChildren(...parts);
}

/** An item as a screen reader is told of it, once it is finished. */
export function spoken(item: Item, texts: Texts): string {
  if (item.kind !== "message") return happening(item, texts);
  return `${byline(item, texts).textContent}: ${plain(item.body) || texts.unsupported}`;
}

/** Who says it, with "AI", "rule" or "person" in plain sight. */
function byline(item: Item, texts: Texts): HTMLElement {
  const { role, name } = item.author ?? {};
  if (role === "VISITOR") return make("div", "hidden", texts.you);
  const { rule, flow } = item.message ?? {};
  const tag = role === "AGENT" ? "person" : role === "SYSTEM" ? "system" : rule ? "rule" : flow ? "flow" : "ai";
  const label = make("span", "tag", texts.tags[tag]);
  label.dataset["tag"] = tag;
  return make("div", "by", label, ...(name ? [` ${name}`] : []));
}

function saying(item: Item, { texts, acts }: Scene): (string | Node)[] {
  const { body } = item;
  if (item.recalled) return [texts.recalled];
  const link = body?.image ?? body?.file;
  if (link) return [anchor(link.url ?? "", body?.file?.name || body?.image?.alt || link.url || "")];
  const card = body?.card;
  if (!card) return [plain(body) || (item.state === "streaming" ? "" : texts.unsupported)];
  const buttons = (card.buttons ?? []).map(({ label = "", url, send }) =>
    url === undefined ? button(label, () => acts.send(send || label)) : anchor(url, label),
  );
  return [make("strong", "", card.title ?? ""), card.text ?? "", make("div", "replies", ...buttons)];
}

/** The words of a body; empty for a kind that has none, or is not known. */
function plain(body: Body | undefined): string {
  const { text, quickReplies, system, note, location, card } = body ?? {};
  const said = text ?? quickReplies ?? system ?? note ?? card;
  return said?.text ?? (location && `${location.label} ${location.address}`) ?? "";
}

/** A link, if it leads to the web; else its label alone. */
function anchor(url: string, label: string): Node {
  const target = URL.parse?.(url, document.baseURI);
  if (!target || !/^https?:$/.test(target.protocol)) return document.createTextNode(label);
  const element = make("a", "", label);
  element.href = target.href;
  element.target = "_blank";
  element.rel = "noopener noreferrer";
  return element;
}

function replies(choices: readonly QuickReply[], { view, acts }: Scene): HTMLElement {
  const question = view.items.findLast((item) => item.author?.role === "VISITOR");
  const buttons = choices.map(({ label = "", send, action }) =>
    button(label, () => {
      if (action === "HANDOFF") acts.handoff();
      else acts.send(send || (action === "RETRY" && plain(question?.body)) || label);
    }),
  );
  return make("div", "replies", ...buttons);
}

/** When it was said, and how far it got. */
function meta(item: Item, scene: Scene): HTMLElement {
  const { texts, acts } = scene;
  const parts: (string | Node)[] = [];
  if (item.at) {
    const when = { hour: "2-digit", minute: "2-digit" } as const;
    parts.push(make("time", "", new Date(item.at).toLocaleTimeString(texts.lang, when)));
  }
  if (item.edited) parts.push(make("span", "", texts.edited));
  const outcome = item.message?.provider?.outcome;
  if (outcome === "INTERRUPTED" || outcome === "STOPPED") parts.push(make("span", "", texts[outcome]));
  if (item.author?.role === "VISITOR") parts.push(progress(item, scene));
  const { key } = item;
  if (item.state === "failed" && key) {
    parts.push(button(texts.retry, () => acts.retry(key)), button(texts.discard, () => acts.discard(key)));
  }
  return make("div", "meta", ...parts);
}

/** How far a message of ours got. */
function progress({ state, seq = Infinity, code }: Item, { texts, view }: Scene): HTMLElement {
  if (state === "failed") return make("span", "bad", code ? `${texts.failed} (${code})` : texts.failed);
  if (state === "pending") {
    return make("span", "", view.status === "online" ? texts.pending : texts.waiting);
  }
  return make("span", "", seq <= view.seen ? texts.seen : texts.sent);
}

function happening({ kind, event }: Item, texts: Texts): string {
  if (kind === "owner") {
    const owner = event?.owner?.owner;
    const who = owner?.kind ?? "UNSPECIFIED";
    return fill(texts.took[who], { name: owner?.name || texts.owner.AGENT });
  }
  if (kind === "rating") return fill(texts.rated, { score: event?.rating?.score ?? 0 });
  return kind === "closed" ? texts.closed : kind === "reopened" ? texts.reopened : "";
}
