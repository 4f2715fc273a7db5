// Before and around the chat: forms, hours, consent, invitations, and what the desk is told of pages.
import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, test } from "node:test";
import { launch } from "./desk.mjs";
import { Host } from "./host.mjs";
import { Shop } from "./shop.mjs";
import { Widget } from "./widget.mjs";

const RULES = '[[rules]]\nname = "returns"\nmatch = { any = ["return"] }\nreply = "Within 7 days."\n';
const NEVER =
  '[[widget.hours]]\ndays = "mon-sun"\nfrom = "00:00"\nto = "24:00"\nutc_offset = "+00:00"\noutside = true\n';

let host, browser, context, shop;
before(async () => {
  [host, browser] = await Promise.all([Host.start(), launch()]);
  shop = await Shop.open(host);
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

async function visit(config) {
  shop.page = { script: `data-site="${await host.site(config + RULES)}"` };
  return Widget.on(context, shop.url);
}

/** The bodies of the sessions that the page asks for. */
function sessions() {
  const asked = [];
  context.on("request", (request) => {
    if (request.url().endsWith("/session") && request.method() === "POST") asked.push(request.postDataJSON());
  });
  return asked;
}

test("the pre-chat form holds until it is right, and goes with the first message", async () => {
  const widget = await visit(`[widget.prechat]
title = "Before we start"
[[widget.prechat.fields]]
name = "email"
label = "E-mail"
type = "email"
required = true
[[widget.prechat.fields]]
name = "order"
label = "Order"
pattern = "[A-Z]{2}[0-9]{4}"
`);
  await widget.open();
  await widget.panel.getByLabel("Order").fill("12");
  assert.ok(await widget.composer.isHidden());
  await widget.button("Start chat").click();
  await widget.panel.getByText("Please fill this in.").waitFor();
  await widget.panel.getByText("This isn't in the expected form.").waitFor();
  assert.ok(await widget.panel.getByLabel("E-mail").evaluate((input) => input.matches(":focus")));
  await widget.isAccessible("a form with faults");
  await widget.panel.getByLabel("E-mail").fill("ming@shop.example");
  await widget.panel.getByLabel("Order").fill("AB1234");
  await widget.button("Start chat").click();
  await widget.say("How do I return it?");
  await widget.shows("BOT", "Within 7 days.");
  assert.match((await widget.messages())[0][2], /ming@shop.example/);
  await widget.page.reload();
  await widget.shows("BOT", "Within 7 days.");
  assert.ok(await widget.composer.isVisible(), "it is asked once");
});

test("outside the hours the form for absence stands in the chat's place", async () => {
  const widget = await visit(`[widget.offline]
title = "Leave a message"
[[widget.offline.fields]]
name = "question"
label = "Your question"
type = "long_text"
required = true
${NEVER}`);
  await widget.open();
  await widget.panel.getByText("We are away right now").waitFor();
  await widget.panel.getByLabel("Your question").fill("Do you ship to Norway?");
  await widget.button("Send").click();
  await widget.shows("VISITOR", "Do you ship to Norway?");
  await widget.composer.waitFor();
});

test("pages are told of only once the visitor agrees", async () => {
  const asked = sessions();
  const widget = await visit(
    '[widget.privacy]\ntext = "May we see your pages?"\nurl = "https://shop.example/privacy"\ntracking = "consent"\n',
  );
  await widget.open();
  await widget.panel.getByText("May we see your pages?").waitFor();
  assert.ok(asked.length > 0 && asked.every(({ page }) => page === undefined), JSON.stringify(asked));
  await widget.button("Agree").click();
  await widget.page.evaluate(() => history.pushState({}, "", "/shirts"));
  await widget.page.waitForTimeout(2_000);
  assert.ok(asked.at(-1).page?.url.endsWith("/shirts"), JSON.stringify(asked.at(-1)));
});

test("a visitor who declines is not told of, and is not asked again", async () => {
  const asked = sessions();
  const widget = await visit('[widget.privacy]\ntext = "May we see your pages?"\ntracking = "consent"\n');
  await widget.open();
  await widget.button("No, thanks").click();
  await widget.page.evaluate(() => history.pushState({}, "", "/shirts"));
  await widget.page.waitForTimeout(2_000);
  await widget.page.reload();
  await widget.panel.waitFor();
  assert.equal(await widget.panel.getByText("May we see your pages?").count(), 0);
  assert.ok(asked.every(({ page }) => page === undefined));
});

test("attributes and the page are told to the desk", async () => {
  const asked = sessions();
  const widget = await visit("");
  await widget.page.evaluate(() => window.kefu("update", { plan: "pro" }));
  await widget.open();
  assert.deepEqual(asked.at(-1).attributes, { plan: "pro" });
  assert.equal(asked.at(-1).page.url, shop.url);
});

test("an invitation comes once, not while the visitor types, and greets who opens it", async () => {
  const widget = await visit(
    '[[widget.invitations]]\nname = "sizes"\ntext = "Need help with sizes?"\nafter = "1s"\npage = "/*"\n',
  );
  await widget.launcher.waitFor();
  await widget.page.locator("#search").pressSequentially("linen shirt in sand", { delay: 120 });
  assert.equal(await widget.launcher.locator(".badge").textContent(), "");
  await widget.launcher.locator(".badge", { hasText: "1" }).waitFor();
  await widget.launcher.click();
  await widget.panel.getByText("Need help with sizes?").first().waitFor();
  await widget.page.reload();
  await widget.page.evaluate(() => window.kefu("close"));
  await widget.page.waitForTimeout(5_000);
  assert.equal(await widget.launcher.locator(".badge").textContent(), "");
});

test("an invitation to visitors from somewhere opens for them, once they have read so far", async () => {
  const widget = await visit(
    '[[widget.invitations]]\nname = "end"\ntext = "Still unsure?"\nscroll = 90\nreferrer = "127.0.0.1"\nopens = true\n',
  );
  shop.page.content = '<main style="height: 4000px"><a href="/shirts">Shirts</a></main>';
  await widget.launcher.waitFor();
  await widget.page.waitForTimeout(1_500);
  assert.equal(await widget.panel.count(), 0, "nobody came from there");
  await widget.page.evaluate(() => (location.href = "/shirts"));
  await widget.page.waitForURL("**/shirts");
  await widget.launcher.waitFor();
  await widget.page.waitForTimeout(1_500);
  assert.equal(await widget.panel.count(), 0, "nothing was read");
  await widget.page.mouse.wheel(0, 5_000);
  await widget.panel.getByText("Still unsure?").first().waitFor();
  delete shop.page.content;
});
