import { createClient, Refusal, type Transport, type View } from "../client";
import { button, byId, make } from "./dom";
import { LogView } from "./log";
import { fill, textsFor, type Texts } from "./texts";

const parameters = new URLSearchParams(location.search);
const site = parameters.get("site") ?? "demo";
const transport = (parameters.get("transport") as Transport | null) ?? undefined;
let texts = textsFor(remembered() ?? navigator.language);

const composer = byId<HTMLTextAreaElement>("composer");
const client = createClient({
  site,
  transport,
  locale: texts.lang,
  page: { url: location.href, title: document.title, referrer: document.referrer },
});
const log = new LogView(site, {
  send: say,
  retry: (key) => client.retry(key),
  discard: (key) => client.discard(key),
  handoff: () => void askForPerson(),
  older: () => void client.older().catch(() => {}),
  newest: () => show(),
  connect: () => client.connect(),
});

function show(): void {
  const view = client.state;
  log.show(view, texts);
  if (log.seen && view.unread) client.read();
  const { kind = "UNSPECIFIED", name } = view.owner;
  byId("with").textContent = name || texts.owner[kind];
  byId("avatar").textContent = kind === "AGENT" && name ? name.slice(0, 1) : texts.avatar[kind];
  byId("person").hidden = kind === "QUEUE" || kind === "AGENT" || !view.items.length;
  byId("stop").hidden = !view.answering;
  document.title = view.unread ? `(${view.unread}) Kefu 客服` : "Kefu 客服";
  const status = byId("status");
  status.dataset["status"] = view.status;
  status.dataset["transport"] = view.transport;
  const words = texts.status[view.status];
  const told = view.status === "online" ? `${words} · ${texts.transport[view.transport]}` : words;
  if (status.textContent !== told) status.textContent = told;
  stopped(view);
}

/** Says that a conversation in sight has come to a stop, and offers to go on. */
function stopped({ status, fault, items }: View): void {
  const shown = byId("notice").dataset["about"] === "stopped";
  const is = status === "stopped" && items.length > 0;
  if (is === shown) return;
  notice(is ? `${texts.status.stopped} (${fault?.code})` : "");
  byId("notice").dataset["about"] = is ? "stopped" : "";
  if (is) byId("notice").append(button(texts.again, () => client.connect()));
}

function say(text: string): void {
  notice("");
  client.send(text);
  composer.focus();
}

async function askForPerson(): Promise<void> {
  try {
    await client.handoff();
  } catch (error) {
    const code = error instanceof Refusal ? error.message || error.code : texts.status.offline;
    notice(fill(texts.asked, { code }));
  }
}

function notice(words: string): void {
  byId("notice").hidden = !words;
  byId("notice").textContent = words;
}

function submit(): void {
  const text = composer.value.trim();
  if (!text) return;
  composer.value = "";
  composed();
  say(text);
}

/** Fits the composer and its button to what is in it. */
function composed(): void {
  byId<HTMLButtonElement>("send").disabled = !composer.value.trim();
  composer.style.height = "auto";
  composer.style.height = `${composer.scrollHeight + 2}px`;
}

function pressed(event: KeyboardEvent): void {
  // While a Chinese word is being composed, Enter chooses it; 229 is how Safari says so.
  const composing = event.isComposing || event.keyCode === 229;
  if (event.key !== "Enter" || event.shiftKey || composing) return;
  event.preventDefault();
  submit();
}

/** Writes all fixed words in the language of choice. */
function speak(language: Texts): void {
  texts = language;
  document.documentElement.lang = texts.lang;
  const words = (name: string | undefined) => String(texts[name as keyof Texts] ?? "");
  for (const element of document.querySelectorAll<HTMLElement>("[data-text], [data-label], [data-hint]")) {
    const { text, label, hint } = element.dataset;
    if (text) element.textContent = words(text);
    if (label) element.setAttribute("aria-label", element.title = words(label));
    if (hint) element.setAttribute("placeholder", words(hint));
  }
  byId("scroll").removeAttribute("title");
  // A finger has no Shift+Enter to be told of.
  if (matchMedia("(pointer: coarse)").matches) composer.placeholder = texts.shortHint;
  for (const id of ["language", "language-small"]) byId(id).textContent = texts.other;
  byId("tries").replaceChildren(...texts.tries.map(([text = "", why = ""]) => {
    const choice = button("", () => say(text));
    choice.append(make("b", "", text), make("small", "", why));
    return make("li", "", choice);
  }));
  byId("breaks").replaceChildren(...texts.breaks.map((text) => make("li", "", text)));
  composed();
  show();
}

function switchLanguage(): void {
  const next = textsFor(texts.lang === "en" ? "zh" : "en");
  try {
    localStorage.setItem("kefu:language", next.lang);
  } catch {
    // Without storage the choice lasts as long as the page.
  }
  speak(next);
}

function remembered(): string | undefined {
  try {
    return localStorage.getItem("kefu:language") ?? undefined;
  } catch {
    return undefined;
  }
}

/** Links to this page with each transport forced. */
function linkTransports(): void {
  for (const link of document.querySelectorAll<HTMLAnchorElement>("a[data-transport]")) {
    const kind = link.dataset["transport"] ?? "";
    const query = new URLSearchParams(parameters);
    query.set("transport", kind);
    link.href = `?${query}`;
    if (kind === transport) link.setAttribute("aria-current", "true");
  }
}

byId<HTMLFormElement>("form").addEventListener("submit", (event) => {
  event.preventDefault();
  submit();
});
composer.addEventListener("keydown", pressed);
composer.addEventListener("input", () => {
  composed();
  if (composer.value) client.typing(composer.value.slice(0, 500));
});
byId("stop").addEventListener("click", () => client.stop());
byId("person").addEventListener("click", () => void askForPerson());
byId("language").addEventListener("click", switchLanguage);
byId("language-small").addEventListener("click", switchLanguage);
document.addEventListener("visibilitychange", show);
linkTransports();
speak(texts);
client.subscribe(show);
