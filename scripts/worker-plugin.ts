/**
 * The worker's file, `dist/worker.js`: all that a worker needs in one module, so that it can be hosted by itself. The library
 * keeps the form `new Worker(new URL(…))` by which the bundlers of those who use it find that file.
 */
import { resolve } from "node:path";
import { build, type Plugin, type Rolldown } from "vite";
import { withoutOpParts } from "./op-parts-plugin.js";

const SOURCE = 'new Worker(new URL("./worker.ts", import.meta.url), { type: "module" })';
/** The same to the minifier, while Vite does not see in it a worker to be bundled in a way of its own. */
const BUILT = 'new Worker(new URL("./worker.js", import.meta["url"]), { type: "module" })';
const ENTRY = resolve(import.meta.dirname, "../src/engine/cpu/workers/worker.ts");
/** What the page does before work comes to a worker, and what GPUs alone do. */
const NOT_IN_WORKERS = ["check", "types", "lists", "writes", "plan"];

export function workerFile(output: Rolldown.OutputOptions = {}): Plugin {
  return {
    name: "luce:worker-file",
    enforce: "pre",
    async generateBundle() {
      this.emitFile({ type: "asset", fileName: "worker.js", source: await builtWorker(output) });
    },
    transform(code, id) {
      if (!id.endsWith("/open-worker.ts")) return undefined;
      if (!code.includes(SOURCE)) this.error(`expected ${SOURCE}`);
      return { code: code.replace(SOURCE, BUILT), map: null };
    },
  };
}

/** The worker as one module, for a browser or for Node. */
export async function builtWorker(output: Rolldown.OutputOptions = {}): Promise<string> {
  const built = await build({
    configFile: false,
    logLevel: "warn",
    plugins: [withoutOpParts(NOT_IN_WORKERS)],
    build: {
      write: false,
      target: "es2022",
      lib: { entry: ENTRY, formats: ["es"], fileName: () => "worker.js" },
      rolldownOptions: { output },
    },
  });
  const [{ output: files }] = built as Rolldown.RolldownOutput[];
  if (files.length !== 1) throw new Error(`worker: expected one file, got ${files.map((file) => file.fileName)}.`);
  return files[0].code;
}
