// Puts the screenshots of a run of the browser tests on sheets, one for each width, scheme and
// language: `KEFU_SCREENSHOTS=F node tests/browser/run.mjs widget-looks`, then
// `node tests/browser/sheets.mjs F docs/images/widget`. What is kept has a palette (pngquant), which
// makes it a third.
import { chromium } from "playwright-core";
import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const [from, to] = process.argv.slice(2);
/** What is cut out of a screenshot: where the chat is, and how large it is drawn. */
const CUTS = {
  wide: { x: -756, y: -12, width: 432, height: 796 },
  middle: { x: -330, y: -80, width: 432, height: 816 },
  narrow: { x: 0, y: 0, width: 375, height: 720 },
};
const SCALE = 0.4;

const pictures = readdirSync(from).filter((name) => name.startsWith("widget-") && name.endsWith(".png"));
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox"],
});
mkdirSync(to, { recursive: true });
for (const [size, cut] of Object.entries(CUTS)) {
  for (const lang of ["en", "zh-CN"]) {
    for (const scheme of ["light", "dark"]) await sheet(size, cut, lang, scheme);
  }
}
await sideBySide(["welcome-wide-en-light", "answer-wide-en-light", "person-wide-en-dark"], "readme");
await browser.close();

/** A few states beside each other, as README shows them. */
async function sideBySide(states, name) {
  const { x, y, width, height } = CUTS.wide;
  const figures = states.map((state) => `<div>${image(`widget-${state}.png`, x, y)}</div>`);
  const page = await browser.newPage({ viewport: { width: 3 * width, height } });
  await page.setContent(
    `<style>body{margin:0;display:flex}div{width:${width}px;height:${height}px;overflow:hidden}</style>${figures.join("")}`,
  );
  await page.screenshot({ path: join(to, `${name}.png`) });
  await page.close();
}

function image(file, x, y) {
  const data = readFileSync(join(from, file)).toString("base64");
  return `<img style="margin:${y}px 0 0 ${x}px" src="data:image/png;base64,${data}">`;
}

async function sheet(size, { x, y, width, height }, lang, scheme) {
  const end = `-${size}-${lang}-${scheme}.png`;
  const chosen = pictures.filter((name) => name.endsWith(end));
  const figures = chosen.map((name) => {
    const state = name.slice("widget-".length, -end.length);
    return `<figure><div>${image(name, x, y)}</div><figcaption>${state}</figcaption></figure>`;
  });
  const looks = `body{margin:12px;display:grid;grid-template-columns:repeat(7,${width}px);gap:24px;font:26px system-ui;background:${scheme === "dark" ? "#0b0c0e;color:#ddd" : "#f2f0ea"}}
    figure{margin:0}div{width:${width}px;height:${height}px;overflow:hidden}figcaption{text-align:center}`;
  const viewport = { width: 7 * (width + 24), height: 600 };
  const page = await browser.newPage({ viewport, deviceScaleFactor: SCALE });
  await page.setContent(`<style>${looks}</style>${figures.join("")}`);
  await page.screenshot({ path: join(to, `${size}-${scheme}-${lang}.png`), fullPage: true });
  await page.close();
}
