/** Ways in which the fused step shares its work out on any hardware: lanes that add up in turns, threads that share rows, blocks that are not full. */
import { test } from "../../support/device.js";
import { expectStep, usual, type Variant } from "./linear-step-layouts.js";

const VARIANTS: readonly Variant[] = [
  ["in turns", usual, { n: 67, d: 37, k: 10 }],
  ["in turns, blocks of 52 rows of 64", { ...usual, most: 6 }, { n: 300, d: 16, k: 3, format: "u8" }],
  ["threads share rows and own 8 features", { ...usual, featureQuads: 2 }, { n: 130, d: 45, k: 10, format: "u8 − ½" }],
  ["many threads share rows", usual, { n: 131, d: 3, k: 17, taken: 90 }],
  ["several rounds of blocks", { ...usual, most: 2 }, { n: 300, d: 20, k: 5, format: "f16" }],
];

test.for(VARIANTS)("%s: $2", async ([, choice, size], { engines }) => expectStep(engines.webgpu, choice, size));
