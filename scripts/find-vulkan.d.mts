export interface FoundAdapter {
  /** Environment variables that make Vulkan's loader take this adapter; none where it takes it by itself. */
  readonly environment: Readonly<Record<string, string>>;
  readonly adapter: {
    /** The driver's own words, such as "llvmpipe: Mesa 25.0.7 (LLVM 15.0.6)". */
    readonly name: string;
    readonly isSoftware: boolean;
  };
}

/** The adapter that Dawn gives under Node; `install` adds a software one where Debian has none. Throws with the remedy. */
export function findVulkan(options?: { readonly install?: boolean }): FoundAdapter;

/** The major version of Mesa in the name of an llvmpipe adapter; 0 for every other adapter. */
export function mesaVersion(adapterName?: string): number;
