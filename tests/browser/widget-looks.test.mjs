// What the widget looks like in every state, at three widths, light and dark, in two languages and
// from right to left: nothing hangs over, axe finds nothing. The screenshots are for people, in the
// folder that KEFU_SCREENSHOTS names; those in docs/images/widget are a choice of them.
import { after, before, test } from "node:test";
import { join } from "node:path";
import { launch } from "./desk.mjs";
import { Host } from "./host.mjs";
import { Scripted } from "./scripted.mjs";
import { Shop } from "./shop.mjs";
import { Widget } from "./widget.mjs";
import { statesIn } from "./widget-states.mjs";

const SIZES = {
  wide: { viewport: { width: 1200, height: 820 } },
  middle: { viewport: { width: 768, height: 900 } },
  narrow: { viewport: { width: 375, height: 720 }, isMobile: true, hasTouch: true },
};

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

/** Opens a state, looks at it in each scheme and keeps what it looks like. */
async function look(name, { desk, act }, device, schemes = ["light"]) {
  const context = await browser.newContext(device);
  const scripted = await Scripted.desk(context, desk);
  const widget = await Widget.on(context, shop.url);
  await widget.launcher.click();
  await widget.panel.waitFor();
  await widget.panel.locator(".ghost").first().waitFor({ state: "detached" });
  await act?.(widget, scripted);
  for (const colorScheme of schemes) {
    await widget.page.emulateMedia({ colorScheme });
    const state = `${name}-${colorScheme}`;
    await widget.isAccessible(state);
    await widget.isWhole(state);
    await widget.page.screenshot({
      path: join(process.env.KEFU_SCREENSHOTS, `${state}.png`),
      animations: "disabled",
    });
  }
  await context.close();
}

/** Does something with each entry, two at a time: there are many, and a browser waits a lot. */
async function each(entries, act) {
  const queue = Object.entries(entries);
  const lane = async () => {
    for (let next = queue.shift(); next; next = queue.shift()) await act(...next);
  };
  await Promise.all([lane(), lane()]);
}

for (const [size, device] of Object.entries(SIZES)) {
  for (const lang of ["en", "zh-CN"]) {
    test(`every state is whole and accessible, light and dark: ${size}, ${lang}`, async () => {
      shop.page.lang = lang;
      await each(statesIn(lang), (state, what) =>
        look(`widget-${state}-${size}-${lang}`, what, { ...device, locale: lang }, ["light", "dark"]),
      );
    });
  }
}

test("from right to left everything is mirrored, and whole", async () => {
  shop.page.lang = "ar";
  const { welcome, answer, person, menu } = statesIn("en");
  for (const [state, what] of Object.entries({ welcome, answer, person, menu })) {
    await look(`widget-${state}-rtl`, what, { ...SIZES.wide, locale: "ar" });
  }
});

test("at twice the size, and with a text twice as large, everything can be reached", async () => {
  shop.page.lang = "en";
  const { person, form, menu } = statesIn("en");
  for (const [state, what] of Object.entries({ person, form, menu })) {
    // Zoom halves the window in CSS pixels.
    await look(`widget-${state}-zoomed`, what, {
      viewport: { width: 640, height: 400 },
      deviceScaleFactor: 2,
    });
  }
});

test("with a colour that is hard to read on, words are readable all the same", async () => {
  for (const color of ["#ffd400", "#ffffff", "#000000", "#07c160"]) {
    const { person } = statesIn("en");
    const desk = { ...person.desk, settings: { ...person.desk.settings, color } };
    await look(`widget-colour-${color.slice(1)}`, { desk }, SIZES.wide, ["light", "dark"]);
  }
});
