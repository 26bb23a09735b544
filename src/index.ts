/** The only public door of Luce. */
export {
  type CsvBatch,
  type CsvData,
  type LabelledCsvData,
  type ReadCsvBatchesOptions,
  type ReadCsvOptions,
  readCsv,
  readCsvBatches,
} from "./data/csv.js";
export { flattenRows, type IdxArray, type ReadIdxOptions, readIdx } from "./data/idx.js";
export {
  type CanvasLike,
  type ImageLike,
  type ImageRows,
  type ImageRowsOptions,
  imageRows,
} from "./data/image-rows.js";
export type {
  AskedTensor,
  ColumnLike,
  DenseMatrixLike,
  FeatureStorage,
  HalfArray,
  MatrixData,
  MatrixLike,
  NumericArray,
  SparseData,
  TableLike,
  TensorData,
} from "./data/matrix.js";
export { type NpyArray, type NpyData, readNpy } from "./data/npy.js";
export type { EngineStats } from "./engine/backend.js";
export { createEngine } from "./engine/create-engine.js";
export type { CrossEntropyOptions, CrossEntropyResult, Targets } from "./engine/cross-entropy.js";
export { Engine } from "./engine/engine.js";
export type { DeviceChoice, EngineOptions } from "./engine/engine-options.js";
export type { ExplainOptions, Explanation } from "./engine/explain.js";
export type { GpuBufferOptions } from "./engine/gpu-buffer.js";
export type { LinearCrossEntropyOptions, LinearCrossEntropyResult } from "./engine/linear-cross-entropy.js";
export type { MatmulOptions } from "./engine/matmul-options.js";
export type { SelfCheckReport } from "./engine/self-check.js";
export type { SparseTensor } from "./engine/sparse-tensor.js";
export { Tensor } from "./engine/tensor.js";
export type { OutOption, TensorInput, TensorOptions } from "./engine/tensor-options.js";
export type { TuneOptions, TuneProgress, TuneReport, TuningChoice, TuningTable } from "./engine/tune.js";
export * from "./errors.js";
export type { FittedModel } from "./formats/fitted-model.js";
export type { ModelJson } from "./formats/json.js";
export { toONNX } from "./formats/onnx.js";
export { toSafetensors } from "./formats/safetensors.js";
export { type SklearnModel, type SklearnParameters, toSklearn } from "./formats/sklearn.js";
export type { LossChoice, LossOption } from "./losses/loss-option.js";
export {
  accuracy,
  type BalancedAccuracyOptions,
  balancedAccuracy,
} from "./metrics/accuracy.js";
export { type BrierScoreOptions, brierScore } from "./metrics/brier-score.js";
export type { ReliabilityBin } from "./metrics/calibration-bins.js";
export { type CalibrationOptions, calibrationError, reliabilityCurve } from "./metrics/calibration-error.js";
export {
  type ClassificationReport,
  type ClassificationReportOptions,
  classificationReport,
} from "./metrics/classification-report.js";
export { type ConfusionMatrix, type ConfusionMatrixOptions, confusionMatrix } from "./metrics/confusion-matrix.js";
export type { JudgeOptions, LabelList } from "./metrics/judged-labels.js";
export type { ScoresLike } from "./metrics/judged-scores.js";
export { type LogLossOptions, logLoss } from "./metrics/log-loss.js";
export {
  type ClassScores,
  type PrecisionRecallF1,
  type PrecisionRecallF1Options,
  type PrecisionRecallF1Report,
  precisionRecallF1,
} from "./metrics/precision-recall-f1.js";
export { type RocAuc, rocAuc } from "./metrics/roc-auc.js";
export { type AddClassOptions, addClass, removeClass, renameClass } from "./model/classes-of-model.js";
export { type CrossValidateOptions, type CrossValidation, crossValidate } from "./model/cross-validate.js";
export type { PredictOptions } from "./model/decision.js";
export type { EarlyStopping } from "./model/early-stopping.js";
export type { Evaluation } from "./model/evaluation.js";
export { fitPath, type PathPoint } from "./model/fit-path.js";
export { forget } from "./model/forget.js";
export { type FromSafetensorsOptions, fromSafetensors, fromSklearn } from "./model/interchange.js";
export type { JoinedFitOptions, JoinedFitProgress } from "./model/joined-options.js";
export type { Label, LabelsLike } from "./model/labels.js";
export type {
  Batches,
  BatchFitOptions,
  CheckpointOptions,
  EvaluateOptions,
  Features,
  FitOptions,
  ForgetOptions,
  JudgeRowsOptions,
  PartialFitOptions,
  RowBatch,
  SoftmaxRegressionOptions,
  ValidationRows,
} from "./model/model-options.js";
export type { FoldScores, PenaltyScore } from "./model/penalty-scores.js";
export type { FitPoint, FitProgress, FitReport, StopReason } from "./model/report.js";
export type { MatrixResult, RankedLabel } from "./model/results.js";
export type { ClassWeight } from "./model/row-weights.js";
export {
  deleteModel,
  type LoadModelOptions,
  loadModel,
  type SavedModelOptions,
  saveModel,
} from "./model/saved-models.js";
export { SoftmaxRegression } from "./model/softmax-regression.js";
export type { CalibrationReport } from "./model/temperature.js";
export type { LearningRateSchedule } from "./solvers/learning-rate.js";
export { type ByteStore, memoryStore } from "./storage/byte-store.js";
export { indexedDbStore } from "./storage/indexed-db.js";
