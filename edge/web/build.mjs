// Builds the web parts: TypeScript types from proto/ into gen/, bundles into dist/.
// Run by `node edge/web/build.mjs` from anywhere; needs the npm packages of the root, no network.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";

const require = createRequire(import.meta.url);
const web = dirname(fileURLToPath(import.meta.url));
const proto = join(web, "../../proto");
const gen = join(web, "gen");
const dist = join(web, "dist");

/** The program that an npm package installs under `name`. */
function program(pkg, name) {
  const manifest = require.resolve(`${pkg}/package.json`);
  return join(dirname(manifest), JSON.parse(readFileSync(manifest, "utf8")).bin[name]);
}

/** Generates gen/kefu from proto/kefu when the contract, or its generator, has changed. */
export function generate() {
  const plugin = program("@bufbuild/protoc-gen-es", "protoc-gen-es");
  const plugins = [
    { local: [process.execPath, plugin], out: gen, opt: ["target=ts", "json_types=true"] },
  ];
  const stamp = fingerprint(plugin);
  const stampFile = join(gen, "stamp");
  if (existsSync(stampFile) && readFileSync(stampFile, "utf8") === stamp) return;
  rmSync(join(gen, "kefu"), { recursive: true, force: true });
  mkdirSync(gen, { recursive: true });
  const template = JSON.stringify({ version: "v2", plugins });
  const buf = program("@bufbuild/buf", "buf");
  execFileSync(process.execPath, [buf, "generate", proto, "--path", join(proto, "kefu"), "--template", template], {
    stdio: "inherit",
  });
  writeFileSync(stampFile, stamp);
}

/** A hash of all that `generate` reads. */
function fingerprint(plugin) {
  const hash = createHash("sha256");
  hash.update(readFileSync(join(dirname(plugin), "../package.json")));
  const files = readdirSync(join(proto, "kefu"), { recursive: true }).sort();
  for (const file of files.filter((name) => name.endsWith(".proto"))) {
    hash.update(file).update(readFileSync(join(proto, "kefu", file)));
  }
  return hash.digest("hex");
}

/** Bundles the client library and the demo page. */
async function bundle() {
  rmSync(dist, { recursive: true, force: true });
  await build({
    entryPoints: [
      { in: join(web, "client/index.ts"), out: "client" },
      { in: join(web, "demo/demo.ts"), out: "demo" },
      { in: join(web, "demo/demo.css"), out: "demo" },
    ],
    outdir: dist,
    bundle: true,
    minify: true,
    format: "esm",
    target: ["es2022"],
    legalComments: "none",
    logLevel: "warning",
  });
  cpSync(join(web, "demo/demo.html"), join(dist, "index.html"));
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  generate();
  await bundle();
}
