/** The library build: src/index.ts and its shaders become one file, dist/index.js, that any module script can load. */
import { defineConfig, type UserConfig } from "vite";
import { minifiedShaders } from "./scripts/wgsl-plugin.js";

const config: UserConfig = defineConfig({
  plugins: [minifiedShaders()],
  build: {
    lib: { entry: "src/index.ts", formats: ["es"], fileName: () => "index.js" },
    target: "es2022",
    sourcemap: true,
    copyPublicDir: false,
    reportCompressedSize: true,
    // Vite keeps the blanks of ES libraries unless the bundler is told itself. Classes keep their names: people meet them in
    // stack traces and consoles.
    rolldownOptions: {
      output: {
        codeSplitting: false,
        minify: {
          codegen: { removeWhitespace: true },
          compress: { keepNames: { function: false, class: true } },
          mangle: { keepNames: { function: false, class: true } },
        },
      },
    },
  },
});

export default config;
