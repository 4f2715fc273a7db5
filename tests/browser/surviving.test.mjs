// The host dies, or the network does, and the page goes on without a reload.
import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, test } from "node:test";
import { Desk, launch } from "./desk.mjs";
import { Host, offline } from "./host.mjs";
import { Provider } from "./provider.mjs";

const WORDS = Array.from({ length: 400 }, (_, index) => `word${index} `);
const RULE = '[[rules]]\nname = "all"\nreply = "Noted."\n';
const AI = '[ai]\nquiet_window = "0s"\n';

let host, browser, context, provider;
before(async () => {
  browser = await launch();
});
after(() => browser?.close());
beforeEach(async () => {
  [host, context] = [await Host.start(), await browser.newContext()];
  provider = await Provider.saying(WORDS, 20);
});
afterEach(async () => {
  await context.close();
  host.stop();
  provider.stop();
});

test("a host that is killed in mid-answer comes back, and the page has what the log has", async () => {
  const desk = await Desk.open(context, host, await host.site(AI + provider.entry));
  await desk.say("Tell me everything.");
  await desk.writes(100);
  await host.kill();
  await desk.status("offline");
  await host.restart();
  await desk.status("online");
  await desk.shows("BOT", "word0");
  const [, [, , text]] = await desk.log();
  assert.ok(WORDS.join("").startsWith(text) && text.length < WORDS.join("").length, text);
  await desk.equalsLog();
});

test("a message that is written while the host is away is delivered once", async () => {
  const desk = await Desk.open(context, host, await host.site(RULE));
  await desk.say("First.");
  await desk.shows("BOT", "Noted.");
  await host.kill();
  await desk.status("offline");
  await desk.say("Second.");
  await desk.shows("VISITOR", "Second.", "pending");
  await host.restart();
  await desk.shows("VISITOR", "Second.");
  await desk.page.locator("[data-testid=item][data-role=BOT][data-state=stored]").nth(1).waitFor();
  assert.equal((await desk.items()).length, 4);
  await desk.equalsLog();
});

test("a message that is written without a network is delivered once, even after a reload", offline, async () => {
  const desk = await Desk.open(context, host, await host.site(RULE));
  await context.setOffline(true);
  await desk.status("offline");
  await desk.say("From the tunnel.");
  await desk.shows("VISITOR", "From the tunnel.", "pending");
  await context.setOffline(false);
  await desk.shows("VISITOR", "From the tunnel.");
  await desk.shows("BOT", "Noted.");
  await desk.equalsLog();
  await desk.page.reload();
  await desk.shows("BOT", "Noted.");
  await desk.equalsLog();
});
