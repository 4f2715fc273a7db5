// The widget on strange pages: whatever they forbid, break or lack, it works and they go on.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { after, afterEach, before, beforeEach, test } from "node:test";
import { launch } from "./desk.mjs";
import { Host } from "./host.mjs";
import { Shop } from "./shop.mjs";
import { Widget } from "./widget.mjs";

const RULE = '[[rules]]\nname = "hours"\nmatch = { any = ["hours"] }\nreply = "From nine to five."\n';

const SECRET = "what the shop and its desk both know";

/** A token as the site's own server signs it. */
function jwt(claims) {
  const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const signed = `${part({ alg: "HS256", typ: "JWT" })}.${part(claims)}`;
  return `${signed}.${createHmac("sha256", SECRET).update(signed).digest("base64url")}`;
}

let host, browser, context, shop, site;
before(async () => {
  [host, browser] = await Promise.all([Host.start(), launch()]);
  shop = await Shop.open(host);
  site = await host.site(RULE);
});
after(async () => {
  await browser?.close();
  shop?.close();
  host?.stop();
});
beforeEach(async () => {
  context = await browser.newContext();
  shop.page = { script: `data-site="${site}"` };
});
afterEach(() => context.close());

/** Asks and is answered. */
async function chats(widget) {
  await widget.say("What are your hours?");
  await widget.shows("BOT", "From nine to five.");
}

test("before the click there is the launcher, and nothing else was loaded or left on the page", async () => {
  const asked = [];
  context.on("request", (request) => asked.push(new URL(request.url()).pathname));
  await context.addInitScript(() => {
    window.before = new Set(Object.getOwnPropertyNames(window));
    window.long = [];
    new PerformanceObserver((list) =>
      window.long.push(...list.getEntries().map(({ duration }) => duration)),
    ).observe({ type: "longtask", buffered: true });
  });
  const widget = await Widget.on(context, shop.url);
  await widget.launcher.waitFor();
  await widget.page.waitForTimeout(500);
  assert.deepEqual(
    asked.filter((path) => path !== "/favicon.ico"),
    ["/", "/widget.js", `/v1/sites/${site}/widget`],
  );
  const left = await widget.page.evaluate(() =>
    Object.getOwnPropertyNames(window).filter(
      (name) => !window.before.has(name) && !["before", "long"].includes(name),
    ),
  );
  assert.deepEqual(left, ["kefu"]);
  assert.deepEqual(await widget.page.evaluate(() => window.long), [], "long tasks");
  assert.deepEqual(await widget.page.evaluate(() => Object.keys(localStorage)), []);
});

test("the first message takes its letters and Enter", async () => {
  const widget = await Widget.on(context, shop.url);
  await widget.open();
  await widget.page.keyboard.type("Hi!");
  await widget.page.keyboard.press("Enter");
  await widget.shows("VISITOR", "Hi!");
  await widget.isWhole("the first message");
});

test("a page with a strict policy and Trusted Types has the whole chat", async () => {
  const { host: authority } = new URL(host.url);
  const policy = `default-src 'none'; script-src 'nonce-abc'; style-src 'nonce-abc'; img-src ${host.url}; connect-src ${host.url} ws://${authority}; require-trusted-types-for 'script'; trusted-types 'none'`;
  shop.page = {
    headers: { "content-security-policy": policy },
    head: "",
    script: `nonce="abc" data-site="${site}"`,
  };
  const violations = [];
  await context.exposeFunction("violated", (what) => violations.push(what));
  await context.addInitScript(() => {
    document.addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) =>
      window.violated(`${violatedDirective} ${blockedURI}`),
    );
  });
  const widget = await Widget.on(context, shop.url);
  await widget.open();
  await chats(widget);
  await widget.choose("Continue on your phone");
  await widget.panel.locator(".qr svg").waitFor();
  assert.equal(
    await widget.panel.evaluate((panel) => getComputedStyle(panel).position),
    "fixed",
    "styles are there",
  );
  assert.deepEqual(violations, []);
  await widget.isWhole("a strict policy");
});

