/** Forms with validated fields: before the chat, while nobody is there, and in the conversation. */
import type { Body } from "../../client";
import { h } from "../chat/dom";
import type { Kit } from "../chat/kit";
import type { TextKey } from "../chat/texts";
import { style } from "./shared/style";
import css from "./forms.css";

type BodyForm = NonNullable<Body["form"]>;
type Field = NonNullable<BodyForm["fields"]>[number];
type Entry = HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement;
type Values = Record<string, string>;

/** What a form shows. */
interface Spec {
  readonly title?: string;
  readonly text?: string;
  readonly fields: readonly Field[];
  /** On its button. */
  readonly label: string;
}

let forms = 0;

/** A form that calls `submit` with its values once all of them are good. */
export function form(
  kit: Kit,
  { title, text, fields, label }: Spec,
  submit: (values: Values) => void,
): HTMLFormElement {
  style(kit.root, css);
  const id = `form${(forms += 1)}`;
  const rows = fields.map((field, at) => new Row(kit, field, `${id}-${at}`));
  const form = h(
    "form",
    { class: "fields", noValidate: true, "aria-label": title || label },
    title && h("h3", "", title),
    text && h("p", "", text),
    ...rows.map((row) => row.element),
    h("button", { class: "button", type: "submit" }, label),
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const wrong = rows.filter((row) => !row.check());
    if (wrong[0]) return wrong[0].entry.focus();
    submit(Object.fromEntries(rows.map((row) => [row.name, row.value])));
  });
  return form;
}

/** A form that an agent or a flow has sent; filled in, it is a message of the visitor. */
export function inChat(asked: BodyForm, kit: Kit): HTMLElement {
  const { title = "", fields = [], formId = "" } = asked;
  const done = () => h("p", { class: "submitted", role: "status" }, kit.say("submitted"));
  const answered = kit
    .view()
    .items.some(({ author, body }) => author?.role === "VISITOR" && formId && body?.form?.formId === formId);
  if (answered) return done();
  const element = form(kit, { title, fields, label: kit.say("submit") }, (values) => {
    kit.tell({ form: { title, fields, formId, values } });
    element.replaceWith(done());
  });
  return element;
}

/** One field with its label and what is wrong with it. */
class Row {
  readonly element: HTMLElement;
  readonly entry: Entry;
  readonly name: string;
  #error: HTMLElement;

  constructor(
    private readonly kit: Kit,
    private readonly field: Field,
    id: string,
  ) {
    this.name = field.name ?? "";
    this.entry = entry(field, kit);
    this.entry.id = id;
    this.entry.setAttribute("aria-describedby", `${id}-error`);
    if (field.required) this.entry.setAttribute("aria-required", "true");
    this.#error = h("p", { class: "error", id: `${id}-error`, role: "alert" });
    const optional = !field.required && h("span", "optional", ` (${kit.say("optional")})`);
    this.element = h(
      "div",
      "row",
      h("label", { htmlFor: id }, field.label || this.name, optional),
      this.entry,
      this.#error,
    );
    this.entry.addEventListener("change", () => this.check());
  }

  get value(): string {
    return this.entry.value.trim();
  }

  /** Whether the value is good; says what is wrong otherwise. */
  check(): boolean {
    const wrong = fault(this.field, this.value);
    this.#error.textContent = wrong ? this.kit.say(wrong) : "";
    this.entry.setAttribute("aria-invalid", String(Boolean(wrong)));
    return !wrong;
  }
}

function entry({ type, choices = [], name }: Field, kit: Kit): Entry {
  if (type === "LONG_TEXT") return h("textarea", { rows: 3, name });
  if (type !== "CHOICE") {
    const kinds = { EMAIL: "email", PHONE: "tel", NUMBER: "text", TEXT: "text" } as const;
    const kind = kinds[type as keyof typeof kinds] ?? "text";
    const complete = kind === "text" ? (name === "name" ? "name" : "off") : kind;
    return h("input", {
      type: kind,
      name,
      autocomplete: complete,
      inputMode: type === "NUMBER" ? "decimal" : "",
    });
  }
  const options = choices.map((choice) => h("option", { value: choice }, choice));
  return h("select", { name }, h("option", { value: "" }, kit.say("choose")), ...options);
}

/** What is wrong with a value, if anything. */
export function fault({ type, required, pattern }: Field, value: string): TextKey | undefined {
  if (!value) return required ? "required" : undefined;
  if (type === "EMAIL" && !/^[^\s@]+@[^\s@]+\.[^\s@]{2,}$/.test(value)) return "badEmail";
  if (type === "PHONE" && !/^\+?[\d\s().-]{5,20}$/.test(value)) return "badPhone";
  if (type === "NUMBER" && !/^[-+]?\d+([.,]\d+)?$/.test(value)) return "badNumber";
  return pattern && !matches(pattern, value) ? "badPattern" : undefined;
}

/** A pattern that is none refuses nothing: the visitor cannot mend it. */
function matches(pattern: string, value: string): boolean {
  try {
    return new RegExp(`^(?:${pattern})$`, "u").test(value);
  } catch {
    return true;
  }
}
