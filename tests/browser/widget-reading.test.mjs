// The widget without a pointer and without eyes: by keyboard alone, and as a screen reader has it.
import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, test } from "node:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { launch } from "./desk.mjs";
import { Host } from "./host.mjs";
import { Scripted, happened, said } from "./scripted.mjs";
import { Shop } from "./shop.mjs";
import { statesIn } from "./widget-states.mjs";
import { Widget } from "./widget.mjs";

let host, browser, context, shop;
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
beforeEach(async () => {
  context = await browser.newContext();
});
afterEach(() => context.close());

/** What has the focus, by its accessible name. */
function focused({ page }) {
  return page.evaluate(() => {
    const active = document.querySelector("kefu-widget").shadowRoot.activeElement;
    return active?.getAttribute("aria-label") ?? active?.textContent ?? document.activeElement?.id ?? "";
  });
}

/** Presses Tab until something of that name has the focus. */
async function tabTo(widget, name) {
  const seen = [];
  for (let step = 0; step < 40; step++) {
    const at = await focused(widget);
    if (at.startsWith(name)) return;
    seen.push(at);
    await widget.page.keyboard.press("Tab");
  }
  assert.fail(`${name} is not reached: ${seen.join(" → ")}`);
}

test("a whole chat by keyboard alone", async () => {
  const desk = await Scripted.desk(context, { settings: { suggestions: ["Which size?"] } });
  const widget = await Widget.on(context, shop.url);
  const { keyboard } = widget.page;
  await widget.launcher.waitFor();
  await widget.page.locator("#search").focus();
  await tabTo(widget, "Chat with us");
  await keyboard.press("Enter");
  await widget.panel.waitFor();
  assert.equal(await focused(widget), "Write a message…", "opening puts the focus where one writes");

  await keyboard.press("Shift+Tab");
  await tabTo(widget, "Write a message…");
  await keyboard.type("Which size?");
  await keyboard.press("Enter");
  await widget.shows("VISITOR", "Which size?");
  assert.equal(await focused(widget), "Write a message…", "sending keeps it there");

  desk.add(
    said("agent", {
      quickReplies: {
        text: "For whom?",
        replies: [
          { label: "For me", send: "", action: "SEND" },
          { label: "A gift", send: "", action: "SEND" },
        ],
      },
    }),
  );
  await widget.shows("AGENT", "For whom?");
  for (let step = 0; step < 20 && (await focused(widget)) !== "A gift"; step++)
    await keyboard.press("Shift+Tab");
  await keyboard.press("Space");
  await widget.shows("VISITOR", "A gift");

  await tabTo(widget, "Emoji");
  await keyboard.press("Enter");
  await widget.panel.getByRole("toolbar").waitFor();
  await keyboard.press("Escape");
  assert.equal(await focused(widget), "Write a message…");

  for (let step = 0; step < 20 && (await focused(widget)) !== "More"; step++)
    await keyboard.press("Shift+Tab");
  await keyboard.press("Enter");
  await widget.panel.getByRole("menu").waitFor();
  await keyboard.press("End");
  assert.equal(await focused(widget), "Turn sound off");
  await keyboard.press("Home");
  await keyboard.press("ArrowDown");
  assert.equal(await focused(widget), "Search this chat");
  await keyboard.press("Enter");
  await widget.panel.getByRole("searchbox").waitFor();
  assert.equal(await focused(widget), "Search…");
  await keyboard.press("Escape");
  assert.equal(await focused(widget), "More", "a page gives the focus back");

  await keyboard.press("Escape");
  await widget.panel.waitFor({ state: "hidden" });
  assert.ok((await focused(widget)).startsWith("Chat with us"), "closing gives it back to the launcher");
  await widget.isWhole("by keyboard");
});

test("on a phone the focus stays in the chat, which covers the page", async () => {
  await context.close();
  context = await browser.newContext({
    viewport: { width: 375, height: 720 },
    isMobile: true,
    hasTouch: true,
  });
  await Scripted.desk(context, {});
  const widget = await Widget.on(context, shop.url);
  await widget.open();
  assert.equal(await widget.panel.getAttribute("aria-modal"), "true");
  for (let step = 0; step < 25; step++) {
    await widget.page.keyboard.press("Tab");
    const inside = await widget.panel.evaluate((panel) => panel.contains(panel.getRootNode().activeElement));
    assert.ok(inside, `step ${step} left the chat`);
  }
});

test("an answer is announced sentence by sentence, and never twice", async () => {
  const desk = await Scripted.desk(context, { events: [said("visitor", "So?")] });
  const widget = await Widget.on(context, shop.url);
  await widget.open();
  await widget.page.evaluate(() => {
    window.spoken = [];
    const live = document.querySelector("kefu-widget").shadowRoot.querySelector("[aria-live=polite]");
    new MutationObserver((all) =>
      all.forEach(({ addedNodes }) => addedNodes.forEach((node) => window.spoken.push(node.textContent))),
    ).observe(live, { childList: true });
  });
  const answer = "Linen is cool. It dries fast! 洗涤方便。Anything else?";
  for (let end = 3; end <= answer.length; end += 3) {
    desk.write(answer.slice(0, end));
    await widget.page.waitForTimeout(25);
  }
  await widget.shows("BOT", "Anything else", "streaming");
  desk.add(said("bot", answer));
  await widget.shows("BOT", "Anything else?");
  desk.add(happened({ owner: { owner: { kind: "AGENT", name: "Ming" }, term: 2, reason: "TAKEN" } }));
  await widget.page.waitForFunction(() => window.spoken.some((one) => one.startsWith("Ming joined")));
  const spoken = await widget.page.evaluate(() => window.spoken);
  assert.deepEqual(spoken, [
    "AI: Linen is cool.",
    "It dries fast!",
    "洗涤方便。",
    "Anything else?",
    "Ming joined. You are now talking to a person.",
  ]);
});

test("a screen reader has the whole chat", async () => {
  const { person } = statesIn("en");
  await Scripted.desk(context, person.desk);
  const widget = await Widget.on(context, shop.url);
  await widget.open();
  await widget.button("Reserve it").waitFor();
  await widget.panel.locator(".marked table").waitFor();
  const dump = await widget.panel.ariaSnapshot();
  writeFileSync(join(process.env.KEFU_SCREENSHOTS, "widget-screen-reader.txt"), `${dump}\n`);
  for (const part of [
    'dialog "Field & Fern"',
    'heading "Ming"',
    'region "Conversation"',
    "AI",
    "Person",
    'button "Reserve it"',
    'link "View"',
    'textbox "Write a message…"',
    'button "Send" [disabled]',
  ]) {
    assert.ok(dump.includes(part), `${part} in\n${dump}`);
  }
});

test("who asks for less motion has none", async () => {
  await context.close();
  context = await browser.newContext({ reducedMotion: "reduce" });
  const desk = await Scripted.desk(context, { events: [said("visitor", "So?")] });
  const widget = await Widget.on(context, shop.url);
  await widget.open();
  desk.write("Well");
  await widget.shows("BOT", "Well", "streaming");
  await widget.page.waitForTimeout(200);
  const moving = await widget.page.evaluate(
    () =>
      document
        .querySelector("kefu-widget")
        .shadowRoot.getAnimations()
        .filter(({ playState }) => playState === "running").length,
  );
  assert.equal(moving, 0);
});