test("a page with hostile rules changes nothing of it", async () => {
  const every = ":is(body, kefu-widget), :is(body, kefu-widget) *";
  const hostile = `${every} { all: unset !important; display: none !important; color: red !important; font-size: 60px !important; position: static !important; }
    button, textarea, kefu-widget { width: 3px !important; opacity: 0 !important; transform: scale(3) !important; }`;
  const looks = async (widget) => {
    await widget.open();
    await widget.isStill();
    return widget.panel.evaluate((panel) => {
      const { width, height } = panel.getBoundingClientRect();
      const { color, fontSize, opacity } = getComputedStyle(panel.querySelector("textarea"));
      return {
        width,
        height,
        color,
        fontSize,
        opacity,
        host: getComputedStyle(panel.getRootNode().host).transform,
      };
    });
  };
  const plain = await looks(await Widget.on(context, shop.url));
  shop.page.head = `<style>${hostile}</style>`;
  const widget = await Widget.on(context, shop.url);
  assert.deepEqual(await looks(widget), plain);
  await chats(widget);
});

test("a script that is there twice makes one widget", async () => {
  shop.page.script = [`data-site="${site}"`, `data-site="${site}"`];
  const widget = await Widget.on(context, shop.url);
  await widget.launcher.waitFor();
  await widget.page.waitForTimeout(300);
  assert.equal(await widget.page.locator("kefu-widget").count(), 1);
  await widget.open();
  await chats(widget);
});

test("an application that throws its body away keeps the widget, or gets it back", async () => {
  const widget = await Widget.on(context, shop.url);
  await widget.open();
  await chats(widget);
  await widget.page.evaluate(() => {
    document.body.replaceWith(document.createElement("body"));
    history.pushState({}, "", "/another");
  });
  await widget.shows("BOT", "From nine to five.");
  await widget.page.evaluate(() => document.querySelector("kefu-widget").remove());
  await widget.page.evaluate(() => window.kefu("toggle"));
  await widget.page.evaluate(() => window.kefu("open"));
  await widget.shows("BOT", "From nine to five.");
  await widget.isWhole("an application");
});

test("without a launcher the page opens the chat, also before the script is there", async () => {
  shop.page = {
    script: `data-site="${site}" data-launcher="none"`,
    before:
      "<script>window.kefu = function () { (kefu.q = kefu.q || []).push(arguments); }; kefu('on', 'open', () => (window.opened = true)); kefu('open');</script>",
  };
  const widget = await Widget.on(context, shop.url);
  await widget.panel.waitFor();
  assert.equal(await widget.launcher.count(), 0);
  await widget.page.waitForFunction(() => window.opened);
});

test("the page hears what happens, speaks for its visitor and takes the widget away", async () => {
  const widget = await Widget.on(context, shop.url);
  await widget.launcher.waitFor();
  await widget.page.evaluate(() => {
    window.heard = [];
    for (const name of ["open", "close", "sent", "message", "unread"]) {
      window.kefu("on", name, (detail) =>
        window.heard.push([name, detail?.count ?? detail?.body?.text?.text]),
      );
    }
    document.addEventListener("kefu:sent", () => window.heard.push(["as a DOM event"]));
    window.kefu("update", { plan: "pro" });
    window.kefu("send", "What are your hours?");
  });
  await widget.launcher.getByText("1").waitFor();
  await widget.page.evaluate(() => window.kefu("toggle"));
  await widget.shows("BOT", "From nine to five.");
  await widget.page.evaluate(() => window.kefu("close"));
  await widget.panel.waitFor({ state: "hidden" });
  const heard = await widget.page.evaluate(() => window.heard);
  for (const one of [
    ["sent", null],
    ["as a DOM event"],
    ["message", "From nine to five."],
    ["unread", 1],
    ["open", null],
    ["unread", 0],
    ["close", null],
  ]) {
    assert.ok(
      heard.some((other) => JSON.stringify(other) === JSON.stringify(one)),
      `${one} in ${JSON.stringify(heard)}`,
    );
  }
  await widget.page.evaluate(() => window.kefu("off", "open"));
  await widget.page.evaluate(() => window.kefu("destroy"));
  assert.equal(await widget.page.locator("kefu-widget").count(), 0);
  assert.equal(await widget.page.evaluate(() => typeof window.kefu), "undefined");
  await widget.isWhole("destroyed");
});

