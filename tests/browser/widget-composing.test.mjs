// Writing in the widget: by keyboard and input method, with files, pictures and a voice.
import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, test } from "node:test";
import { launch } from "./desk.mjs";
import { Host } from "./host.mjs";
import { Shop } from "./shop.mjs";
import { Widget } from "./widget.mjs";

const RULES = '[[rules]]\nname = "all"\nreply = "Noted."\n';
/** A picture of one pixel. */
const PNG = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
  "base64",
);

let host, browser, context, shop, widget;
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
  context = await browser.newContext({ permissions: ["microphone", "clipboard-read", "clipboard-write"] });
  shop.page = { script: `data-site="${await host.site(RULES)}"` };
  widget = await Widget.on(context, shop.url);
  await widget.open();
});
afterEach(() => context.close());

/** Puts files into a paste or a drop on the composer. */
function bring(event, files) {
  return widget.composer.evaluate(
    (composer, { event, files }) => {
      const data = new DataTransfer();
      for (const { name, type, bytes } of files)
        data.items.add(new File([new Uint8Array(bytes)], name, { type }));
      const init = { bubbles: true, cancelable: true, composed: true };
      const brought =
        event === "paste"
          ? new ClipboardEvent("paste", { ...init, clipboardData: data })
          : new DragEvent("drop", { ...init, dataTransfer: data });
      composer.dispatchEvent(brought);
    },
    { event, files: files.map(({ name, type, bytes }) => ({ name, type, bytes: [...bytes] })) },
  );
}

const picture = { name: "shirt.png", type: "image/png", bytes: PNG };

test("Enter chooses a Chinese word while it is composed, and sends it after", async () => {
  const devtools = await context.newCDPSession(widget.page);
  await widget.composer.focus();
  await devtools.send("Input.imeSetComposition", { text: "ni hao", selectionStart: 6, selectionEnd: 6 });
  await devtools.send("Input.dispatchKeyEvent", {
    type: "keyDown",
    key: "Enter",
    code: "Enter",
    windowsVirtualKeyCode: 229,
  });
  await devtools.send("Input.insertText", { text: "你好" });
  assert.equal(await widget.composer.inputValue(), "你好");
  assert.deepEqual(await widget.messages(), []);
  await widget.composer.press("Enter");
  await widget.shows("VISITOR", "你好");
});

test("Shift and Enter make a line, and the box grows with it", async () => {
  await widget.isStill();
  const low = (await widget.composer.boundingBox()).height;
  await widget.composer.pressSequentially("one");
  await widget.composer.press("Shift+Enter");
  await widget.composer.press("Shift+Enter");
  await widget.composer.pressSequentially("two");
  assert.ok((await widget.composer.boundingBox()).height > low);
  await widget.composer.press("Enter");
  await widget.shows("VISITOR", "two");
  assert.equal((await widget.messages())[0][2], "one\n\ntwo");
  assert.equal((await widget.composer.boundingBox()).height, low);
});

test("what is written is there after a reload, until it is sent", async () => {
  await widget.composer.fill("Half a thought");
  await widget.page.reload();
  await widget.panel.waitFor();
  assert.equal(await widget.composer.inputValue(), "Half a thought");
  await widget.composer.press("Enter");
  await widget.shows("VISITOR", "Half a thought");
  await widget.page.reload();
  await widget.shows("VISITOR", "Half a thought");
  assert.equal(await widget.composer.inputValue(), "");
});

test("the limit is told before it is passed, and holds", async () => {
  await widget.composer.fill("x".repeat(16_384 - 3));
  await widget.panel.getByText("3 characters left").waitFor();
  await widget.composer.fill("x".repeat(16_385));
  await widget.panel.getByText("1 character too many").waitFor();
  assert.ok(await widget.button("Send").isDisabled());
  await widget.composer.press("Enter");
  assert.deepEqual(await widget.messages(), []);
});

test("a picture that is pasted is sent and shown", async () => {
  await bring("paste", [picture]);
  const image = widget.panel.locator(".item[data-role=VISITOR] img");
  await image.waitFor();
  assert.equal(await image.getAttribute("alt"), "shirt.png");
  await widget.page.waitForFunction(
    () => document.querySelector("kefu-widget").shadowRoot.querySelector("img").naturalWidth === 1,
  );
});

test("files that are dropped are sent one after the other", async () => {
  const note = { name: "note.txt", type: "text/plain", bytes: Buffer.from("hello") };
  await bring("drop", [note, picture]);
  await widget.panel.getByRole("link", { name: /note.txt/ }).waitFor();
  await widget.panel.locator(".item img").waitFor();
  await widget.isAccessible("files");
});

test("an upload shows how far it is, and is called back", async () => {
  const devtools = await context.newCDPSession(widget.page);
  await devtools.send("Network.enable");
  await devtools.send("Network.emulateNetworkConditions", {
    offline: false,
    latency: 0,
    downloadThroughput: 1e6,
    uploadThroughput: 30_000,
  });
  await bring("paste", [{ name: "big.txt", type: "text/plain", bytes: Buffer.alloc(400_000, "x") }]);
  await widget.panel.getByRole("progressbar", { name: "big.txt" }).waitFor();
  await widget.page.waitForFunction(
    () => document.querySelector("kefu-widget").shadowRoot.querySelector("progress")?.value > 0,
  );
  await widget.isAccessible("an upload");
  await widget.button("Cancel big.txt").click();
  await widget.panel.getByRole("progressbar").waitFor({ state: "detached" });
  assert.deepEqual(await widget.messages(), []);
});

test("a file that is too large, or of no kind that is taken, is told and not sent", async () => {
  await widget.composer.evaluate((composer) => {
    const data = new DataTransfer();
    data.items.add(new File([new Uint8Array(10 * 1024 * 1024 + 1)], "film.mp4", { type: "video/mp4" }));
    composer.dispatchEvent(
      new ClipboardEvent("paste", { bubbles: true, cancelable: true, clipboardData: data }),
    );
  });
  await widget.panel.getByText("film.mp4 is larger than 10.5 MB.").waitFor();
  await bring("paste", [
    {
      name: "tool.exe",
      type: "application/x-msdownload",
      bytes: Buffer.from("MZ\x90\0\x03\0\0\0", "latin1"),
    },
  ]);
  await widget.panel.getByText("Files like tool.exe aren't taken.").waitFor();
  assert.deepEqual(await widget.messages(), []);
  await widget.isWhole("refused files");
});

test("a voice is recorded and sent, or thrown away", async () => {
  await widget.button("Voice message").click();
  await widget.panel.getByText("Recording… 0:00").waitFor();
  await widget.isAccessible("a recording");
  await widget.button("Discard recording").click();
  await widget.panel.getByText("Recording…").waitFor({ state: "detached" });
  await widget.button("Voice message").click();
  await widget.panel.getByText("Recording… 0:01").waitFor();
  await widget.button("Send recording").click();
  await widget.panel.locator(".item audio").waitFor();
});

test("an emoji goes where the cursor is", async () => {
  await widget.composer.fill("Good !");
  await widget.composer.press("ArrowLeft");
  await widget.button("Emoji").click();
  // The choice is a part of its own, which may take a moment.
  await widget.button("😀").waitFor();
  await widget.page.keyboard.press("ArrowRight");
  await widget.page.keyboard.press("Enter");
  assert.equal(await widget.composer.inputValue(), "Good 😄!");
});
