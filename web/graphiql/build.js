// Bundles GraphiQL for app/graphql/transport/graphiql/static: everything that the page loads, and the licences of what is in it.
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";

const STATIC = "../../app/graphql/transport/graphiql/static";
const SOURCES = ["package-lock.json", "account.js", "build.js", "fetcher.js", "main.jsx", "page.css", "subscription.js", "workers.js"];

const BUNDLE = {
  outdir: STATIC,
  assetNames: "[name]",
  bundle: true,
  define: { "process.env.NODE_ENV": '"production"' },
  jsx: "automatic",
  legalComments: "none",
  loader: { ".ttf": "file" },
  logLevel: "warning",
  metafile: true,
  minify: true,
  target: "es2022",
};

rmSync(STATIC, { recursive: true, force: true });
const page = await build({ ...BUNDLE, entryPoints: { account: "account.js", main: "main.jsx" }, format: "esm" });
const workers = await build({
  ...BUNDLE,
  entryPoints: {
    "editor.worker": "monaco-editor/esm/vs/editor/editor.worker.js",
    "graphql.worker": "monaco-graphql/esm/graphql.worker.js",
    "json.worker": "monaco-editor/esm/vs/language/json/json.worker.js",
  },
  // Monaco starts them as classic scripts.
  format: "iife",
});
const inputs = [page, workers].flatMap(({ metafile }) => Object.keys(metafile.inputs));
writeFileSync(join(STATIC, "LICENSES.txt"), readLicences(inputs));
writeFileSync(join(STATIC, "built-from.txt"), SOURCES.map((name) => `${hash(name)}  ${name}\n`).join(""));

function readLicences(inputs) {
  const folders = [...new Set(inputs.map(findPackage).filter(Boolean))].sort();
  return [
    "The files beside this one hold these packages.\n",
    ...folders.map(readLicence),
    "Fonts inside main.css: Roboto (Apache-2.0) and Fira Code (SIL Open Font License 1.1), as @graphiql/react ships them.\n",
  ].join(`\n${"-".repeat(80)}\n\n`);
}

function findPackage(input) {
  return input.match(/^.*node_modules\/(?:@[^/]+\/)?[^/]+/)?.[0];
}

function readLicence(folder) {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  const files = readdirSync(folder).filter((file) => /^(licen[cs]e|notice|thirdpartynotices)/i.test(file)).sort();
  const texts = files.map((file) => readFileSync(join(folder, file), "utf8").trim());
  return [`${name} ${version} (${license})`, ...texts].join("\n\n") + "\n";
}

function hash(name) {
  return createHash("sha256").update(readFileSync(name)).digest("hex");
}
