// Runs the browser tests: `node tests/browser/run.mjs [name…]`, after `cargo xtask build`.
//
// CHROMIUM names the browser (a program in PATH, or a file); KEFU_SCREENSHOTS a folder to keep the
// screenshots in, which are thrown away otherwise.
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, isAbsolute, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, "../..");

/** The file of a program that may be named without its folder. */
function fileOf(program) {
  if (isAbsolute(program)) return program;
  const folders = (process.env.PATH ?? "").split(delimiter);
  const found = folders.map((folder) => join(folder, program)).find(existsSync);
  if (!found) throw new Error(`${program} is not in PATH: CHROMIUM names the browser`);
  return found;
}

/** The program that starts hosts, built if it is not. */
function hostProgram() {
  const build = ["build", "--package", "kefu-turns", "--bin", "kefu-turns-host", "--message-format", "json"];
  const cargo = process.env.CARGO ?? "cargo";
  const { status, stdout } = spawnSync(cargo, build, {
    cwd: root,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
    maxBuffer: 64 * 1024 * 1024,
  });
  if (status !== 0) process.exit(status ?? 1);
  const built = stdout.split("\n").filter(Boolean).map((line) => JSON.parse(line));
  return built.findLast((message) => message.executable)?.executable;
}

const names = process.argv.slice(2);
const all = readdirSync(here).filter((name) => name.endsWith(".test.mjs")).sort();
const wanted = all.filter((file) => !names.length || names.includes(file.replace(".test.mjs", "")));
const screenshots = process.env.KEFU_SCREENSHOTS ?? mkdtempSync(join(tmpdir(), "kefu-screenshots-"));
const environment = {
  ...process.env,
  CHROMIUM: fileOf(process.env.CHROMIUM ?? "chromium"),
  KEFU_HOST_PROGRAM: hostProgram(),
  KEFU_SCREENSHOTS: screenshots,
};
// One file at a time: a browser wants a core for itself.
const test = ["--test", "--test-concurrency=1", ...wanted.map((file) => join(here, file))];
const { status } = spawnSync(process.execPath, test, { stdio: "inherit", env: environment });
if (!process.env.KEFU_SCREENSHOTS) rmSync(screenshots, { recursive: true, force: true });
process.exit(status ?? 1);
