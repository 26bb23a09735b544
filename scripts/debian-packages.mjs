/**
 * Installs Debian packages, from the release or, where that has only an older version, from its backports.
 *
 * Backports come from wherever this machine gets Debian: the machine's own apt source with another suite's name, kept in a
 * temporary folder. The apt configuration of the machine stays as it is.
 */
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const RELEASE = "/etc/os-release";
const SOURCE_LIST = "/etc/apt/sources.list";
const SOURCE_PARTS = "/etc/apt/sources.list.d";

export function isDebian() {
  return existsSync(RELEASE) && /^ID=debian$/m.test(readFileSync(RELEASE, "utf8"));
}

/** Installs packages of the release. Tells whether that succeeded. */
export function installPackages(...names) {
  return asRoot("apt-get", "update") && install([], names);
}

/**
 * Installs packages, from the release's backports where the first of them is older than `major` in the release itself.
 * Tells whether that succeeded; the caller looks at what is there now.
 */
export function installAtLeast(major, ...names) {
  // An update that fails may still have left lists of use: what counts is whether the packages come.
  asRoot("apt-get", "update");
  const shown = spawnSync("apt-cache", ["show", "--no-all-versions", names[0]], { encoding: "utf8" }).stdout ?? "";
  if (majorVersion(/^Version: (.*)$/m.exec(shown)?.[1]) >= major) return install([], names);
  const codename = /^VERSION_CODENAME=(\w+)$/m.exec(readFileSync(RELEASE, "utf8"))?.[1];
  const source = sourceFiles()
    .map(({ path, text }) => backportsSource(path, text, codename))
    .find(Boolean);
  if (source === undefined) {
    console.error(
      `debian-packages: no apt source of this machine names the suite ${codename}, so its backports are unknown`,
    );
    return false;
  }
  const folder = mkdtempSync(join(tmpdir(), "luce-apt-"));
  // apt downloads as a user of its own, who has to get in here.
  chmodSync(folder, 0o755);
  const [parts, lists] = [join(folder, "sources.list.d"), join(folder, "lists")];
  mkdirSync(parts);
  mkdirSync(lists);
  if (existsSync(SOURCE_PARTS)) cpSync(SOURCE_PARTS, parts, { recursive: true });
  writeFileSync(join(parts, `luce-backports.${source.extension}`), source.text);
  const options = [
    ...["-o", `Dir::Etc::SourceParts=${parts}`, "-o", `Dir::State::Lists=${lists}`],
    // The machine's own cache of package lists stays untouched.
    ...["-o", "Dir::Cache::pkgcache=", "-o", "Dir::Cache::srcpkgcache="],
  ];
  asRoot("apt-get", ...options, "update");
  const installed = install([...options, "--target-release", `${codename}-backports`], names);
  asRoot("rm", "-rf", folder);
  return installed;
}

/** 25 of "1:25.0.7-2~bpo12+1": Debian's epoch and everything from the first dot on are left out. */
function majorVersion(version = "") {
  return Number(/^(?:\d+:)?(\d+)/.exec(version)?.[1] ?? 0);
}

/**
 * The source of backports that belongs to an apt source file, `{ text, extension }`, or undefined where the file has no
 * source of the release. Both of apt's formats: one line a source (`.list`) and stanzas (`.sources`).
 */
export function backportsSource(path, text, codename) {
  const suite = `${codename}-backports`;
  if (!path.endsWith(".sources")) {
    const line = new RegExp(`^[ \\t]*(deb[ \\t]+(?:\\[[^\\]]*\\][ \\t]*)?\\S+[ \\t]+)${codename}([ \\t].*)$`, "m").exec(
      text,
    );
    return line ? { text: `${line[1]}${suite}${line[2]}\n`, extension: "list" } : undefined;
  }
  const stanza = text
    .replace(/^#.*\n?/gm, "")
    .split(/\n\s*\n/)
    .map((each) => each.trim())
    .find((each) => isSourceOf(each, codename));
  if (stanza === undefined) return undefined;
  return {
    text: `${stanza.replace(/^Suites:.*$/m, `Suites: ${suite}`).replace(/^Types:.*$/m, "Types: deb")}\n`,
    extension: "sources",
  };
}

function isSourceOf(stanza, codename) {
  const words = (field) => (new RegExp(`^${field}:(.*)$`, "im").exec(stanza)?.[1] ?? "").trim().split(/\s+/);
  return words("Types").includes("deb") && words("Suites").includes(codename) && words("Enabled")[0] !== "no";
}

function sourceFiles() {
  const parts = existsSync(SOURCE_PARTS) ? readdirSync(SOURCE_PARTS).sort() : [];
  return [
    SOURCE_LIST,
    ...parts.filter((name) => /\.(list|sources)$/.test(name)).map((name) => join(SOURCE_PARTS, name)),
  ]
    .filter((path) => existsSync(path))
    .map((path) => ({ path, text: readFileSync(path, "utf8") }));
}

function install(options, names) {
  return asRoot("apt-get", ...options, "install", "--yes", "--no-install-recommends", ...names);
}

/** Runs a command as root, its output on stderr (stdout belongs to the caller's answer). Tells whether it succeeded. */
function asRoot(...command) {
  const sudo = process.getuid?.() === 0 ? [] : ["sudo", "--non-interactive"];
  const [program, ...args] = [...sudo, "env", "DEBIAN_FRONTEND=noninteractive", ...command];
  return spawnSync(program, args, { stdio: ["ignore", 2, 2] }).status === 0;
}
