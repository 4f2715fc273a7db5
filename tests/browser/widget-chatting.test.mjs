// A conversation in the widget: streamed, stopped, handed over, cut off, in several tabs.
import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, test } from "node:test";
import { launch } from "./desk.mjs";
import { Host } from "./host.mjs";
import { Provider } from "./provider.mjs";
import { Scripted, happened, said } from "./scripted.mjs";
import { Shop } from "./shop.mjs";
import { Widget } from "./widget.mjs";

const WORDS = [
  "Returns ",
  "are **free** ",
  "within ",
  "7 days: ",
  "see ",
  "[our terms]",
  "(https://shop.example/terms) ",
  "first. ",
  "| a | b |",
  "\n",
];
const RULES = '[[rules]]\nname = "all"\nreply = "Noted."\n';
const AI = '[ai]\nquiet_window = "0s"\n';

let host, browser, context, shop, provider;
before(async () => {
  browser = await launch();
});
after(() => browser?.close());
beforeEach(async () => {
  [host, context] = [await Host.start(), await browser.newContext()];
  [shop, provider] = [await Shop.open(host), await Provider.saying(WORDS, 30)];
});
afterEach(async () => {
  await context.close();
  host.stop();
  shop.close();
  provider.stop();
});

async function shopFor(config) {
  const site = await host.site(config);
  shop.page = { script: `data-site="${site}"` };
  return site;
}

test("an answer grows as Markdown, and its links show their host", async () => {
  const go = provider.hold();
  await shopFor(AI + provider.entry);
  const widget = await Widget.on(context, shop.url);
  await widget.open();
  await widget.say("Can I return it?");
  await widget.shows("BOT", "are free within", "streaming");
  assert.equal(await widget.item("BOT", "free", "streaming").locator("strong").textContent(), "free");
  go();
  await widget.shows("BOT", "our terms (shop.example)");
  assert.equal(await widget.item("BOT", "our terms").locator(".tag").textContent(), "AI");
  await widget.isWhole("an answer");
});

test("an answer is stopped, and asked for again", async () => {
  const go = provider.hold();
  await shopFor(AI + provider.entry);
  const widget = await Widget.on(context, shop.url);
  await widget.open();
  await widget.say("Can I return it?");
  await widget.shows("BOT", "within", "streaming");
  await widget.button("Stop the answer").click();
  await widget.shows("BOT", "Stopped.");
  go();
  await widget.button("Ask again").click();
  await widget.shows("BOT", "first.");
  assert.deepEqual(
    (await widget.messages()).map(([role]) => role),
    ["VISITOR", "BOT", "VISITOR", "BOT"],
  );
});

test("an answer that replaces itself shows its last form", async () => {
  shop.page = { script: 'data-site="demo"' };
  const desk = await Scripted.desk(context, { events: [said("visitor", "So?")] });
  const widget = await Widget.on(context, shop.url);
  await widget.open();
  desk.write("It costs **ten** euros");
  await widget.shows("BOT", "It costs ten", "streaming");
  desk.write("It costs *nothing*.");
  await widget.shows("BOT", "It costs nothing.", "streaming");
  assert.equal(await widget.panel.locator("strong").count(), 0);
});

test("what comes with an answer is shown: where it is from, its files, and what to ask next", async () => {
  shop.page = { script: 'data-site="demo"' };
  const extras = {
    suggestions: ["How long does it take?", "<b>Who pays?</b>"],
    citations: [{ document: "returns.md", score: 0.9 }, { document: "terms <i>.md" }],
    files: [
      { url: "https://files.example/label.pdf", name: "label.pdf", mime: "", size: 0 },
      { url: "javascript:alert(1)", name: "bad", mime: "", size: 0 },
    ],
  };
  const source = { provider: { name: "scripted", outcome: "COMPLETED", extras } };
  const events = [said("visitor", "May I return it?"), said("bot", "Yes.", 0, source)];
  await Scripted.desk(context, { events });
  const widget = await Widget.on(context, shop.url);
  await widget.open();
  await widget.shows("BOT", "Yes.");
  const answer = widget.item("BOT", "Yes.");
  const beside = await answer.locator(".sources").textContent();
  assert.ok(beside.includes("Sources: returns.md · terms <i>.md"), beside);
  const links = await answer.locator(".sources a").evaluateAll((all) => all.map(({ href }) => href));
  assert.deepEqual(links, ["https://files.example/label.pdf"]);
  await widget.isWhole("sources and suggestions");
  assert.equal(await widget.button("<b>Who pays?</b>").count(), 1, "text never becomes markup");
  await widget.button("How long does it take?").click();
  await widget.shows("VISITOR", "How long does it take?");
  assert.equal(await answer.locator(".reply").count(), 0, "what was chosen is not asked again");
});