test("a visitor whom the page names has a conversation of its own, and is nobody again after", async () => {
  const id = await host.site(`[site]\nidentity_secret = "${SECRET}"\n${RULE}`);
  shop.page.script = `data-site="${id}"`;
  const widget = await Widget.on(context, shop.url);
  await widget.open();
  await widget.say("As nobody");
  await widget.shows("VISITOR", "As nobody");
  const soon = Math.floor(Date.now() / 1_000) + 600;
  await widget.page.evaluate(
    (token) => window.kefu("identify", token),
    jwt({ sub: "ming", aud: id, exp: soon }),
  );
  await widget.item("VISITOR", "As nobody").waitFor({ state: "detached" });
  await widget.say("As Ming");
  await widget.shows("VISITOR", "As Ming");
  assert.ok(!JSON.stringify(await widget.messages()).includes("As nobody"));
  await widget.page.evaluate(() => window.kefu("identify"));
  await widget.item("VISITOR", "As Ming").waitFor({ state: "detached" });
  await widget.shows("VISITOR", "As nobody");
  await widget.isWhole("identified");
});

test("the full page is the chat alone", async () => {
  const widget = await Widget.on(context, `${host.url}/chat/${site}`);
  await widget.panel.waitFor();
  assert.equal(await widget.launcher.count(), 0);
  await chats(widget);
  await widget.isAccessible("the full page");
  await widget.isWhole("the full page");
});

test("a chat that cannot be loaded says so, and is there when the network is", async () => {
  await context.route("**/widget/**", (route) => route.abort());
  const widget = await Widget.on(context, shop.url);
  await widget.launcher.click();
  await widget.launcher.getByText("Chat can't load. Try again").waitFor();
  await context.unroute("**/widget/**");
  await widget.launcher.click();
  await widget.panel.waitFor();
  await chats(widget);
});

test("a site that does not exist, or forbids the page, says so to the visitor", async () => {
  const closed = await host.site('[site]\nallowed_origins = ["https://shop.example"]\n');
  for (const [id, why] of [
    ["nowhere", "isn't available on this page"],
    [closed, "can't reach the desk"],
  ]) {
    shop.page.script = `data-site="${id}"`;
    const widget = await Widget.on(context, shop.url);
    await widget.launcher.click();
    await widget.panel.getByText(why).waitFor();
    await widget.page.locator("#search").fill("the page keeps working");
    await widget.isAccessible(id);
    await widget.isWhole(id);
    await widget.page.close();
  }
});

test("a browser that denies its stores has a chat all the same", async () => {
  await context.addInitScript(() => {
    for (const name of ["localStorage", "sessionStorage"]) {
      Object.defineProperty(window, name, {
        get: () => {
          throw new DOMException("denied", "SecurityError");
        },
      });
    }
    delete window.BroadcastChannel;
  });
  const widget = await Widget.on(context, shop.url);
  await widget.open();
  await chats(widget);
  await widget.isWhole("no stores");
});

test("a clock that is wrong by days shows today, and the chat goes on", async () => {
  await context.addInitScript(() => {
    const wrong = 3 * 86_400_000;
    const now = Date.now;
    Date.now = () => now() + wrong;
  });
  const widget = await Widget.on(context, shop.url);
  await widget.open();
  await chats(widget);
  await widget.panel.locator(".day", { hasText: "Today" }).waitFor();
});

test("on a slow network the launcher shows that it works, and the chat comes", async () => {
  const page = await context.newPage();
  const devtools = await context.newCDPSession(page);
  await devtools.send("Network.emulateNetworkConditions", {
    offline: false,
    latency: 400,
    downloadThroughput: 50_000,
    uploadThroughput: 20_000,
  });
  const widget = new Widget(page);
  await page.goto(shop.url);
  await widget.launcher.click();
  await widget.panel.waitFor();
  await chats(widget);
});

test("what the host page loses is no time that anybody notices", async (t) => {
  const measure = async (script) => {
    shop.page.script = script;
    const page = await context.newPage();
    const devtools = await context.newCDPSession(page);
    await devtools.send("Performance.enable");
    await page.goto(shop.url);
    await page.waitForTimeout(700);
    const { metrics } = await devtools.send("Performance.getMetrics");
    await page.close();
    return 1_000 * metrics.find(({ name }) => name === "TaskDuration").value;
  };
  const middle = async (script) => {
    const times = [];
    for (let round = 0; round < 5; round++) times.push(await measure(script));
    return times.sort((a, b) => a - b)[2];
  };
  await measure(`data-site="${site}"`);
  const [without, having] = [await middle([]), await middle(`data-site="${site}"`)];
  t.diagnostic(
    `main thread of the page: ${without.toFixed(1)} ms without, ${having.toFixed(1)} ms with the widget`,
  );
  assert.ok(having - without < 50, `${having - without} ms`);
});
