// Whatever is said in a chat stays text: every payload of the lists in tests/fixtures/xss.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { launch } from "./desk.mjs";
import { Host } from "./host.mjs";
import { Scripted, said } from "./scripted.mjs";
import { Shop } from "./shop.mjs";
import { Widget } from "./widget.mjs";

const lines = (name) =>
  readFileSync(new URL(`../fixtures/xss/${name}.txt`, import.meta.url), "utf8")
    .split("\n")
    .filter(Boolean);
const PAYLOADS = [...lines("naughty"), ...lines("markdown")];
/** All that Markdown may make of a text. */
const HARMLESS = [
  "A",
  "B",
  "BLOCKQUOTE",
  "BR",
  "BUTTON",
  "CODE",
  "DEL",
  "DIV",
  "EM",
  "HR",
  "INPUT",
  "LI",
  "OL",
  "P",
  "PRE",
  "SPAN",
  "STRONG",
  "SUP",
  "TABLE",
  "TBODY",
  "TD",
  "TH",
  "THEAD",
  "TR",
  "UL",
];

let host, browser, shop;
before(async () => {
  [host, browser] = await Promise.all([Host.start(), launch()]);
  shop = await Shop.open(host);
  shop.page = { script: 'data-site="demo"' };
});
after(async () => {
  await browser?.close();
  shop?.close();
  host?.stop();
});

/** A chat in which these events stand; answers with what its bubbles are made of. */
async function shown(events, settings) {
  const context = await browser.newContext();
  const asked = [];
  context.on("request", (request) => asked.push(new URL(request.url()).host));
  await context.addInitScript(() => {
    window.hit = [];
    for (const name of ["alert", "prompt", "confirm", "print"])
      window[name] = (what) => window.hit.push(`${name} ${what}`);
  });
  await Scripted.desk(context, { events, settings });
  const widget = await Widget.on(context, shop.url);
  await widget.open();
  await widget.page.waitForTimeout(1_500);
  const bubbles = await widget.panel.locator(".bubble").evaluateAll((all) =>
    all.map((bubble) => ({
      text: bubble.textContent,
      tags: [...bubble.querySelectorAll("*")].map(({ tagName }) => tagName),
      handlers: [...bubble.querySelectorAll("*")].flatMap((one) =>
        one.getAttributeNames().filter((name) => name.startsWith("on")),
      ),
      links: [...bubble.querySelectorAll("a")].map(
        ({ protocol, target, rel }) => `${protocol} ${target} ${rel}`,
      ),
    })),
  );
  const hit = await widget.page.evaluate(() => window.hit);
  assert.deepEqual(hit, []);
  assert.deepEqual(widget.faults, []);
  const strangers = asked.filter((one) => ![new URL(host.url).host, new URL(shop.url).host].includes(one));
  assert.deepEqual(strangers, [], "no other host hears of it");
  await context.close();
  return bubbles;
}

test("what a visitor or an agent says is shown to the letter", async () => {
  const bubbles = await shown(
    PAYLOADS.flatMap((payload) => [said("visitor", payload), said("agent", payload)]),
  );
  assert.deepEqual(
    bubbles.map(({ text }) => text),
    PAYLOADS.flatMap((payload) => [payload, payload]),
  );
  for (const { tags } of bubbles)
    assert.ok(
      tags.every((tag) => tag === "A"),
      tags.join(),
    );
});

test("what an AI says becomes nothing but text, marks and links to the web", async () => {
  const bubbles = await shown(
    [...PAYLOADS, PAYLOADS.join("\n"), PAYLOADS.join("\n\n")].map((payload) => said("bot", payload)),
  );
  assert.equal(bubbles.length, PAYLOADS.length + 2);
  for (const { tags, links, handlers, text } of bubbles) {
    assert.ok(
      tags.every((tag) => HARMLESS.includes(tag)),
      `${tags.join()} in ${text}`,
    );
    assert.deepEqual(handlers, []);
    for (const link of links) assert.match(link, /^(https?|mailto|tel): _blank noopener noreferrer$/, text);
  }
});

test("bodies of every kind hold no script, and unknown ones say so", async () => {
  const bad = "javascript:alert(1)";
  const html = "<img src=x onerror=alert(1)>";
  const bubbles = await shown([
    said("agent", {
      card: {
        title: html,
        text: html,
        imageUrl: bad,
        buttons: [
          { label: html, url: bad },
          { label: html, send: html },
        ],
      },
    }),
    said("agent", { image: { url: bad, alt: html } }),
    said("agent", { file: { url: bad, name: html, mime: "text/html", size: 1 } }),
    said("agent", { location: { latitude: 1, longitude: 2, label: html, address: html } }),
    said("agent", {
      form: {
        title: html,
        formId: "f",
        fields: [{ name: html, label: html, type: "CHOICE", choices: [html] }],
      },
    }),
    said("agent", { quickReplies: { text: html, replies: [{ label: html, send: html, action: "SEND" }] } }),
    said("agent", { hologram: { url: bad } }),
    said("agent", {}),
  ]);
  const links = bubbles.flatMap(({ links }) => links);
  assert.ok(
    links.every((link) => link.startsWith("https:")),
    links.join(),
  );
  assert.ok(bubbles.flatMap(({ tags }) => tags).every((tag) => !["SCRIPT", "IMG", "IFRAME"].includes(tag)));
  assert.equal(bubbles.at(-1).text, "This kind of message can't be shown here.");
  assert.equal(bubbles.at(-2).text, "This kind of message can't be shown here.");
});

test("settings of a site are text as well", async () => {
  const html = "<img src=x onerror=alert(1)>";
  await shown([], {
    name: html,
    greeting: html,
    suggestions: [html],
    color: "red;}*{display:none",
    privacy: { text: html, url: "javascript:alert(1)", tracking: "ALWAYS" },
    look: { texts: { title: html } },
  });
});
