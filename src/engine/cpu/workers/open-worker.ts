/** The ways to get a worker that runs `worker.ts`: the caller's own, Node's, a file beside this one, or a small module that imports it. */
import type { NodeWorker } from "./threads.js";
import { nodeThreads } from "./threads.js";

export type OpenWorker = () => Worker | NodeWorker;

/** In this very form, bundlers see that there is a worker and what is its file. */
const ofThisFolder: OpenWorker = () => new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });

/** The file's address where nobody has bundled it; written so that no bundler takes it for one of its own. */
const workerFile = (): URL => new URL(import.meta.url.replace(/[^/]*$/, "worker.js"));

/** Workers must be of the page's own origin; modules that they import need not be. */
const fromElsewhere: OpenWorker = () => {
  const script = new Blob([`import ${JSON.stringify(workerFile().href)};`], { type: "text/javascript" });
  return new Worker(URL.createObjectURL(script), { type: "module" });
};

/** Ways to try, one after the other. */
export function waysToOpen(createWorker: (() => Worker) | undefined): OpenWorker[] {
  if (createWorker) return [createWorker];
  const threads = nodeThreads();
  if (threads && typeof Worker === "undefined") return [() => new threads.Worker(workerFile())];
  if (typeof Worker === "undefined") return [];
  const { origin } = globalThis.location ?? {};
  const elsewhere = import.meta.url.startsWith("http") && new URL(import.meta.url).origin !== origin;
  return elsewhere ? [fromElsewhere] : [ofThisFolder];
}
