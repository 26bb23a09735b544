/** What a fit loads when it keeps checkpoints. */
export { fingerprintOf, fingerprintOfBatches } from "./fingerprint.js";
export { FitCheckpoint } from "./fit-checkpoint.js";
