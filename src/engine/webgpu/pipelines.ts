/** Compiled kernels and their bind groups, each made once: one pipeline for each shader and set of constants. */
import { KernelError } from "../../errors.js";
import type { Dispatch, Kernel } from "../../ops/op.js";
import type { PooledBuffer } from "./buffer-pool.js";
import type { FaultLog } from "./fault-log.js";
import { STAGE_COMPUTE } from "./gpu-flags.js";
import { loadShaders, placeOf, shaderOf } from "./shaders.js";

export interface Pipeline {
  readonly id: number;
  readonly gpu: GPUComputePipeline;
  readonly layout: GPUBindGroupLayout;
}

function keyOf({ kernel, constants }: Dispatch): string {
  let key = kernel.name;
  for (const name in constants) key += `|${constants[name]}`;
  return key;
}

export class Pipelines {
  readonly #device: GPUDevice;
  readonly #faults: FaultLog;
  readonly #uniform: GPUBufferBinding;
  readonly #modules = new Map<string, GPUShaderModule>();
  readonly #layouts = new Map<string, GPUBindGroupLayout>();
  readonly #pipelines = new Map<string, Pipeline>();
  /** Those that are being compiled ahead. */
  readonly #pending = new Map<string, Promise<void>>();
  /** Those of frozen constants, which belong to one kernel each. */
  #byConstants = new WeakMap<object, Pipeline>();
  readonly #groups = new Map<string, GPUBindGroup>();
  /** Keys of the groups that name a buffer, to forget them when it is destroyed. */
  readonly #groupsOf = new Map<number, Set<string>>();
  #pipelinesMade = 0;
  #groupsMade = 0;

  /** `uniform` is the slot of the parameter ring, bound with a dynamic offset behind the storage buffers. */
  constructor(device: GPUDevice, faults: FaultLog, uniform: GPUBufferBinding) {
    this.#device = device;
    this.#faults = faults;
    this.#uniform = uniform;
  }

  get stats(): { pipelines: number; bindGroups: number } {
    return { pipelines: this.#pipelines.size, bindGroups: this.#groupsMade };
  }

  pipelineFor(dispatch: Dispatch): Pipeline {
    const { constants } = dispatch;
    const known = this.#byConstants.get(constants);
    if (known) return known;
    const pipeline = this.#pipelineByKey(dispatch);
    if (Object.isFrozen(constants)) this.#byConstants.set(constants, pipeline);
    return pipeline;
  }

  /** Compiles beside other kernels what a dispatch will ask for. What cannot be compiled is left to the dispatch, which tells why. */
  async prepare(dispatch: Dispatch): Promise<void> {
    const key = keyOf(dispatch);
    if (this.#pipelines.has(key)) return;
    const pending = this.#pending.get(key) ?? this.#compile(key, dispatch);
    this.#pending.set(key, pending);
    await pending;
  }

  async #compile(key: string, dispatch: Dispatch): Promise<void> {
    await loadShaders(dispatch.kernel);
    const { layout, descriptor } = this.#describe(dispatch);
    const gpu = await this.#device.createComputePipelineAsync(descriptor).catch(() => undefined);
    if (gpu && !this.#pipelines.has(key)) this.#pipelines.set(key, { id: this.#pipelinesMade++, gpu, layout });
    this.#pending.delete(key);
  }

  #describe({ kernel, constants }: Dispatch): {
    layout: GPUBindGroupLayout;
    descriptor: GPUComputePipelineDescriptor;
  } {
    const label = `luce/${kernel.name}`;
    const layout = this.#layoutFor(kernel);
    return {
      layout,
      descriptor: {
        label,
        layout: this.#device.createPipelineLayout({ label, bindGroupLayouts: [layout] }),
        compute: {
          module: this.#moduleFor(kernel),
          entryPoint: "main",
          constants: constants as Record<string, number>,
        },
      },
    };
  }

  #pipelineByKey(dispatch: Dispatch): Pipeline {
    const key = keyOf(dispatch);
    const known = this.#pipelines.get(key);
    if (known) return known;
    const { layout, descriptor } = this.#describe(dispatch);
    const gpu = this.#faults.watch(
      `luce/${dispatch.kernel.name}`,
      () => this.#device.createComputePipeline(descriptor),
      // Forgotten, so that who tries again is told the same reason again.
      (sound) => {
        if (sound) return;
        this.#pipelines.delete(key);
        this.#byConstants = new WeakMap();
      },
    );
    const pipeline: Pipeline = { id: this.#pipelinesMade++, gpu, layout };
    this.#pipelines.set(key, pipeline);
    return pipeline;
  }

