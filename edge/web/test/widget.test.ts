import assert from "node:assert/strict";
import { test } from "node:test";
import jsQR from "jsqr";
import { contrast, colours } from "../widget/chat/theme";
import { dayWords, soonWords } from "../widget/chat/time";
import { fault } from "../widget/parts/forms";
import { has } from "../widget/parts/invitations";
import { encode } from "../widget/parts/qr/encode";
import ar from "../widget/texts/ar";
import en from "../widget/texts/en";
import zh from "../widget/texts/zh-CN";

type Rgb = readonly [number, number, number];
const rgb = (css: string | undefined) => css!.match(/\d+/g)!.map(Number) as unknown as Rgb;

test("catalogues have the same values in their texts, and every plural form of their language", () => {
  const names = (text: unknown) => [...new Set(JSON.stringify(text).match(/\{\w+\}/g) ?? [])].sort();
  for (const catalogue of [en, zh, ar]) {
    const forms = new Intl.PluralRules(catalogue.lang).resolvedOptions().pluralCategories;
    for (const [key, text] of Object.entries(catalogue)) {
      if (typeof text === "object")
        for (const form of forms) assert.ok(form in text, `${catalogue.lang}.${key}.${form}`);
      const wanted = names(en[key as keyof typeof en]).filter((name) => name !== "{n}");
      assert.deepEqual(
        names(text).filter((name) => name !== "{n}"),
        wanted,
        `${catalogue.lang}.${key}`,
      );
    }
  }
});

test("every colour can be read, on both backgrounds and under its words", () => {
  for (const hex of [
    "#1668dc",
    "#fff",
    "#000",
    "#ffd400",
    "#07c160",
    "#ff6600",
    "#777777",
    "#e0115f",
    "#123456",
  ]) {
    const made = colours(hex);
    const pairs: [string, Rgb, Rgb][] = [
      ["words", rgb(made["--color"]), rgb(made["--on-color"])],
      ["light", rgb(made["--link-light"]), [255, 255, 255]],
      ["dark", rgb(made["--link-dark"]), [23, 25, 30]],
    ];
    for (const [what, one, other] of pairs) assert.ok(contrast(one, other) >= 4.5, `${hex} ${what}`);
  }
});

test("days and times are told in the words of a language", () => {
  const noon = new Date(2026, 10, 25, 12).getTime();
  const day = 24 * 3_600_000;
  assert.equal(dayWords(noon, noon, "en"), "Today");
  assert.equal(dayWords(noon - day, noon, "zh-CN"), "昨天");
  assert.match(dayWords(noon - 400 * day, noon, "en"), /2025/);
  assert.equal(soonWords(40 * 60, "en"), "in 40 minutes");
  assert.equal(soonWords(3 * 3_600, "zh-CN"), "3小时后");
});

test("fields tell what is wrong with them", () => {
  const field = (type: "EMAIL" | "PHONE" | "NUMBER" | "TEXT", more = {}) => ({
    name: "a",
    label: "a",
    type,
    ...more,
  });
  assert.equal(fault(field("TEXT", { required: true }), ""), "required");
  assert.equal(fault(field("TEXT"), ""), undefined);
  assert.equal(fault(field("EMAIL"), "a@b"), "badEmail");
  assert.equal(fault(field("EMAIL"), "a@b.example"), undefined);
  assert.equal(fault(field("PHONE"), "+86 138-0000-0000"), undefined);
  assert.equal(fault(field("PHONE"), "call me"), "badPhone");
  assert.equal(fault(field("NUMBER"), "1,5"), undefined);
  assert.equal(fault(field("TEXT", { pattern: "[A-Z]{2}\\d{6}" }), "AB12345"), "badPattern");
  assert.equal(fault(field("TEXT", { pattern: "(" }), "anything"), undefined);
});

test("an invitation's address has its pieces in order", () => {
  assert.ok(has("https://shop.example/pricing?a=1", "/pricing"));
  assert.ok(has("https://shop.example/a/b/c", "/a/*/c"));
  assert.ok(has("anything", ""));
  assert.ok(!has("https://shop.example/c/a", "/a/*/c"));
});

test("QR codes are read back by another implementation, at every version", () => {
  for (const length of [5, 20, 40, 60, 80, 100, 120, 150, 175, 205]) {
    const said = "https://desk.example/chat/".padEnd(length, "shop-").slice(0, length);
    assert.equal(read(encode(said)), said, `${length} characters`);
  }
  assert.throws(() => encode("x".repeat(300)), RangeError);
});

/** Reads a code as a camera would see it. */
function read(modules: readonly boolean[][]): string | undefined {
  const [scale, quiet] = [4, 4];
  const size = (modules.length + 2 * quiet) * scale;
  const pixels = new Uint8ClampedArray(size * size * 4).fill(255);
  modules.forEach((row, y) =>
    row.forEach((dark, x) => {
      if (!dark) return;
      for (let dy = 0; dy < scale; dy++) {
        for (let dx = 0; dx < scale; dx++) {
          const at = (((y + quiet) * scale + dy) * size + (x + quiet) * scale + dx) * 4;
          pixels.fill(0, at, at + 3);
        }
      }
    }),
  );
  return jsQR(pixels, size, size)?.data;
}
