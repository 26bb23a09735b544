/** What the Node benchmark uses of npm `webgpu` (Dawn), which only the machine that runs it has. */
declare module "webgpu" {
  /** A WebGPU entry point; options are Dawn's own, as `name=value`. */
  export function create(options: readonly string[]): GPU;
  /** The constructors and constants that a browser has as globals. */
  export const globals: Readonly<Record<string, unknown>>;
}
