// Builds the web parts: TypeScript types from proto/ into gen/, bundles into dist/.
// Run by `node edge/web/build.mjs` from anywhere; needs the npm packages of the root, no network.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build, transform } from "esbuild";

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

/** What all bundles have in common. */
const common = {
  bundle: true,
  minify: true,
  format: "esm",
  target: ["es2022"],
  charset: "utf8",
  legalComments: "none",
  logLevel: "warning",
  outdir: dist,
};

/** Style sheets of the widget are texts in its modules: it lives in shadow trees. */
const styleTexts = {
  name: "style-texts",
  setup({ onLoad }) {
    onLoad({ filter: /widget.*\.css$/ }, async ({ path }) => {
      const { code } = await transform(readFileSync(path, "utf8"), { loader: "css", minify: true });
      return { contents: code, loader: "text" };
    });
  },
};

/** Bundles the client library, the demo page and the widget. */
async function bundle() {
  rmSync(dist, { recursive: true, force: true });
  await build({
    ...common,
    entryPoints: [
      { in: join(web, "client/index.ts"), out: "client" },
      { in: join(web, "client/proof.ts"), out: "proof" },
      { in: join(web, "demo/demo.ts"), out: "demo" },
      { in: join(web, "demo/demo.css"), out: "demo" },
    ],
  });
  cpSync(join(web, "demo/demo.html"), join(dist, "index.html"));
  await bundleWidget();
}

/** Each part of the widget is a file of its own, loaded when it is needed. */
async function bundleWidget() {
  const widget = join(web, "widget");
  const options = {
    ...common,
    plugins: [styleTexts],
    define: { KEFU_VERSION: JSON.stringify(hashOf(widget, join(web, "client"))) },
  };
  const modules = ["chat.ts", ...modulesIn(widget, "parts"), ...modulesIn(widget, "texts")];
  const entry = (file) => ({ in: join(widget, file), out: `widget/${file.replace(".ts", "")}` });
  await build({ ...options, entryPoints: modules.map(entry) });
  const loader = { in: join(widget, "loader.ts"), out: "widget" };
  await build({ ...options, format: "iife", entryPoints: [loader] });
  for (const page of ["chat.html", "example.html"]) cpSync(join(widget, page), join(dist, page));
}

/** The modules of a folder of the widget; one with parts of its own has them in a folder beside. */
function modulesIn(widget, folder) {
  const files = readdirSync(join(widget, folder)).filter((name) => name.endsWith(".ts"));
  return files.map((name) => `${folder}/${name}`);
}

/** A short hash of all files below some folders. */
function hashOf(...folders) {
  const hash = createHash("sha256");
  for (const folder of folders) {
    const names = readdirSync(folder, { recursive: true, withFileTypes: true });
    const files = names.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
    for (const file of files.sort()) hash.update(readFileSync(file));
  }
  return hash.digest("hex").slice(0, 8);
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  generate();
  await bundle();
}
