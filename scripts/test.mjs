#!/usr/bin/env node
/**
 * `npm test`: everything that says whether the project is whole, runner after runner.
 *
 *   npm test                  all runners
 *   npm test -- unit gpu      only these (their names are the keys below)
 *
 * Each runner's output is shown as it comes. The last line is `N passed, N failed` over all of them, and the exit code is
 * 1 where anything failed. A skipped test counts as failed, and so does a runner that ran nothing.
 */
import { spawn } from "node:child_process";
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { ensureChromium } from "./find-chromium.mjs";
import { findVulkan } from "./find-vulkan.mjs";
import { countTests } from "./test-counts.mjs";

const ROOT = join(dirname(fileURLToPath(import.meta.url)), "..");
const REPORTS = join(ROOT, "node_modules/.cache/luce-test");
const LONGEST_RUN_MS = 45 * 60_000;
const require = createRequire(import.meta.url);

/** Runners by name, in order: the cheap ones first, and what builds before what looks at the built. */
const RUNNERS = {
  lint: command("@biomejs/biome", "biome", "check", "."),
  types: command("typescript", "tsc", "--noEmit"),
  build: command("vite", "vite", "build"),
  declarations: command("typescript", "tsc", "-p", "tsconfig.build.json"),
  publint: command("publint", "publint", "--strict"),
  attw: command("@arethetypeswrong/cli", "attw", "--pack", ".", "--profile", "esm-only"),
  unit: project("unit"),
  dawn: onDawn(project("dawn", "dawn-subgroups")),
  gpu: inTurn(sideBySide(project("gpu-kernels"), project("gpu-models")), project("gpu-alone")),
  mnist: project("mnist"),
  "demo-build": command("vite", "vite", "build", "demo"),
  e2e: project("e2e"),
};

const chosen = process.argv.slice(2);
const unknown = chosen.filter((name) => !(name in RUNNERS));
if (unknown.length > 0) {
  console.error(
    `test: no runner is called ${unknown.join(", ")}: expected some of ${Object.keys(RUNNERS).join(", ")}.`,
  );
  process.exit(2);
}

let passed = 0;
let failed = 0;
const lines = [];
record("chromium", await findsChromium());
for (const [name, runner] of Object.entries(RUNNERS)) {
  if (chosen.length > 0 && !chosen.includes(name)) continue;
  console.log(`\n──── ${name}`);
  const startMs = performance.now();
  const counts = await runner();
  record(name, counts, (performance.now() - startMs) / 1000);
}
console.log(`\n${lines.join("\n")}`);
process.exitCode = failed > 0 ? 1 : 0;
console.log(`${passed} passed, ${failed} failed`);

function record(name, counts, seconds = 0) {
  passed += counts.passed;
  failed += counts.failed;
  lines.push(`${name.padEnd(14)}${counts.passed} passed, ${counts.failed} failed (${seconds.toFixed(0)} s)`);
}

function findsChromium() {
  try {
    console.log(`Chromium: ${ensureChromium()}`);
    return { passed: 1, failed: 0 };
  } catch (error) {
    console.error(error.message);
    return { passed: 0, failed: 1 };
  }
}

/** A runner that is one test: the command of a package ends with 0 or it does not. */
function command(packageName, binary, ...args) {
  return async () =>
    (await exitCode(packageName, binary, args)) === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 };
}

/** A runner of tests on Dawn under Node; installs the software adapter that it needs where it can, and fails where not. */
function onDawn(runner) {
  return async () => {
    try {
      findVulkan({ install: true });
    } catch (error) {
      console.error(error.message);
      return { passed: 0, failed: 1 };
    }
    return runner();
  };
}

/** A runner that is one Vitest project, or some side by side; the tests are counted from Vitest's own report. */
function project(...names) {
  return async () => {
    const file = join(REPORTS, `${names[0]}.json`);
    mkdirSync(REPORTS, { recursive: true });
    rmSync(file, { force: true });
    const args = [
      "run",
      ...names.flatMap((name) => ["--project", name]),
      "--reporter=default",
      "--reporter=json",
      `--outputFile.json=${file}`,
    ];
    const code = await exitCode("vitest", "vitest", args);
    return countTests(readReport(file), code);
  };
}

/** A runner that is several, one after the other. */
function inTurn(...runners) {
  return async () => {
    const counts = [];
    for (const runner of runners) counts.push(await runner());
    return sumOf(counts);
  };
}

/** A runner that is several at a time: what they print goes mixed. */
function sideBySide(...runners) {
  return async () => sumOf(await Promise.all(runners.map((runner) => runner())));
}

function sumOf(counts) {
  const sum = { passed: 0, failed: 0 };
  for (const each of counts) {
    sum.passed += each.passed;
    sum.failed += each.failed;
  }
  return sum;
}

function readReport(file) {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch {
    return undefined;
  }
}

/** Runs a package's command with this Node, without a shell, its output going straight to ours. */
function exitCode(packageName, binary, args) {
  const manifestPath = join(ROOT, "node_modules", packageName, "package.json");
  const { bin } = require(manifestPath);
  const script = join(dirname(manifestPath), typeof bin === "string" ? bin : bin[binary]);
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [script, ...args], { cwd: ROOT, stdio: "inherit", timeout: LONGEST_RUN_MS });
    child.on("error", (error) => {
      console.error(error.message);
      resolve(1);
    });
    child.on("exit", (code, signal) => {
      if (signal) console.error(`${binary} was ended by ${signal} (the limit is ${LONGEST_RUN_MS / 60_000} minutes)`);
      resolve(code ?? 1);
    });
  });
}
