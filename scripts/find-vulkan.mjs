#!/usr/bin/env node
/**
 * Finds the adapter that Dawn (npm `webgpu`) gives the tests under Node, installs a software one where Debian lacks it,
 * and prints the environment that leads to it.
 *
 *   node scripts/find-vulkan.mjs                install what is missing; print the environment
 *   node scripts/find-vulkan.mjs --no-install   print the environment; fail where no adapter is found
 *   env $(node scripts/find-vulkan.mjs) node program-with-webgpu.mjs
 *
 * On Debian with CI set it is Mesa's llvmpipe, 25 or newer, whatever else there is. Elsewhere the order is: the driver that
 * VK_ICD_FILENAMES or VK_DRIVER_FILES names; a hardware GPU; on Debian llvmpipe, and nothing after it; on other systems any
 * adapter, and at last Chromium's SwiftShader with a warning, since it proves nothing that the browser's tests do not.
 */
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, realpathSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { installAtLeast, isDebian } from "./debian-packages.mjs";
import { locateChromium } from "./find-chromium.mjs";

const DRIVER_FOLDER = "/usr/share/vulkan/icd.d";
/** Mesa 22, which Debian 12 has, lacks what Dawn asks of a Vulkan driver. */
const OLDEST_MESA = 25;
const PROBE = fileURLToPath(new URL("probe-adapter.mjs", import.meta.url));

/**
 * The adapter for the tests and the environment variables that lead to it. Throws with a remedy where there is none.
 * Each candidate is tried in a process of its own, which a broken driver may take down.
 */
export function findVulkan({ install = false } = {}) {
  if (isDebian() && process.env.CI) return llvmpipe(install);
  const chosen = process.env.VK_DRIVER_FILES ?? process.env.VK_ICD_FILENAMES;
  const found = probe({});
  if (chosen && !found) {
    throw new Error(
      `find-vulkan: Dawn finds no adapter with the Vulkan driver ${chosen}. Correct or unset the variable.`,
    );
  }
  if (chosen || (found && !found.isSoftware)) return { environment: {}, adapter: found };
  if (isDebian()) return llvmpipe(install);
  if (found) return { environment: {}, adapter: found };
  return swiftShader();
}

function llvmpipe(install) {
  const present = installedLlvmpipe();
  if (mesaVersion(present?.adapter.name) >= OLDEST_MESA) return present;
  if (install) {
    console.error("find-vulkan: installing Mesa's llvmpipe");
    installAtLeast(OLDEST_MESA, "mesa-vulkan-drivers", "libvulkan1");
  }
  const installed = installedLlvmpipe();
  if (mesaVersion(installed?.adapter.name) >= OLDEST_MESA) return installed;
  throw new Error(
    `find-vulkan: the tests on Dawn need Mesa's llvmpipe ${OLDEST_MESA} or newer: ` +
      `expected its adapter, got ${installed?.adapter.name ?? "none"}. ` +
      "Run `node scripts/find-vulkan.mjs` as root: it installs mesa-vulkan-drivers (on Debian 12 from its backports).",
  );
}

/** Mesa's software adapter as it is installed, or undefined. */
function installedLlvmpipe() {
  const names = existsSync(DRIVER_FOLDER) ? readdirSync(DRIVER_FOLDER) : [];
  const manifest = names.find((name) => /^lvp_icd.*\.json$/.test(name));
  if (manifest === undefined) return undefined;
  const environment = { VK_ICD_FILENAMES: join(DRIVER_FOLDER, manifest) };
  const adapter = probe(environment);
  return adapter && { environment, adapter };
}

/** 25 of "llvmpipe: Mesa 25.0.7-2~bpo12+1 (LLVM 15.0.6)"; 0 for every other adapter. */
export function mesaVersion(adapterName = "") {
  return Number(/^llvmpipe: Mesa (\d+)\./.exec(adapterName)?.[1] ?? 0);
}

function swiftShader() {
  const browser = locateChromium();
  const environment = { VK_ICD_FILENAMES: join(dirname(realpathSync(browser ?? ".")), "vk_swiftshader_icd.json") };
  const adapter = browser && probe(environment);
  if (adapter) {
    console.error(
      "find-vulkan: WARNING: no driver here but Chromium's SwiftShader: no second implementation is tested",
    );
    return { environment, adapter };
  }
  throw new Error(
    "find-vulkan: Dawn finds no adapter: expected a Vulkan, Metal or Direct3D 12 driver. " +
      "Install one (Mesa's llvmpipe 25 or newer needs no GPU) and run the command again.",
  );
}

/** The default adapter of Dawn in this environment, `{ name, isSoftware }`, or undefined. */
function probe(environment) {
  const env = { ...process.env, ...environment };
  const { stdout, status } = spawnSync(process.execPath, [PROBE], { encoding: "utf8", env, timeout: 60_000 });
  return status === 0 ? JSON.parse(stdout) : undefined;
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  try {
    const { environment, adapter } = findVulkan({ install: !process.argv.includes("--no-install") });
    console.error(`adapter: ${adapter.name}`);
    console.log(
      Object.entries(environment)
        .map(([name, value]) => `${name}=${value}`)
        .join("\n"),
    );
  } catch (error) {
    console.error(error.message);
    process.exitCode = 1;
  }
}
