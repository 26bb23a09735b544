/** Builds the Node benchmark into one file; `webgpu` stays outside, since it brings a native library. */
import { defineConfig, type UserConfig } from "vite";

const config: UserConfig = defineConfig({
  root: import.meta.dirname,
  build: {
    ssr: "node.ts",
    target: "node20",
    outDir: "dist",
    rolldownOptions: { external: ["webgpu", /^node:/], output: { entryFileNames: "node.mjs", codeSplitting: false } },
  },
});

export default config;
