// The demo page as its visitors use it.
import assert from "node:assert/strict";
import { chromium } from "playwright-core";

/** Milliseconds that anything may take that has no limit of its own. */
export const PATIENCE = 20_000;

export function launch() {
  // A microphone that beeps, for voice messages.
  const microphone = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"];
  return chromium.launch({ executablePath: process.env.CHROMIUM, args: ["--no-sandbox", ...microphone] });
}

/** The demo page in one tab. */
export class Desk {
  /** What the page wrote to its console as errors, and what it threw. */
  faults = [];

  constructor(page) {
    this.page = page;
    page.setDefaultTimeout(PATIENCE);
    page.on("pageerror", (error) => this.faults.push(String(error)));
  }

  /** Opens the page of a site; `query` is more of its address. */
  static async open(context, host, site, query = "") {
    const desk = new Desk(await context.newPage());
    await desk.page.goto(`${host.url}/?site=${site}${query}`);
    await desk.status("online");
    return desk;
  }

  status(status) {
    return this.page.locator(`[data-testid=status][data-status=${status}]`).waitFor();
  }

  async say(text) {
    await this.page.getByTestId("composer").fill(text);
    await this.page.getByTestId("composer").press("Enter");
  }

  /** Waits until an item of this role and state has a text that begins like this. */
  shows(role, text, state = "stored") {
    const item = `[data-testid=item][data-role=${role}][data-state=${state}]`;
    return this.page.locator(item).filter({ hasText: text }).first().waitFor();
  }

  /** Waits until the text being written is at least this long. */
  async writes(least) {
    await this.page.waitForFunction((least) => {
      const item = document.querySelector("[data-testid=item][data-state=streaming] .bubble");
      return (item?.textContent.length ?? 0) >= least;
    }, least);
  }

  /** The items as role, state and text. */
  items() {
    return this.page.locator("[data-testid=item]").evaluateAll((items) =>
      items.map((item) => [
        item.dataset.role,
        item.dataset.state,
        item.querySelector(".bubble")?.textContent ?? item.textContent,
      ]),
    );
  }

  /** The log as the server has it, in the same form. */
  async log() {
    const events = await this.page.evaluate(async () => {
      const key = Object.keys(localStorage).find((key) => key.startsWith("kefu:session:"));
      const { token, conversation } = JSON.parse(localStorage.getItem(key));
      const answered = await fetch(`/v1/conversations/${conversation.id}/events?after=0`, {
        headers: { authorization: `Bearer ${token}` },
      });
      return (await answered.json()).events;
    });
    return events.map(({ message }) => [message.author.role, "stored", message.body.text.text]);
  }

  /** Asserts that the page shows the log, no more and no less, and that nothing went wrong. */
  async equalsLog() {
    assert.deepEqual(await this.items(), await this.log());
    assert.deepEqual(this.faults, []);
  }
}
