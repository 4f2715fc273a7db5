import type { Item, View } from "../../client";
import { h } from "./dom";
import type { Kit } from "./kit";
import { happening, spoken, words } from "./words";

/** Where a sentence ends, in any script. */
const END = /[.!?…](?=\s)|[。！？；\n]/g;

/**
 * Reads the conversation aloud, politely: messages once they are there, an answer that is being
 * written sentence by sentence, never the pieces in which it arrives.
 */
export class Announcer {
  readonly element = h("div", { class: "unseen", "aria-live": "polite", role: "log" });
  /** The newest seq that was there at first: what is old is not read. */
  #from: number | undefined;
  /** How much of the answer under way was read. */
  #read = { id: "", upto: 0 };

  constructor(private readonly kit: Kit) {}

  announce(sentence: string): void {
    if (!sentence.trim()) return;
    this.element.append(h("p", "", sentence.trim()));
    while (this.element.childElementCount > 20) this.element.firstChild?.remove();
  }

  show(view: View): void {
    if (!view.loaded) return;
    const from = this.#from ?? view.last;
    this.#from = view.last;
    for (const item of view.items) {
      if (item.author?.role === "VISITOR") continue;
      if (item.state === "streaming") this.#sentences(item);
      else if ((item.seq ?? 0) > from) this.#finished(item);
    }
  }

  #sentences(item: Item): void {
    const text = words(item.body);
    const begun = this.#read.id === item.id;
    const upto = begun ? this.#read.upto : 0;
    const end = [...text.matchAll(END)].at(-1);
    const until = end ? end.index + end[0].length : 0;
    if (until <= upto) return;
    this.announce(begun ? text.slice(upto, until) : `${spoken(item, this.kit)} ${text.slice(0, until)}`);
    this.#read = { id: item.id, upto: until };
  }

  #finished(item: Item): void {
    if (item.kind !== "message") return this.announce(happening(item, this.kit));
    const begun = this.#read.id === item.id;
    const text = words(item.body, this.kit);
    this.announce(begun ? text.slice(this.#read.upto) : `${spoken(item, this.kit)} ${text}`);
  }
}
