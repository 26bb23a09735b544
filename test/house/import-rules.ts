/**
 * The rules of the house, as functions that list what breaks them. Imports run one way:
 * errors, random, known-options, half-float → ops (and shaders) → engine → losses, solvers, data, formats, storage → metrics → model → index.
 */
import { importsOf, type SourceFile, withoutComments } from "../support/source-tree.js";

/** The rooms: a folder of src, one of its single files, `shaders`, or the door; and which other rooms each may import. */
const ROOMS_BELOW: Readonly<Record<string, readonly string[]>> = {
  errors: [],
  random: ["errors"],
  "known-options": ["errors"],
  "half-float": [],
  shaders: [],
  // What a caller gives is checked once, at the door, which stands by itself: engine and model both take from it.
  door: ["errors", "half-float"],
  ops: ["errors", "random", "half-float", "shaders"],
  engine: ["errors", "random", "known-options", "half-float", "ops", "door"],
  losses: ["errors", "random", "half-float", "ops", "door", "engine", "solvers", "data", "formats"],
  solvers: ["errors", "random", "half-float", "ops", "door", "engine", "losses", "data", "formats"],
  data: ["errors", "random", "known-options", "half-float", "ops", "door", "engine", "losses", "solvers", "formats"],
  formats: ["errors", "random", "known-options", "half-float", "ops", "door", "engine", "losses", "solvers", "data"],
  // Keeps bytes under names: no model, no device.
  storage: ["errors"],
  // Judges labels and probabilities wherever they come from: no model, no device.
  metrics: ["errors", "known-options", "half-float", "door", "data"],
  model: [
    "errors",
    "random",
    "known-options",
    "half-float",
    "ops",
    "door",
    "engine",
    "losses",
    "solvers",
    "data",
    "formats",
    "storage",
    "metrics",
  ],
  // The checks for anybody's classifier stand by themselves.
  testing: [],
  index: [
    "errors",
    "random",
    "half-float",
    "ops",
    "door",
    "engine",
    "losses",
    "solvers",
    "data",
    "formats",
    "storage",
    "metrics",
    "model",
  ],
};

/** Asks for the room of a path; undefined for a package or for a path that no rule knows. */
export type Plan = (path: string) => string | undefined;

/** The plan of a house: the door is src/data/matrix.ts with the files of src/data that it needs. */
export function planOf(files: readonly SourceFile[]): Plan {
  const door = new Set<string>(["src/data/matrix.ts"]);
  for (const path of door) {
    const file = files.find((candidate) => candidate.path === path);
    const neighbours = file === undefined ? [] : importsOf(file).filter((imported) => imported.startsWith("src/data/"));
    for (const neighbour of neighbours) door.add(neighbour);
  }
  return (path) => {
    if (door.has(path)) return "door";
    const match = /^(?:src\/([^/.]+)(?:\/.*|\.ts)|(shaders)\/.*)$/.exec(path);
    const name = match?.[1] ?? match?.[2];
    return name !== undefined && name in ROOMS_BELOW ? name : undefined;
  };
}

/** One line for each import that runs against the order, or that leaves the house. */
export function importFaults(files: readonly SourceFile[]): string[] {
  const plan = planOf(files);
  return files.flatMap((file) => {
    const room = plan(file.path);
    if (room === undefined) return [`${file.path}: lies in no known folder of src`];
    const allowed = ROOMS_BELOW[room] as readonly string[];
    return importsOf(file).flatMap((imported) => {
      const target = plan(imported);
      if (target === undefined) return [`${file.path}: imports ${imported}, which is no part of src`];
      if (target === room || allowed.includes(target)) return [];
      return [`${file.path}: ${room} may not import ${target} (${imported})`];
    });
  });
}

/** The names of WebGPU that stand in a file outside src/engine/webgpu. Error codes such as GPU_LOST are not among them. */
export function webgpuNames(file: SourceFile): string[] {
  if (file.path.startsWith("src/engine/webgpu/")) return [];
  return [...new Set(withoutComments(file.text).match(/\bGPU[A-Z][a-z]\w*|\bnavigator\??\.gpu\b/g) ?? [])];
}

/** The files that have more than `limit` lines. */
export function longFiles(files: readonly SourceFile[], limit: number): string[] {
  return files
    .map((file) => ({ path: file.path, lines: file.text.replace(/\n$/, "").split("\n").length }))
    .filter(({ lines }) => lines > limit)
    .map(({ path, lines }) => `${path}: ${lines} lines`);
}
