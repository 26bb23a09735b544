/**
 * The library build: src/index.ts becomes dist/index.js, which any module script can load, and what only some pages need (the GPU's
 * side with its shaders, the CPU's with its kernels, the self-check, the tuning) becomes files beside it that are loaded when they are
 * asked for. src/testing/index.ts shares nothing with them and becomes dist/testing.js.
 */
import { defineConfig, type Rolldown, type UserConfig } from "vite";
import { minifiedShaders } from "./scripts/wgsl-plugin.js";
import { workerFile } from "./scripts/worker-plugin.js";

/**
 * Vite keeps the blanks of ES libraries unless the bundler is told itself. Classes keep their names: people meet them in stack
 * traces and consoles.
 */
const minify: Rolldown.MinifyOptions = {
  codegen: { removeWhitespace: true },
  compress: { keepNames: { function: false, class: true } },
  mangle: { keepNames: { function: false, class: true } },
};

/** Ops of `src/ops` that cross-entropy is made of, that only steps by minibatches ask for, and that only L-BFGS does. */
const LOSS_OPS =
  "cross-entropy|cross-entropy-step|gram-plan|line-search|linear-loss|loss-line|row-loss|solver-state|targets";
const MINIBATCH_OPS =
  "adam-step|clip-gradient|gather-rows|gather-values|linear-(?:adam-step|finish|gradient|sgd-step|step|step-layout|step-reference)|" +
  "sgd-step|small-batch-(?:arguments|layout|plan|reference|steps)|soft-threshold|step-plan|update|update-launch";
const LBFGS_OPS =
  "choose-step|column-moments|finish-gradient|judge-point|least-subgradient|next-direction|reduced-products|stack-products|two-loop";
const ops = (names: string): RegExp => new RegExp(`src[\\\\/]ops[\\\\/](?:${names})\\.`);

const config: UserConfig = defineConfig({
  plugins: [minifiedShaders(), workerFile({ minify })],
  build: {
    lib: {
      entry: { index: "src/index.ts", testing: "src/testing/index.ts" },
      formats: ["es"],
      fileName: (_format, name) => `${name}.js`,
    },
    target: "es2022",
    sourcemap: true,
    copyPublicDir: false,
    reportCompressedSize: true,
    rolldownOptions: {
      output: {
        chunkFileNames: "[name].js",
        codeSplitting: {
          groups: [
            { name: "core", tags: ["$initial"], test: /src[\\/](?!metrics|index|testing)/, priority: 7 },
            // Beside the core, so that a bundler leaves out what a page does not import; all but what the core itself counts with.
            { name: "metrics", test: /src[\\/]metrics[\\/](?!class-counts|likeliest)/, priority: 6 },
            { name: "core", tags: ["$initial"], test: (id) => !/src[\\/]testing[\\/]/.test(id), priority: 5 },
            // What comes with a page's first engine: what all devices have in common.
            { name: "engine", test: /src[\\/](?:engine[\\/]open-engine|ops[\\/]repack-rows)/, priority: 4 },
            { name: "ops", test: ops(LOSS_OPS), priority: 3 },
            // What steps by minibatches are made of, and what L-BFGS is: a fit has one solver.
            { name: "minibatch-ops", test: ops(MINIBATCH_OPS), priority: 2 },
            { name: "lbfgs-ops", test: ops(LBFGS_OPS), priority: 2 },
            // What is in none of these, and several of the others share: a CPU that only predicts wants no solvers, and dense rows want
            // nothing of sparse ones.
            { name: "seldom-ops", test: /src[\\/]ops[\\/]/, priority: 1 },
            { name: "sparse-tensor", test: /src[\\/]engine[\\/]sparse-tensor/, priority: 1 },
            { name: "minibatches", test: /src[\\/]model[\\/]train-minibatches/, priority: 0 },
            { name: "lbfgs", test: /src[\\/]model[\\/]train-lbfgs\./, priority: 0 },
            // What every fit of dense rows asks for. Other losses than cross-entropy, columns that are scaled, and models that are
            // trained together come with what asks for them.
            { name: "training", test: /src[\\/]model[\\/]training\./, priority: 1 },
          ],
        },
        minify,
      },
    },
  },
});

export default config;
