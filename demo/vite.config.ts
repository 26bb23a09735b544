/** The demo page: `vite demo` serves it while you edit, `vite build demo` writes a folder for any static host. */
import { fileURLToPath } from "node:url";
import { defineConfig, type UserConfig } from "vite";
import { mnistFiles } from "../scripts/mnist-plugin.js";
import { minifiedShaders } from "../scripts/wgsl-plugin.js";

const config: UserConfig = defineConfig({
  root: fileURLToPath(new URL(".", import.meta.url)),
  // Relative addresses: the built page works in any folder of any host.
  base: "./",
  plugins: [mnistFiles(), minifiedShaders()],
  build: {
    outDir: "dist",
    emptyOutDir: true,
    target: "es2022",
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
  },
  optimizeDeps: { include: ["uplot"] },
});

export default config;
