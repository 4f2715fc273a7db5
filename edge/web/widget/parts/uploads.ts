/** Sends files: how far each is can be seen, and each can be called back. */
import type { Body } from "../../client";
import { h, icon, iconButton } from "../chat/dom";
import * as icons from "../chat/icons";
import type { Kit } from "../chat/kit";
import { bytes } from "./shared/bytes";
import { style } from "./shared/style";
import css from "./uploads.css";

/** The largest file that the desk takes. */
const MOST = 10 * 1024 * 1024;

/** What the desk answers. */
interface Stored {
  readonly url: string;
  readonly mime: string;
  readonly name: string;
  readonly size: number;
}

/** Uploads files one after the other, and sends each as a message once it is there. */
export async function send(kit: Kit, files: readonly File[], tray: HTMLElement): Promise<void> {
  style(kit.root, css);
  const uploads = files.map((file) => new Upload(kit, file, tray));
  for (const upload of uploads) await upload.run();
}

/** One file on its way. */
class Upload {
  #element: HTMLElement;
  #bar = h("progress", { max: 1, value: 0 });
  #request = new XMLHttpRequest();
  #cancelled = false;
  #preview: string | undefined;

  constructor(
    private readonly kit: Kit,
    private readonly file: File,
    private readonly tray: HTMLElement,
  ) {
    const { name, size, type } = file;
    const cancel = iconButton(icons.cross, kit.say("remove", { name }), () => this.#cancel());
    this.#bar.setAttribute("aria-label", name);
    this.#element = h(
      "div",
      "upload",
      icon(icons.file),
      h("div", "what", h("span", "", name), h("small", "", bytes(size, kit.lang)), this.#bar),
      cancel,
    );
    if (type.startsWith("image/")) this.#showPreview();
    tray.append(this.#element);
  }

  async run(): Promise<void> {
    if (this.#cancelled) return;
    const { kit, file } = this;
    if (file.size > MOST)
      return this.#fail(kit.say("fileTooLarge", { name: file.name, most: bytes(MOST, kit.lang) }));
    try {
      const stored = await this.#put();
      if (stored) kit.tell(await bodyOf(stored, file));
      this.#end();
    } catch (status) {
      const refused = status === 413 || status === 415;
      this.#fail(kit.say(refused ? "fileRefused" : "fileFailed", { name: file.name }));
    }
  }

  /** The stored file, or nothing when it was called back; throws the status of a refusal. */
  #put(): Promise<Stored | undefined> {
    const { url, token } = this.kit.client().access();
    const request = this.#request;
    return new Promise((resolve, reject) => {
      request.open("POST", `${url}uploads?name=${encodeURIComponent(this.file.name)}`);
      request.setRequestHeader("authorization", `Bearer ${token}`);
      request.upload.onprogress = ({ loaded, total }) => (this.#bar.value = loaded / total);
      request.onabort = () => resolve(undefined);
      request.onerror = () => reject(0);
      request.onload = () =>
        request.status < 300 ? resolve(JSON.parse(request.responseText)) : reject(request.status);
      request.send(this.file);
    });
  }

  #cancel(): void {
    this.#cancelled = true;
    this.#request.abort();
    this.#end();
  }

  #fail(words: string): void {
    this.#end();
    const again = {
      label: this.kit.say("retry"),
      act: () => void new Upload(this.kit, this.file, this.tray).run(),
    };
    this.kit.notice(words, this.file.size > MOST ? undefined : again);
  }

  #end(): void {
    this.#element.remove();
    if (this.#preview) URL.revokeObjectURL(this.#preview);
  }

  #showPreview(): void {
    this.#preview = URL.createObjectURL(this.file);
    const image = h("img", { src: this.#preview, alt: "" });
    // A page may forbid such pictures: the sign stays.
    image.onload = () => this.#element.firstElementChild?.replaceWith(image);
  }
}

/** A picture as a picture with its size, all else as a file. */
async function bodyOf({ url, mime, name, size }: Stored, file: File): Promise<Body> {
  if (!mime.startsWith("image/")) return { file: { url, mime, name, size } };
  const bitmap = await createImageBitmap(file).catch(() => undefined);
  const { width, height } = bitmap ?? { width: 0, height: 0 };
  bitmap?.close();
  return { image: { url, mime, width, height, alt: name, size } };
}