test("a person is asked for, the place in the queue is shown, and who comes is named", async () => {
  shop.page = { script: 'data-site="demo"' };
  const desk = await Scripted.desk(context, { events: [said("visitor", "A person, please")] });
  const widget = await Widget.on(context, shop.url);
  await widget.open();
  desk.add(happened({ owner: { owner: { kind: "QUEUE", place: 4 }, term: 2, reason: "HANDOFF_ASKED" } }));
  await widget.panel.getByText("You are number 4 in the queue").waitFor();
  desk.say({ queued: { place: 1 } });
  await widget.panel.getByText("1 place to go until it's your turn").waitFor();
  desk.say({ typing: { author: { role: "AGENT", id: "a1", name: "Ming" } } });
  await widget.panel.getByText("Ming is typing").waitFor();
  desk.add(
    happened({ owner: { owner: { kind: "AGENT", id: "a1", name: "Ming" }, term: 3, reason: "TAKEN" } }),
  );
  desk.add(said("agent", "Hello, *this* is Ming."));
  await widget.shows("AGENT", "Hello, *this* is Ming.");
  assert.equal(await widget.item("AGENT", "Hello").locator(".tag").textContent(), "Person");
  desk.say({ read: { author: { role: "AGENT", id: "a1" }, seq: 1 } });
  await widget.item("VISITOR", "A person").getByText("Read").waitFor();
  desk.add({
    edited: { author: { role: "AGENT", id: "a1" }, target: 4, body: { text: { text: "Hello!" } } },
  });
  await widget.item("AGENT", "Hello!").getByText("edited").waitFor();
  desk.add({ recalled: { author: { role: "AGENT", id: "a1" }, target: 4 } });
  await widget.shows("AGENT", "This message was taken back.");
  await widget.composer.pressSequentially("I see");
  assert.ok(
    desk.heard.some(({ typing }) => typing?.preview),
    "our typing is told",
  );
  desk.add(happened({ closed: { reason: "RESOLVED" } }));
  await widget.panel.getByLabel("4 stars").check();
  await widget.panel.getByPlaceholder("Anything you would like to add?").fill("Quick");
  await widget.panel.locator(".rating").getByRole("button", { name: "Send" }).click();
  await widget.panel.locator(".rating").getByText("Thank you for your rating!").waitFor();
  await widget.isWhole("a person");
});

test("a refused message says why, is tried again or given up", async () => {
  await shopFor(`${RULES}[limits]\nmessages_per_visitor = "1/min"\n`);
  const widget = await Widget.on(context, shop.url);
  await widget.open();
  await widget.say("One");
  await widget.shows("BOT", "Noted.");
  await widget.page.evaluate(() => window.kefu("send", "x".repeat(16_385)));
  await widget.panel.getByText("This message is too long.").waitFor();
  await widget.button("Delete").click();
  await widget.panel.getByText("This message is too long.").waitFor({ state: "detached" });
});

test("three messages written without a network are delivered once, in order, by the next page", async () => {
  await shopFor(RULES);
  const widget = await Widget.on(context, shop.url);
  await widget.open();
  await widget.say("Zero");
  await widget.shows("BOT", "Noted.");
  await context.setOffline(true);
  await widget.panel.getByText("No connection. Trying again…").waitFor();
  for (const text of ["One", "Two", "Three"]) await widget.say(text);
  await widget
    .item("VISITOR", "Three", "pending")
    .getByText("Will be sent when you are back online")
    .waitFor();
  await widget.page.close();
  await context.setOffline(false);
  const again = await Widget.on(context, shop.url);
  // Nobody opens the chat: being on the page is enough.
  await again.launcher.locator(".badge:not(:empty)").waitFor();
  await again.page.evaluate(() => window.kefu("open"));
  await again.shows("VISITOR", "Three");
  const mine = (await again.messages()).filter(([role]) => role === "VISITOR");
  assert.deepEqual(
    mine,
    ["Zero", "One", "Two", "Three"].map((text) => ["VISITOR", "stored", text]),
  );
});

