// Builds web/dist: one script, one style sheet, one icon sprite, fonts, and a manifest.
//
// File names stay plain so that pages and the gallery can name them; the manifest
// adds a content hash as a query ("app.css" -> "app.css?v=1f2e3d4c"), so that the
// server may let browsers keep each address for ever. Nothing here downloads.

import { createHash } from "node:crypto";
import { cp, mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const source = join(here, "src");
const dist = join(here, "dist");

// Windows 7 stops at Chrome 109; ESR 115 and Safari 15 are the other old ones still met in offices.
const target = ["chrome109", "firefox115", "safari15"];

/** Compiles `icons/*.svg` into one sprite whose symbols carry the file names as ids. */
async function sprite() {
  const folder = join(source, "icons");
  const names = (await readdir(folder)).filter((name) => name.endsWith(".svg")).sort();
  const symbols = await Promise.all(
    names.map(async (name) => {
      const inner = /<svg[^>]*>([\s\S]*)<\/svg>/.exec(await readFile(join(folder, name), "utf8"));
      if (!inner) throw new Error(`${name}: no <svg> element`);
      const id = name.slice(0, -".svg".length);
      return `<symbol id="${id}" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="1.75" stroke-linecap="round" stroke-linejoin="round">${inner[1].trim()}</symbol>`;
    }),
  );
  return `<svg xmlns="http://www.w3.org/2000/svg">\n${symbols.join("\n")}\n</svg>\n`;
}

/** Returns "name" -> "name?v=hash" for every file that a page may ask for. */
async function manifest() {
  const entries = {};
  for (const name of (await readdir(dist)).sort()) {
    const hash = createHash("sha256").update(await readFile(join(dist, name))).digest("hex");
    entries[name] = `${name}?v=${hash.slice(0, 12)}`;
  }
  return `${JSON.stringify(entries, null, 2)}\n`;
}

await rm(dist, { recursive: true, force: true });
await mkdir(dist, { recursive: true });
await build({
  entryPoints: [join(source, "app.js"), join(source, "theme.js"), join(source, "app.css")],
  outdir: dist,
  bundle: true,
  minify: true,
  legalComments: "none",
  format: "iife",
  target,
  loader: { ".woff2": "file" },
  assetNames: "[name]-[hash]",
  logLevel: "warning",
});
await writeFile(join(dist, "icons.svg"), await sprite());
await cp(join(source, "static"), dist, { recursive: true });
await writeFile(join(dist, "manifest.json"), await manifest());
