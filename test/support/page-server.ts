/**
 * Servers for the tests that drive a browser from Node: plain files as any static host would give them, no bundler in
 * between. Listens on a free port of this machine only.
 */
import { readFile } from "node:fs/promises";
import { createServer, type ServerResponse } from "node:http";
import { extname, join, normalize, sep } from "node:path";

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".json": "application/json",
  ".map": "application/json",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".wasm": "application/wasm",
  ".gz": "application/gzip",
};

/** A running server. `await using` or `close()` ends it. */
export interface PageServer extends AsyncDisposable {
  /** Where it serves, with a slash at the end. */
  readonly url: string;
  close(): Promise<void>;
}

/**
 * Serves `folder`, with `pages` laid over it (path without the leading slash → HTML) and `headers` on every answer.
 * A path that is neither a page nor a file gets 404.
 */
export async function servePages(
  folder: string,
  pages: Readonly<Record<string, string>> = {},
  headers: Readonly<Record<string, string>> = {},
): Promise<PageServer> {
  const server = createServer((request, response) => {
    const path = decodeURIComponent(new URL(request.url ?? "/", "http://localhost").pathname).slice(1) || "index.html";
    const page = pages[path];
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    if (page !== undefined) answer(response, 200, CONTENT_TYPES[".html"], page);
    else void answerFile(response, folder, path);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("servePages: expected a TCP address.");
  const close = () =>
    new Promise<void>((resolve, reject) => {
      server.close((error) => (error ? reject(error) : resolve()));
      server.closeAllConnections();
    });
  return { url: `http://127.0.0.1:${address.port}/`, close, [Symbol.asyncDispose]: close };
}

async function answerFile(response: ServerResponse, folder: string, path: string): Promise<void> {
  const file = normalize(join(folder, path));
  const isInside = file.startsWith(normalize(folder) + sep);
  const bytes = isInside ? await readFile(file).catch(() => undefined) : undefined;
  if (bytes === undefined) answer(response, 404, "text/plain", `not found: ${path}`);
  else answer(response, 200, CONTENT_TYPES[extname(file)], bytes);
}

function answer(
  response: ServerResponse,
  status: number,
  type = "application/octet-stream",
  body: string | Buffer,
): void {
  response.writeHead(status, { "Content-Type": type });
  response.end(body);
}
