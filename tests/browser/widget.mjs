// The widget as its visitors use it. Locators reach into its shadow tree by themselves.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { PATIENCE } from "./desk.mjs";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

export class Widget {
  /** What the page threw, and wrote to its console as errors. */
  faults = [];

  constructor(page) {
    this.page = page;
    page.setDefaultTimeout(PATIENCE);
    page.on("pageerror", (error) => this.faults.push(error.stack));
    this.launcher = page.locator("kefu-widget .launcher");
    this.panel = page.locator("kefu-widget .panel");
    this.composer = this.panel.locator(".box textarea");
    this.log = this.panel.locator("ol.log");
  }

  /** A page with the widget, in a tab of its own. */
  static async on(context, url) {
    const widget = new Widget(await context.newPage());
    await widget.page.goto(url);
    return widget;
  }

  /** Opens the chat by its launcher, and waits until it is there. */
  async open() {
    await this.launcher.click();
    await this.panel.waitFor();
    await this.panel.locator(".ghost").first().waitFor({ state: "detached" });
  }

  async say(text) {
    await this.composer.fill(text);
    await this.composer.press("Enter");
  }

  item(role, text, state = "stored") {
    return this.panel
      .locator(`.item[data-role=${role}][data-state=${state}]`)
      .filter({ hasText: text })
      .first();
  }

  shows(role, text, state) {
    return this.item(role, text, state).waitFor();
  }

  /** The messages as role, state and text. */
  messages() {
    return this.panel
      .locator(".item")
      .evaluateAll((items) =>
        items.map((item) => [
          item.dataset.role,
          item.dataset.state,
          item.querySelector(".bubble").textContent,
        ]),
      );
  }

  button(name) {
    return this.panel.getByRole("button", { name, exact: true });
  }

  /** Opens a page of the menu. */
  async choose(name) {
    await this.panel.locator(".header [aria-haspopup]").click();
    await this.panel.getByRole("menuitem", { name }).click();
  }

  /** Waits until nothing moves that will ever stand still: it has no colour and no place yet. */
  isStill() {
    return this.page.evaluate(() => {
      const moving = document.querySelector("kefu-widget")?.shadowRoot.getAnimations() ?? [];
      const ending = moving.filter((one) => one.effect.getTiming().iterations !== Infinity);
      return Promise.allSettled(ending.map((one) => one.finished)).then(() => {});
    });
  }

  /** Asserts that axe has nothing to say of the widget. */
  async isAccessible(state) {
    if (!(await this.page.evaluate(() => "axe" in window))) await this.page.evaluate(AXE);
    await this.isStill();
    const { violations } = await this.page.evaluate(() => window.axe.run("kefu-widget"));
    const found = violations.map(
      ({ id, nodes }) =>
        `${id}: ${nodes.map(({ html, any }) => `${html} ${any[0]?.message ?? ""}`).join("; ")}`,
    );
    assert.deepEqual(found, [], `axe in ${state}`);
  }

  /** Asserts that nothing hangs over the window, and nothing went wrong. */
  async isWhole(state) {
    await this.isStill();
    const over = await this.page.evaluate(() => {
      const panel = document.querySelector("kefu-widget")?.shadowRoot.querySelector(".panel");
      if (!panel || panel.hidden) return 0;
      const { left, right, top, bottom } = panel.getBoundingClientRect();
      const outside = Math.max(
        -left,
        right - innerWidth,
        -top,
        bottom - innerHeight,
        panel.scrollWidth - panel.clientWidth,
      );
      return Math.round(outside);
    });
    assert.ok(over <= 0, `${state}: ${over} pixels hang over`);
    assert.deepEqual(this.faults, [], state);
  }
}
