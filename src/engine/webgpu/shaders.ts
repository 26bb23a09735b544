/**
 * The WGSL of every kernel, by name: all files of `shaders/`. A page with a GPU loads a few at once and the others in groups, each with
 * the first kernel that is in it.
 */
import { KernelError } from "../../errors.js";
import type { Kernel } from "../../ops/op.js";
import { files as first } from "./shader-groups/first-shaders.js";

type Files = Readonly<Record<string, string>>;

interface Group {
  /** The names of its files: those that no group before it has. */
  readonly names: RegExp;
  readonly load: () => Promise<{ readonly files: Files }>;
}

const GROUPS: readonly Group[] = [
  { names: /^matmul_(?:rows|columns|broadcasts)/, load: () => import("./shader-groups/narrow-product-shaders.js") },
  { names: /^matmul/, load: () => import("./shader-groups/wide-product-shaders.js") },
  {
    names:
      /^(?:choose_step|cross_entropy_step|finish_gradient|judge_point|line_search|next_direction|stack_products|two_loop|(?:cross_entropy|solver)\/.*)$/,
    load: () => import("./shader-groups/lbfgs-shaders.js"),
  },
  {
    names: /^(?:clip_gradient|cross_entropy|gather_rows|gather_values|summarize|linear_.*|update.*)$/,
    load: () => import("./shader-groups/minibatches-shaders.js"),
  },
  { names: /^/, load: () => import("./shader-groups/seldom-shaders.js") },
];

/** What is there, by `./name.wgsl`. */
const files: Record<string, string> = { ...first };
const loading = new Map<Group, Promise<void>>();
const loaded = new Set<Group>();
/** Kernels of which nothing is missing. */
const whole = new WeakSet<Kernel>();

const pathOf = (name: string): string => `./${name}.wgsl`;
const namesOf = ({ name, files = [name] }: Kernel): readonly string[] => files;

/**
 * Undefined when the kernel's files are there; else the promise that they come. It rejects with a KernelError SHADER_UNAVAILABLE when they
 * cannot be loaded, and who asks again tries again.
 */
export function loadShaders(kernel: Kernel): Promise<void> | undefined {
  if (whole.has(kernel)) return undefined;
  const missing = kernel.code === undefined ? namesOf(kernel).filter((name) => !(pathOf(name) in files)) : [];
  const groups = missing.map((name) => GROUPS.find(({ names }) => names.test(name)) as Group);
  const coming = [...new Set(groups)].filter((group) => !loaded.has(group)).map(load);
  if (coming.length > 0) return Promise.all(coming).then(() => undefined);
  whole.add(kernel);
  return undefined;
}

/** Loads every group. @throws KernelError SHADER_UNAVAILABLE */
export async function loadAllShaders(): Promise<void> {
  await Promise.all(GROUPS.map(load));
}

function load(group: Group): Promise<void> {
  const known = loading.get(group);
  if (known) return known;
  const coming = group.load().then(
    (module) => {
      Object.assign(files, module.files);
      loaded.add(group);
    },
    (cause: unknown) => {
      loading.delete(group);
      throw new KernelError(
        "SHADER_UNAVAILABLE",
        "engine: a file with shaders could not be loaded: expected it beside the library's other files, got " +
          `${cause instanceof Error ? cause.message : String(cause)}. Check the connection and what the server has; then load the page again.`,
        cause,
      );
    },
  );
  loading.set(group, coming);
  return coming;
}

/** The kernel's files, joined, once `loadShaders` has brought them. @throws KernelError SHADER_INVALID when there is no such file */
export function shaderOf(kernel: Kernel): string {
  if (kernel.code !== undefined) return kernel.code;
  const parts = namesOf(kernel).map((name) => {
    const found = files[pathOf(name)];
    if (found !== undefined) return found;
    throw new KernelError(
      "SHADER_INVALID",
      `${kernel.name}: the kernel has no shader: expected shaders/${name}.wgsl, got no such file. Report this as a bug.`,
    );
  });
  return parts.join("\n");
}

/** A place in a kernel's joined text. Lines and columns count from 1. */
export interface Place {
  readonly file: string;
  readonly line: number;
  /** What stands round it: in builds a line is a whole function, and names are short. */
  readonly excerpt: string;
}

const EXCERPT = 40;

/** Which file of the kernel a line of the joined text stands in, and where. */
export function placeOf(kernel: Kernel, line: number, column: number): Place {
  const text = shaderOf(kernel).split("\n")[line - 1] ?? "";
  const excerpt = text.slice(Math.max(0, column - 1 - EXCERPT), column - 1 + EXCERPT).trim();
  let first = 1;
  if (kernel.code === undefined) {
    for (const name of namesOf(kernel)) {
      const lines = (files[pathOf(name)] ?? "").split("\n").length;
      if (line < first + lines) return { file: `${name}.wgsl`, line: line - first + 1, excerpt };
      first += lines;
    }
  }
  return { file: `${kernel.name}.wgsl`, line, excerpt };
}
