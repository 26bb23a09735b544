/** What a fit loads when it keeps checkpoints. */
export { fingerprintOf } from "./fingerprint.js";
export { FitCheckpoint } from "./fit-checkpoint.js";
