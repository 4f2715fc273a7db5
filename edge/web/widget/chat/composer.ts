import type { View } from "../../client/client";
import { h, iconButton, write } from "./dom";
import * as icons from "./icons";
import { storeKey, type Kit } from "./kit";

/** The longest text that the desk takes, in UTF-16 code units. */
const MOST = 16_384;
/** How many characters before the end the rest is shown. */
const NEAR = 400;
/** What the composer shows to agents while it is written. */
const PREVIEW = 500;

/** What the composer hands on. */
export interface ComposerActs {
  send(text: string): void;
  stop(): void;
  typing(preview: string): void;
  files(files: File[]): void;
  emoji(): void;
  voice(): void;
}

/** Where the visitor writes. */
export class Composer {
  readonly element: HTMLElement;
  /** Where uploads and recordings show how far they are. */
  readonly tray = h("div", "tray");
  #input: HTMLTextAreaElement;
  #count = h("span", { class: "count", id: "count", role: "status" });
  #send: HTMLButtonElement;
  #stop: HTMLButtonElement;
  #draft: string;

  constructor(
    kit: Kit,
    private readonly acts: ComposerActs,
  ) {
    const { say, store } = kit;
    this.#draft = storeKey(kit, "draft");
    this.#kit = kit;
    this.#input = h("textarea", {
      rows: 1,
      placeholder: say("placeholder"),
      "aria-label": say("placeholder"),
      "aria-describedby": "count",
      enterKeyHint: "send",
      value: store.get(this.#draft) ?? "",
      oninput: () => this.#changed(true),
      onkeydown: (event: KeyboardEvent) => this.#pressed(event),
      onpaste: (event: ClipboardEvent) => this.#take(event, event.clipboardData),
    });
    this.#send = iconButton(icons.send, say("send"), () => this.#submit(), "go");
    this.#stop = iconButton(icons.stop, say("stop"), () => acts.stop(), "go stop");
    this.element = h(
      "div",
      "composer",
      this.tray,
      h("div", "box", this.#input, h("div", "tools", ...this.#tools(), this.#count, this.#stop, this.#send)),
    );
    this.#changed(false);
  }

  readonly #kit: Kit;

  show(view: View): void {
    this.#stop.hidden = !view.answering;
    this.#send.hidden = Boolean(view.answering) && !this.#input.value.trim();
  }

  focus(): void {
    this.#input.focus();
  }

  /** Puts something in where the cursor is. */
  insert(text: string): void {
    const { selectionStart, selectionEnd } = this.#input;
    this.#input.setRangeText(text, selectionStart, selectionEnd, "end");
    this.#changed(true);
    this.focus();
  }

  /** Takes the files of a paste or a drop. */
  take(event: Event, data: DataTransfer | null): void {
    this.#take(event, data);
  }

  get isEmpty(): boolean {
    return !this.#input.value.trim();
  }

  #tools(): Node[] {
    const { say } = this.#kit;
    const picker = (props: Record<string, unknown>) => {
      const input = h("input", { type: "file", hidden: true, ...props });
      input.addEventListener("change", () => {
        this.acts.files([...(input.files ?? [])]);
        input.value = "";
      });
      return input;
    };
    const files = picker({ multiple: true });
    const camera = picker({ accept: "image/*", capture: "environment" });
    return [
      files,
      camera,
      iconButton(icons.attach, say("attach"), () => files.click()),
      iconButton(icons.camera, say("camera"), () => camera.click(), "icon touch"),
      iconButton(icons.emoji, say("emoji"), () => this.acts.emoji(), "icon mouse"),
      iconButton(icons.voice, say("voice"), () => this.acts.voice()),
    ];
  }

  #pressed(event: KeyboardEvent): void {
    // While a Chinese word is being composed, Enter chooses it; 229 is how Safari says so.
    const composing = event.isComposing || event.keyCode === 229;
    if (event.key !== "Enter" || event.shiftKey || composing) return;
    event.preventDefault();
    this.#submit();
  }

  #submit(): void {
    const text = this.#input.value.trim();
    if (!text || text.length > MOST) return;
    this.#input.value = "";
    this.#changed(false);
    this.acts.send(text);
    this.focus();
  }

  /** Fits the box and its buttons to what is in it. */
  #changed(byHand: boolean): void {
    const { value, style } = this.#input;
    style.height = "auto";
    if (value) style.height = `${this.#input.scrollHeight}px`;
    const left = MOST - value.trim().length;
    this.#send.disabled = this.isEmpty || left < 0;
    this.#send.hidden &&= this.isEmpty;
    const { say, store } = this.#kit;
    write(
      this.#count,
      left < 0 ? say("over", { n: -left }) : left < NEAR ? say("remaining", { n: left }) : "",
    );
    this.#count.classList.toggle("bad", left < 0);
    if (!byHand && value) return;
    if (value) store.set(this.#draft, value);
    else store.remove(this.#draft);
    if (value) this.acts.typing(value.slice(0, PREVIEW));
  }

  #take(event: Event, data: DataTransfer | null): void {
    const files = [...(data?.files ?? [])];
    if (!files.length) return;
    event.preventDefault();
    this.acts.files(files);
  }
}
