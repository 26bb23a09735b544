/** Builds the Node benchmark into one file; `webgpu` stays outside, since it brings a native library. */
import { fileURLToPath } from "node:url";
import { defineConfig, type UserConfig } from "vite";
import { commitOf } from "./report/facts.js";

const config: UserConfig = defineConfig({
  root: fileURLToPath(new URL(".", import.meta.url)),
  logLevel: "warn",
  define: { BUILT_FROM: JSON.stringify(commitOf(fileURLToPath(new URL("..", import.meta.url)))) },
  ssr: { noExternal: true, external: ["webgpu"] },
  build: {
    ssr: "node/main.ts",
    target: "node20",
    outDir: "dist",
    rolldownOptions: { external: ["webgpu", /^node:/], output: { entryFileNames: "node.mjs", codeSplitting: false } },
  },
});

export default config;
