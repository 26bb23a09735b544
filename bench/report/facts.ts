/** What a table is worth nothing without: machine, versions, commit, date. Read under Node. */
import { execFileSync } from "node:child_process";
import { cpus, totalmem } from "node:os";
import bench from "../package.json" with { type: "json" };

export interface Facts {
  readonly date: string;
  /** The commit of the working tree, with `+` where files differed from it. */
  readonly commit: string;
  /** Chromium or Node, with its version. */
  readonly runtime: string;
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  /** Packages compared with, as they are pinned. */
  readonly versions: Readonly<Record<string, string>>;
}

export function factsOf(runtime: string, commit: string): Facts {
  const processors = cpus();
  return {
    date: new Date().toISOString(),
    commit,
    runtime,
    cpu: processors[0]?.model.trim() ?? "unknown",
    cores: processors.length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    versions: bench.dependencies,
  };
}

/** The commit of the folder's working tree, or "unknown" outside of one. */
export function commitOf(folder: string): string {
  try {
    const git = (...words: string[]): string => execFileSync("git", words, { cwd: folder, encoding: "utf8" }).trim();
    return git("rev-parse", "--short", "HEAD") + (git("status", "--porcelain") === "" ? "" : "+");
  } catch {
    return "unknown";
  }
}
