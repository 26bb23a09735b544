/**
 * What the benchmark uses of the libraries it compares with. Their packages are installed in this folder only, so their own
 * types are not there when the rest of the project is checked.
 */
declare module "@tensorflow/tfjs-core" {
  export interface TfTensor {
    readonly shape: number[];
    data(): Promise<Float32Array>;
    dispose(): void;
  }
  export interface TfVariable extends TfTensor {
    assign(value: TfTensor): void;
  }
  type Operand = TfTensor | number;
  export function setBackend(name: string): Promise<boolean>;
  export function ready(): Promise<void>;
  export function getBackend(): string;
  export function tidy<T>(work: () => T): T;
  export function dispose(tensors: readonly TfTensor[]): void;
  export function tensor2d(data: ArrayLike<number>, shape: readonly number[], type?: "float32" | "int32"): TfTensor;
  export function tensor1d(data: ArrayLike<number>, type?: "float32" | "int32"): TfTensor;
  export function zeros(shape: readonly number[]): TfTensor;
  export function variable(initial: TfTensor): TfVariable;
  export function oneHot(labels: TfTensor, classes: number): TfTensor;
  export function cast(x: TfTensor, type: "float32"): TfTensor;
  export function matMul(a: TfTensor, b: TfTensor, transposeA?: boolean, transposeB?: boolean): TfTensor;
  export function add(a: Operand, b: Operand): TfTensor;
  export function sub(a: Operand, b: Operand): TfTensor;
  export function mul(a: Operand, b: Operand): TfTensor;
  export function sum(x: TfTensor, axis?: number): TfTensor;
  export function softmax(x: TfTensor): TfTensor;
  export function slice(x: TfTensor, begin: readonly number[], size: readonly number[]): TfTensor;
  export function valueAndGrad(f: (x: TfTensor) => TfTensor): (x: TfTensor) => { value: TfTensor; grad: TfTensor };
  export function variableGrads(
    f: () => TfTensor,
    variables: readonly TfVariable[],
  ): { value: TfTensor; grads: Record<string, TfTensor> };
  export const losses: { softmaxCrossEntropy(oneHot: TfTensor, logits: TfTensor): TfTensor };
  export const train: { sgd(learningRate: number): TfOptimizer };
  export interface TfOptimizer {
    minimize(f: () => TfTensor, returnCost: boolean, variables: readonly TfVariable[]): TfTensor | null;
    dispose(): void;
  }
  export function memory(): { numTensors: number };
  export const version_core: string;
}

declare module "@tensorflow/tfjs-backend-webgpu";

declare module "@tensorflow/tfjs-backend-wasm" {
  export function setWasmPaths(paths: Record<string, string>, usePlatformFetch?: boolean): void;
  export function getThreadsCount(): number;
}

declare module "@tensorflow/tfjs-layers" {
  import type { TfOptimizer, TfTensor } from "@tensorflow/tfjs-core";

  export interface TfModel {
    add(layer: unknown): void;
    compile(options: { optimizer: TfOptimizer; loss: string }): void;
    fit(
      x: TfTensor,
      y: TfTensor,
      options: { batchSize: number; epochs: number; shuffle: boolean; yieldEvery: string; verbose: number },
    ): Promise<unknown>;
    getWeights(): TfTensor[];
    setWeights(weights: readonly TfTensor[]): void;
    dispose(): void;
  }
  export function sequential(): TfModel;
  export const layers: {
    dense(options: { units: number; inputShape: number[]; activation: string; kernelInitializer: string }): unknown;
  };
}

declare module "@jax-js/jax" {
  export interface JaxArray {
    readonly ref: this;
    readonly refCount: number;
    add(other: JaxArray | number): JaxArray;
    sub(other: JaxArray | number): JaxArray;
    mul(other: JaxArray | number): JaxArray;
    data(): Promise<Float32Array>;
    blockUntilReady(): Promise<JaxArray>;
    dispose(): void;
    reshape(shape: readonly number[]): JaxArray;
  }
  export type Device = "cpu" | "wasm" | "webgpu" | "webgl";
  export function init(...devices: Device[]): Promise<Device[]>;
  export function defaultDevice(device?: Device): Device;
  export function blockUntilReady<T>(x: T): Promise<T>;
  export function jit<F extends (...args: never[]) => unknown>(f: F): F & { dispose?: () => void };
  export function valueAndGrad<P, A extends unknown[]>(
    f: (parameters: P, ...rest: A) => JaxArray,
  ): (parameters: P, ...rest: A) => [JaxArray, P];
  export const numpy: {
    array(data: ArrayLike<number>, options?: { shape?: readonly number[]; dtype?: unknown; device?: Device }): JaxArray;
    zeros(shape: readonly number[], options?: { device?: Device }): JaxArray;
    matmul(a: JaxArray, b: JaxArray): JaxArray;
    matrixTranspose(a: JaxArray): JaxArray;
    mean(x: JaxArray): JaxArray;
    sum(x: JaxArray, axis?: number): JaxArray;
    readonly int32: unknown;
  };
  export const nn: {
    softmax(x: JaxArray, axis?: number): JaxArray;
    logSoftmax(x: JaxArray, axis?: number): JaxArray;
    oneHot(labels: JaxArray, classes: number): JaxArray;
  };
}
