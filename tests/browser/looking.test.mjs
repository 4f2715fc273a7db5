// What the page looks like: nothing hangs over, everything can be reached. The screenshots are for
// people, in the folder that KEFU_SCREENSHOTS names.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { join } from "node:path";
import { readFileSync } from "node:fs";
import { Desk, launch } from "./desk.mjs";
import { Host } from "./host.mjs";
import { Provider } from "./provider.mjs";

const LONG = "一个很长的回答，用来看换行：https://example.com/a/very/long/address/without/any/space/in/it?and=" + "x".repeat(120);
const DEMO = readFileSync(new URL("../../config/demo.toml", import.meta.url), "utf8");
const SIZES = {
  wide: { viewport: { width: 1280, height: 800 } },
  narrow: { viewport: { width: 360, height: 640 }, isMobile: true, hasTouch: true },
};

let host, browser;
before(async () => {
  [host, browser] = await Promise.all([Host.start(), launch()]);
});
after(async () => {
  await browser?.close();
  host?.stop();
});

async function photograph(desk, name) {
  const path = join(process.env.KEFU_SCREENSHOTS, `${name}.png`);
  await desk.page.screenshot({ path, animations: "disabled" });
  const { over, composer, height } = await desk.page.evaluate(() => ({
    over: document.documentElement.scrollWidth - innerWidth,
    composer: document.querySelector("[data-testid=composer]").getBoundingClientRect().bottom,
    height: innerHeight,
  }));
  assert.ok(over <= 0, `${name}: ${over} pixels hang over`);
  assert.ok(composer <= height, `${name}: the composer is out of sight`);
}

for (const [size, device] of Object.entries(SIZES)) {
  for (const colorScheme of ["light", "dark"]) {
    test(`the page fits ${size} and ${colorScheme}`, async () => {
      const provider = await Provider.saying(["好的。", "\n\n", LONG, " 还有"], 10);
      const open = provider.hold();
      const context = await browser.newContext({ ...device, colorScheme, locale: "zh-CN" });
      const site = await host.site(`${DEMO}\n${provider.entry}\n[ai]\nquiet_window = "0s"\n`);
      const desk = await Desk.open(context, host, site);
      const look = (what) => photograph(desk, `${size}-${colorScheme}-${what}`);
      await look("1-empty");
      await desk.say("我想问一下，" + "上周买的衣服有点小，".repeat(6) + "怎么办？");
      await desk.writes(100);
      await look("2-streaming");
      open();
      await desk.shows("BOT", "还有");
      await desk.say("转人工");
      await desk.page.locator("[data-testid=item][data-kind=owner]").waitFor();
      await look("3-person");
      await context.setOffline(true);
      await desk.status("offline");
      await desk.say("有人吗？");
      await look("4-offline");
      await context.close();
      provider.stop();
      assert.deepEqual(desk.faults, []);
    });
  }
}