  #moduleFor(kernel: Kernel): GPUShaderModule {
    const known = this.#modules.get(kernel.name);
    if (known) return known;
    const label = `luce/${kernel.name}`;
    const module = this.#faults.watch(
      label,
      () => this.#device.createShaderModule({ label, code: shaderOf(kernel) }),
      (sound) => {
        if (sound) return;
        this.#modules.delete(kernel.name);
        this.#faults.await(this.#reportCompilation(kernel, module));
      },
    );
    this.#modules.set(kernel.name, module);
    return module;
  }

  async #reportCompilation(kernel: Kernel, module: GPUShaderModule): Promise<void> {
    // A lost device has no messages to give.
    const info = await module.getCompilationInfo().catch(() => undefined);
    const error = info?.messages.find((m) => m.type === "error");
    if (!error) return;
    const { file, line, excerpt } = placeOf(kernel, error.lineNum, error.linePos);
    this.#faults.recordCause(
      new KernelError(
        "SHADER_INVALID",
        `${file}:${line}:${error.linePos}: ${error.message} Near \`${excerpt}\`. This browser's WebGPU does not accept the shader: ` +
          'use device: "cpu" and report the browser\'s version.',
      ),
    );
  }

  #layoutFor({ bindings }: Kernel): GPUBindGroupLayout {
    const key = bindings.join();
    const known = this.#layouts.get(key);
    if (known) return known;
    const visibility = STAGE_COMPUTE;
    const entries: GPUBindGroupLayoutEntry[] = bindings.map((use, binding) => ({
      binding,
      visibility,
      buffer: { type: use === "read" ? "read-only-storage" : "storage" },
    }));
    // A dynamic offset on the uniform only: on storage it would turn bounds clamping on under Direct3D.
    entries.push({ binding: bindings.length, visibility, buffer: { type: "uniform", hasDynamicOffset: true } });
    const label = `luce/layout/${key}`;
    const layout = this.#faults.watch(label, () => this.#device.createBindGroupLayout({ label, entries }));
    this.#layouts.set(key, layout);
    return layout;
  }

  groupFor(pipeline: Pipeline, label: string, buffers: readonly PooledBuffer[]): GPUBindGroup {
    let key = `${pipeline.id}`;
    for (const buffer of buffers) key += `,${buffer.id}`;
    const known = this.#groups.get(key);
    if (known) return known;
    const entries: GPUBindGroupEntry[] = buffers.map((buffer, binding) => ({
      binding,
      resource: { buffer: buffer.gpu },
    }));
    entries.push({ binding: buffers.length, resource: this.#uniform });
    const group = this.#faults.watch(label, () =>
      this.#device.createBindGroup({ label, layout: pipeline.layout, entries }),
    );
    this.#groupsMade++;
    this.#groups.set(key, group);
    for (const { id } of buffers) {
      const keys = this.#groupsOf.get(id) ?? new Set();
      keys.add(key);
      this.#groupsOf.set(id, keys);
    }
    return group;
  }

  /** Forgets the bind groups that name a buffer about to be destroyed. */
  forget(buffer: PooledBuffer): void {
    for (const key of this.#groupsOf.get(buffer.id) ?? []) {
      this.#groups.delete(key);
      const [, ...ids] = key.split(",");
      for (const id of ids) this.#groupsOf.get(Number(id))?.delete(key);
    }
    this.#groupsOf.delete(buffer.id);
  }
}
