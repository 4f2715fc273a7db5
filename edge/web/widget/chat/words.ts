import type { Body, Item } from "../../client";
import type { Kit } from "./kit";

/** The words of a body; empty for a kind that has none, or, without a kit, is not known. */
export function words(body: Body | undefined, kit?: Kit): string {
  const { text, quickReplies, system, note, location, card, image, file, form } = body ?? {};
  const said = text ?? quickReplies ?? system ?? note;
  if (said) return said.text ?? "";
  if (card) return [card.title, card.text].filter(Boolean).join(": ");
  if (location) return [location.label, location.address].filter(Boolean).join(", ");
  if (image) return image.alt || kit?.say("image") || "";
  if (file) return file.name ?? "";
  if (form)
    return (
      Object.entries(form.values ?? {})
        .map(([name, value]) => `${name}: ${value}`)
        .join("\n") ||
      (form.title ?? "")
    );
  return kit?.say("unsupported") ?? "";
}

/** Who says a message, as a screen reader is told. */
export function spoken(item: Item, kit: Kit): string {
  const { name } = item.author ?? {};
  const kind = kit.say(kindOf(item));
  return name ? `${name} (${kind}):` : `${kind}:`;
}

/** What kind of author an item has, as law and honesty ask to be told. */
export function kindOf({ author, message }: Item): "you" | "ai" | "auto" | "person" {
  if (author?.role === "VISITOR") return "you";
  if (author?.role === "AGENT") return "person";
  return author?.role === "BOT" && !message?.rule && !message?.flow ? "ai" : "auto";
}

/** What happened, for items that nobody says. */
export function happening({ kind, event }: Item, { say }: Kit): string {
  if (kind === "rating") return say("rated", { score: event?.rating?.score ?? 0 });
  if (kind !== "owner") return kind === "closed" || kind === "reopened" ? say(kind) : "";
  const owner = event?.owner?.owner;
  if (owner?.kind === "AGENT") return say("joined", { name: owner.name || say("team") });
  return say(owner?.kind === "QUEUE" ? "queued" : "left");
}
