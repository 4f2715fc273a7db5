// Newcomers who prove to be no machine: by work that nobody sees, or by a script of Cloudflare's.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { once } from "node:events";
import { after, afterEach, before, beforeEach, test } from "node:test";
import { launch } from "./desk.mjs";
import { Host } from "./host.mjs";
import { Shop } from "./shop.mjs";
import { Widget } from "./widget.mjs";

const RULES = '[[rules]]\nname = "returns"\nmatch = { any = ["return"] }\nreply = "Within 7 days."\n';
const WORK = '[challenge]\nkind = "proof_of_work"\nwhen = "always"\n';
const CLOUDFLARE = "https://challenges.cloudflare.com/**";

/** What stands in for Cloudflare's script: gives a token, once it is clicked where it asks for that. */
const SCRIPT = (interactive) => `window.turnstile = {
  render(box, options) {
    window.rendered = options;
    const give = () => options.callback("TOKEN " + options.sitekey);
    if (!${interactive}) return setTimeout(give), "w1";
    const button = document.createElement("button");
    button.textContent = "I am human";
    button.onclick = give;
    box.append(button);
    return "w1";
  },
  remove(id) { window.removed = id; },
};`;

let host, browser, context, shop, verifier;
before(async () => {
  [host, browser] = await Promise.all([Host.start(), launch()]);
  shop = await Shop.open(host);
  verifier = await verifying();
});
after(async () => {
  await browser?.close();
  shop?.close();
  verifier?.server.close();
  host?.stop();
});
beforeEach(async () => {
  context = await browser.newContext();
});
afterEach(() => context.close());

/** A verifier that knows one token. */
async function verifying() {
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    response.end(JSON.stringify({ success: JSON.parse(body).response === "TOKEN 0x4A" }));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { server, endpoint: `http://127.0.0.1:${server.address().port}/siteverify` };
}

function turnstile() {
  return `[challenge]\nkind = "turnstile"\nwhen = "always"\nsite_key = "0x4A"\nsecret = "s"\nendpoint = "${verifier.endpoint}"\n`;
}

async function visit(config) {
  shop.page = { script: `data-site="${await host.site(config + RULES)}"` };
  return Widget.on(context, shop.url);
}

/** The statuses of the sessions that are asked for, and the files of others that are loaded. */
function watch() {
  const seen = { sessions: [], foreign: [] };
  context.on("response", (response) => {
    if (response.url().endsWith("/session") && response.request().method() === "POST")
      seen.sessions.push(response.status());
  });
  context.on("request", (request) => {
    if (![host.url, new URL(shop.url).origin].includes(new URL(request.url()).origin))
      seen.foreign.push(request.url());
  });
  return seen;
}

test("a newcomer chats after a proof of work with nothing to do, and is not asked again", async () => {
  const seen = watch();
  const widget = await visit(WORK);
  await widget.open();
  await widget.say("How do I return it?");
  await widget.shows("BOT", "Within 7 days.");
  assert.deepEqual(seen.sessions, [403, 200]);
  await widget.page.reload();
  await widget.shows("BOT", "Within 7 days.");
  await widget.page.evaluate(() => window.kefu("update", { plan: "pro" }));
  await widget.say("Can I return it later?");
  await widget.shows("VISITOR", "Can I return it later?");
  assert.ok(seen.sessions.slice(2).every((status) => status === 200), String(seen.sessions));
  assert.deepEqual(seen.foreign, [], "no third party's script is loaded");
  await widget.isWhole("after a proof of work");
});

test("a page that trusts scripts by nonce alone lets the proof of work in", async () => {
  const policy = `script-src 'nonce-n1'; connect-src ${host.url} ${host.url.replace("http", "ws")}`;
  const site = await host.site(WORK + RULES);
  shop.page = {
    script: `nonce="n1" data-site="${site}"`,
    headers: { "content-security-policy": policy },
  };
  const widget = await Widget.on(context, shop.url);
  await widget.open();
  await widget.say("How do I return it?");
  await widget.shows("BOT", "Within 7 days.");
});

test("the demo page's newcomers prove too", async () => {
  const page = await context.newPage();
  await page.goto(`${host.url}/?site=${await host.site(WORK + RULES)}`);
  await page.locator("[data-testid=status][data-status=online]").waitFor();
});

test("Turnstile is loaded where a site asks for it, and vouches for whoever need not do anything", async () => {
  await context.route(CLOUDFLARE, (route) =>
    route.fulfill({ contentType: "text/javascript", body: SCRIPT(false) }),
  );
  const seen = watch();
  const widget = await visit(turnstile());
  await widget.open();
  await widget.say("How do I return it?");
  await widget.shows("BOT", "Within 7 days.");
  assert.deepEqual(seen.sessions, [403, 200]);
  assert.equal(seen.foreign.length, 1);
  const told = await widget.page.evaluate(() => [window.rendered.language, window.removed]);
  assert.deepEqual(told, ["en", "w1"]);
  await widget.isWhole("after Turnstile");
});

test("what Turnstile asks for shows in the chat, is reached by keyboard, and goes away", async () => {
  await context.route(CLOUDFLARE, (route) =>
    route.fulfill({ contentType: "text/javascript", body: SCRIPT(true) }),
  );
  const widget = await visit(turnstile());
  await widget.launcher.click();
  const asked = widget.page.getByRole("button", { name: "I am human" });
  await asked.waitFor();
  const words = widget.panel.getByText("Checking that you are not a robot…");
  assert.ok(await words.isVisible());
  await widget.isAccessible("while Turnstile asks");
  await asked.press("Enter");
  await widget.say("How do I return it?");
  await widget.shows("BOT", "Within 7 days.");
  assert.equal(await words.count(), 0);
  assert.equal(await asked.count(), 0);
});

test("who cannot be checked is told so, and gets in once the way is free", async () => {
  await context.route(CLOUDFLARE, (route) => route.abort());
  const widget = await visit(turnstile());
  await widget.launcher.click();
  await widget.panel.getByText("We couldn't check that you are not a robot.").waitFor();
  await widget.isAccessible("a newcomer who cannot be checked");
  await context.unroute(CLOUDFLARE);
  await context.route(CLOUDFLARE, (route) =>
    route.fulfill({ contentType: "text/javascript", body: SCRIPT(false) }),
  );
  await widget.button("Try again").click();
  await widget.say("How do I return it?");
  await widget.shows("BOT", "Within 7 days.");
});
