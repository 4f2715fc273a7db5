import type { View } from "../../client/client";
import type { Kit } from "./kit";

/** Milliseconds between the two titles of a page that has news. */
const BLINK = 1_500;
/** The two notes of the sound, in hertz. */
const NOTES = [660, 880];

/** Tells of what is not read yet: in the launcher, in the page's title, by a sound. */
export class Unread {
  #shown = 0;
  /** The newest message that was there, or that the sound has told of. */
  #toldTo: number | undefined;
  #title: string | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;
  #sound: AudioContext | undefined;

  constructor(
    private readonly kit: Kit,
    private readonly badge: (unread: number) => void,
  ) {}

  show(view: View, seen: boolean): void {
    if (!view.loaded) return;
    const unread = seen ? 0 : view.unread;
    if (unread !== this.#shown) {
      this.#shown = unread;
      this.badge(unread);
      this.kit.emit("unread", { count: unread });
    }
    const theirs = view.items.findLast((item) => item.kind === "message" && item.author?.role !== "VISITOR");
    const newest = theirs?.seq ?? 0;
    const isNew = this.#toldTo !== undefined && newest > this.#toldTo;
    this.#toldTo = Math.max(newest, this.#toldTo ?? 0);
    if (isNew && !seen && !this.kit.silent) this.#play();
    this.#blink(unread > 0 && document.hidden);
  }

  stop(): void {
    this.badge(0);
    this.#blink(false);
    void this.#sound?.close();
  }

  /** Lets the page's title take turns with the news, and gives it back. */
  #blink(is: boolean): void {
    if (!is) {
      clearInterval(this.#timer);
      this.#timer = undefined;
      if (this.#title !== undefined) document.title = this.#title;
      this.#title = undefined;
      return;
    }
    this.#timer ??= setInterval(() => {
      const news = `(${this.#shown}) ${this.kit.say("unread", { n: this.#shown })}`;
      if (document.title === news) document.title = this.#title ?? news;
      else {
        this.#title = document.title;
        document.title = news;
      }
    }, BLINK);
  }

  /** Two soft notes; a page that was never touched may not sound, and that is right. */
  #play(): void {
    if (!navigator.userActivation?.hasBeenActive) return;
    const sound = (this.#sound ??= new AudioContext());
    NOTES.forEach((note, at) => {
      const start = sound.currentTime + at * 0.12;
      const voice = sound.createOscillator();
      const volume = sound.createGain();
      voice.frequency.value = note;
      volume.gain.setValueAtTime(0.08, start);
      volume.gain.exponentialRampToValueAtTime(0.0001, start + 0.25);
      voice.connect(volume).connect(sound.destination);
      voice.start(start);
      voice.stop(start + 0.25);
    });
  }
}
