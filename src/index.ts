/** The only public door of Luce. */
export { flattenRows, type IdxArray, type ReadIdxOptions, readIdx } from "./data/idx.js";
export type { FeatureStorage, HalfArray, MatrixData, MatrixLike, NumericArray, TensorData } from "./data/matrix.js";
export type { EngineStats } from "./engine/backend.js";
export type { DeviceChoice, EngineOptions } from "./engine/create-engine.js";
export { createEngine } from "./engine/create-engine.js";
export type { CrossEntropyOptions, CrossEntropyResult, Targets } from "./engine/cross-entropy.js";
export { Engine } from "./engine/engine.js";
export type { LinearCrossEntropyOptions, LinearCrossEntropyResult } from "./engine/linear-cross-entropy.js";
export type { SelfCheckReport } from "./engine/self-check.js";
export { Tensor } from "./engine/tensor.js";
export type { MatmulOptions, OutOption, TensorInput, TensorOptions } from "./engine/tensor-engine.js";
export * from "./errors.js";
export type { ModelJson } from "./formats/json.js";
export type { Label, LabelsLike } from "./model/labels.js";
export type { Features, FitOptions, SoftmaxRegressionOptions } from "./model/model-options.js";
export type { FitPoint, FitProgress, FitReport, StopReason } from "./model/report.js";
export type { MatrixResult, RankedLabel } from "./model/softmax-regression.js";
export { SoftmaxRegression } from "./model/softmax-regression.js";
