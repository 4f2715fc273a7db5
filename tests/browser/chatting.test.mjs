// Asking and being answered, in one tab and in two, over each transport.
import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, test } from "node:test";
import { Desk, launch } from "./desk.mjs";
import { Host, live } from "./host.mjs";
import { Provider } from "./provider.mjs";

const WORDS = ["退货 ", "is ", "easy ", "👍: ", "send ", "it ", "back ", "within ", "a ", "week."];
const RULE = '[[rules]]\nname = "hours"\nmatch = { any = ["hours"] }\nreply = "From nine to five."\n';
const AI = '[ai]\nquiet_window = "0s"\n';

let host, browser, context, provider;
before(async () => {
  [host, browser] = await Promise.all([Host.start(), launch()]);
});
after(async () => {
  await browser?.close();
  host?.stop();
});
beforeEach(async () => {
  context = await browser.newContext();
  provider = await Provider.saying(WORDS, 60);
});
afterEach(async () => {
  await context.close();
  provider.stop();
});

test("a question is answered by rule", async () => {
  const desk = await Desk.open(context, host, await host.site(RULE));
  await desk.say("What are your hours?");
  await desk.shows("BOT", "From nine to five.");
  await desk.equalsLog();
});

/** Spin takes no WebSockets. */
const TRANSPORTS = process.env.KEFU_TEST_HOST === "spin" ? ["sse", "poll"] : ["ws", "sse", "poll"];

for (const transport of TRANSPORTS) {
  test(`an answer comes to its end over ${transport}`, async () => {
    const site = await host.site(AI + provider.entry);
    const desk = await Desk.open(context, host, site, `&transport=${transport}`);
    const used = await desk.page.getByTestId("status").getAttribute("data-transport");
    assert.equal(used, transport);
    await desk.say("Can I return it?");
    if (transport !== "poll") await desk.writes(12);
    await desk.shows("BOT", WORDS.join(""));
    await desk.equalsLog();
  });
}

test("a stopped answer stays as it was shown", live, async () => {
  provider.hold();
  const desk = await Desk.open(context, host, await host.site(AI + provider.entry));
  await desk.say("Can I return it?");
  await desk.writes(WORDS.slice(0, 3).join("").length);
  await desk.page.getByTestId("stop").click();
  await desk.shows("BOT", WORDS.slice(0, 3).join("").trim());
  await desk.equalsLog();
});

test("a reload in mid-answer shows the same log, and goes on", async () => {
  const open = provider.hold();
  const desk = await Desk.open(context, host, await host.site(AI + provider.entry));
  await desk.say("Can I return it?");
  await desk.writes(10);
  await desk.page.reload();
  await desk.writes(10);
  open();
  await desk.shows("BOT", WORDS.join(""));
  assert.equal((await desk.items()).length, 2);
  await desk.equalsLog();
});

test("two tabs show the same, while it is written and after", async () => {
  const open = provider.hold();
  const site = await host.site(AI + provider.entry);
  const one = await Desk.open(context, host, site);
  const two = await Desk.open(context, host, site);
  await one.say("Can I return it?");
  await Promise.all([one.writes(10), two.writes(10)]);
  assert.deepEqual(await one.items(), await two.items());
  await two.say("And the shoes?");
  await one.shows("VISITOR", "And the shoes?");
  open();
  for (const desk of [one, two]) {
    await desk.page.waitForFunction(() => {
      const items = [...document.querySelectorAll("[data-testid=item][data-role=BOT][data-state=stored]")];
      return items.length === 2;
    });
    await desk.equalsLog();
  }
});
