/** Node's worker threads, which speak as web workers do, but have another way in. */

interface NodeThreads {
  readonly parentPort: MessagePort | null;
  readonly Worker: new (url: URL) => NodeWorker;
}

/** A worker of Node's, as far as it differs from a web worker. */
export interface NodeWorker {
  on(event: string, listener: (value: unknown) => void): void;
  postMessage(message: unknown, transfer: readonly Transferable[]): void;
  terminate(): unknown;
  ref(): void;
  unref(): void;
}

interface NodeProcess {
  getBuiltinModule?(name: string): unknown;
}

/** Undefined in browsers. Asked of the process rather than imported: bundlers for browsers would stumble over the import. */
export function nodeThreads(): NodeThreads | undefined {
  const { process } = globalThis as { process?: NodeProcess };
  return process?.getBuiltinModule?.("node:worker_threads") as NodeThreads | undefined;
}