test("tabs share one connection and one count; another tab takes over when the leading one goes", async () => {
  await shopFor(RULES);
  let sockets = 0;
  const count = (page) => page.on("websocket", () => (sockets += 1));
  context.on("page", count);
  const one = await Widget.on(context, shop.url);
  await one.open();
  await one.say("One");
  await one.shows("BOT", "Noted.");
  const two = await Widget.on(context, shop.url);
  await two.open();
  await two.shows("VISITOR", "One");
  assert.equal(sockets, 1);
  await two.say("Two");
  await two.shows("VISITOR", "Two");
  await one.shows("VISITOR", "Two");
  await one.page.close();
  await two.say("Three");
  await two.shows("VISITOR", "Three");
  const texts = (await two.messages()).filter(([role]) => role === "VISITOR").map(([, , text]) => text);
  assert.deepEqual(texts, ["One", "Two", "Three"]);
  await two.isWhole("two tabs");
});

test("news show in the launcher and in the title, until they are seen", async () => {
  shop.page = { script: 'data-site="demo"' };
  const desk = await Scripted.desk(context, { events: [said("visitor", "Hello?")] });
  const widget = await Widget.on(context, shop.url);
  await widget.open();
  await widget.button("Close chat").click();
  assert.ok(
    await widget.launcher.evaluate((button) => button.getRootNode().activeElement === button),
    "the focus is back",
  );
  await widget.page.evaluate(() => {
    Object.defineProperty(document, "hidden", { get: () => true, configurable: true });
    Object.defineProperty(document, "visibilityState", { get: () => "hidden", configurable: true });
  });
  desk.add(said("agent", "Here I am."));
  await widget.launcher.locator(".badge", { hasText: "1" }).waitFor();
  await widget.page.waitForFunction(() => document.title === "(1) 1 new message");
  await widget.page.evaluate(() => {
    delete document.hidden;
    delete document.visibilityState;
    window.kefu("open");
  });
  await widget.page.waitForFunction(() => document.title === "Field & Fern");
  await widget.launcher.locator(".badge:empty").waitFor({ state: "attached" });
  assert.ok(
    desk.heard.some(({ read }) => read?.seq === 2),
    "the read mark is told",
  );
});

test("a socket that is open and dead is found, also after the page was frozen", async () => {
  await shopFor(RULES);
  const widget = await Widget.on(context, shop.url);
  await widget.open();
  await widget.say("One");
  await widget.shows("BOT", "Noted.");
  await host.kill();
  await widget.panel.getByText("No connection").waitFor();
  await host.restart();
  await widget.page.evaluate(() => window.dispatchEvent(new Event("online")));
  await widget.panel.getByText("answers right away").waitFor();
  await widget.say("Two");
  await widget.shows("VISITOR", "Two");
});

test("a page that comes back from the back-forward cache goes on", async () => {
  await shopFor(RULES);
  const widget = await Widget.on(context, shop.url);
  await widget.open();
  await widget.say("One");
  await widget.shows("BOT", "Noted.");
  await widget.page.goto(`${host.url}/healthz`);
  await widget.page.goBack();
  await widget.panel.waitFor();
  await widget.say("Two");
  await widget.shows("VISITOR", "Two");
  await widget.isWhole("back");
});

test("history is paged in, and search and transcript have all of it", async () => {
  await shopFor(`${RULES}[limits]\nmessages_per_visitor = "1000/min"\n`);
  const widget = await Widget.on(context, shop.url);
  await widget.open();
  for (let n = 1; n <= 60; n++) await widget.page.evaluate((n) => window.kefu("send", `Question ${n}`), n);
  await widget.shows("VISITOR", "Question 60");
  await widget.page.reload();
  await widget.panel.waitFor();
  await widget.shows("VISITOR", "Question 60");
  await widget.choose("Search this chat");
  await widget.panel.getByRole("searchbox").fill("question 1");
  await widget.panel.getByText("11 messages found").waitFor();
  await widget.panel.getByRole("button", { name: /Question 1$/ }).click();
  await widget.panel.locator(".found", { hasText: "Question 1" }).waitFor();
  await widget.choose("Save this chat");
  const transcript = await widget.panel.getByRole("textbox", { name: "Save this chat" }).inputValue();
  assert.equal(transcript.match(/You: Question/g).length, 60);
});
