#!/usr/bin/env node
/**
 * Finds a Chromium for the browser tests, or installs one, and prints its path.
 *
 *   node scripts/find-chromium.mjs             print the path; install a browser when none is there
 *   node scripts/find-chromium.mjs --no-install   print the path; fail when none is there
 *
 * Order: $CHROMIUM, a Chromium or Chrome of this machine, the one Playwright downloaded before, a new installation.
 */
import { spawnSync } from "node:child_process";
import { accessSync, constants, realpathSync } from "node:fs";
import { createRequire } from "node:module";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright";
import { installPackages, isDebian } from "./debian-packages.mjs";

const COMMAND_NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
const MAC_PATHS = [
  "/Applications/Chromium.app/Contents/MacOS/Chromium",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
];
const WINDOWS_PATHS = ["Google\\Chrome\\Application\\chrome.exe", "Chromium\\Application\\chrome.exe"];

/** The path of a Chromium that is already on this machine, or undefined. */
export function locateChromium() {
  const chosen = process.env.CHROMIUM;
  if (chosen) {
    if (isExecutable(chosen)) return chosen;
    throw new Error(`find-chromium: CHROMIUM is set to ${chosen}: expected an executable file. Correct or unset it.`);
  }
  return [...systemPaths(), chromium.executablePath()].find(isUsable);
}

/** The path of a Chromium, installed first where the machine has none. Throws with the remedies when that fails. */
export function ensureChromium() {
  const present = locateChromium();
  if (present) return present;
  // Playwright's download lacks its shared libraries on a bare Debian, while Debian's own package brings them.
  const attempts = isDebian() ? [installDebianPackage, installWithPlaywright] : [installWithPlaywright];
  for (const install of attempts) {
    install();
    const installed = locateChromium();
    if (installed) return installed;
  }
  throw new Error(
    [
      "find-chromium: no Chromium was found and none could be installed: expected a Chromium or Chrome, version 113 or newer.",
      "Do one of these and run the command again:",
      "  - set CHROMIUM to the path of a Chromium or Chrome;",
      "  - install one: `apt-get install chromium` (Debian), `brew install --cask chromium` (macOS), Chrome (Windows);",
      "  - where there is internet: `npx playwright install --with-deps chromium`.",
    ].join("\n"),
  );
}

function systemPaths() {
  const folders = (process.env.PATH ?? "").split(delimiter).filter(Boolean);
  const onPath = COMMAND_NAMES.flatMap((name) => folders.map((folder) => join(folder, name)));
  if (process.platform === "darwin") return [...onPath, ...MAC_PATHS];
  if (process.platform !== "win32") return onPath;
  const roots = [process.env.ProgramFiles, process.env["ProgramFiles(x86)"], process.env.LOCALAPPDATA].filter(Boolean);
  return roots.flatMap((root) => WINDOWS_PATHS.map((path) => join(root, path)));
}

/** Ubuntu's `chromium-browser` may be a stub that only points to a snap: what cannot tell its version is no browser. */
function isUsable(path) {
  if (!isExecutable(path)) return false;
  if (process.platform === "win32") return true; // chrome.exe --version opens a window there
  return spawnSync(path, ["--version"], { stdio: "ignore", timeout: 60_000 }).status === 0;
}

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function installDebianPackage() {
  console.error("find-chromium: no Chromium here, installing Debian's package");
  installPackages("chromium");
}

function installWithPlaywright() {
  const canInstallLibraries = process.platform === "linux" && process.getuid?.() === 0;
  const command = join(dirname(createRequire(import.meta.url).resolve("playwright/package.json")), "cli.js");
  console.error("find-chromium: no Chromium here, asking Playwright to download one");
  run([process.execPath, command, "install", ...(canInstallLibraries ? ["--with-deps"] : []), "chromium"]);
}

/** Runs a command with its output on stderr (stdout carries nothing but the path) and tells whether it succeeded. */
function run([command, ...args]) {
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  return spawnSync(command, args, { stdio: ["ignore", 2, 2], env }).status === 0;
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  try {
    const path = process.argv.includes("--no-install") ? locateChromium() : ensureChromium();
    if (!path) throw new Error("find-chromium: no Chromium on this machine. Run `node scripts/find-chromium.mjs`.");
    console.log(path);
  } catch (error) {
    console.error(error.message);
    process.exitCode = 1;
  }
}
