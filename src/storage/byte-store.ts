/** Where bytes are kept under a name: what checkpoints and saved models ask of a place. Imports nothing. */

/**
 * A place that keeps bytes under names. After `put` has resolved, `get` gives those bytes; if it fails or the page dies on the
 * way, `get` gives what was there before: complete or old, never a part. A store of your own (files, a server) promises the same.
 */
export interface ByteStore {
  /** The bytes under `name`, a copy of the caller's own; undefined where there are none. */
  get(name: string): Promise<Uint8Array | undefined>;
  /** Keeps a copy of `bytes` under `name`, in place of what was there. */
  put(name: string, bytes: Uint8Array): Promise<void>;
  /** Forgets `name`; nothing happens where there is nothing. */
  delete(name: string): Promise<void>;
  /** All names, sorted. */
  names(): Promise<string[]>;
}

/** A store in memory, which lasts as long as the page or the process: for Node, and for tests. */
export function memoryStore(): ByteStore {
  const kept = new Map<string, Uint8Array>();
  return {
    get: async (name) => kept.get(name)?.slice(),
    put: async (name, bytes) => {
      kept.set(name, bytes.slice());
    },
    delete: async (name) => {
      kept.delete(name);
    },
    names: async () => [...kept.keys()].sort(),
  };
}
