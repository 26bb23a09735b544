/**
 * Records dispatches into few passes and few submits. A submit holds about ten milliseconds of work, by the speed measured
 * so far, and at most two are on their way: enough to keep the GPU busy, little enough to stop soon and to let the page paint.
 * Where submits are cut changes no result, since dispatches keep their order.
 */
import type { Dispatch } from "../../ops/op.js";
import type { PooledBuffer } from "./buffer-pool.js";
import { isDoubtful } from "./buffer-pool.js";
import type { FaultLog } from "./fault-log.js";
import { InOrder } from "./in-order.js";
import { ParameterRing } from "./parameter-ring.js";
import { Pipelines } from "./pipelines.js";

const SUBMIT_MS = 10;
/** A device with nothing to do gets its work in smaller portions. */
const FIRST_SUBMIT_MS = 1;
const MOST_IN_FLIGHT = 2;
/** Floating-point operations a millisecond, before anything is measured: a phone's. */
const FIRST_GUESS = 2e7;
/** Clocks in pages are coarse. */
const LEAST_MS = 0.1;

export class Scheduler {
  readonly #device: GPUDevice;
  readonly #faults: FaultLog;
  readonly #ring: ParameterRing;
  readonly pipelines: Pipelines;
  readonly inOrder: InOrder;
  #encoder: GPUCommandEncoder | undefined;
  #pass: GPUComputePassEncoder | undefined;
  #pipeline = -1;
  #recordedWork = 0;
  #workPerMs = FIRST_GUESS;
  #lastDone = 0;
  readonly #inFlight: Promise<void>[] = [];
  dispatches = 0;
  featureBytes = 0;
  submits = 0;

  constructor(device: GPUDevice, faults: FaultLog) {
    this.#device = device;
    this.#faults = faults;
    this.#ring = new ParameterRing(device, faults);
    this.inOrder = new InOrder(faults);
    this.pipelines = new Pipelines(device, faults, this.#ring.binding);
  }

  /** Records a dispatch, at once or when its shader has come. */
  record(dispatch: Dispatch): void {
    if (this.inOrder.isReady(dispatch.kernel)) this.#record(dispatch);
    else this.inOrder.do(() => this.#record(dispatch), dispatch.kernel);
  }

  #record(dispatch: Dispatch): void {
    if (this.#ring.full) this.submit();
    const { kernel, parameters, workgroups } = dispatch;
    const buffers = dispatch.buffers as PooledBuffer[];
    const alone = this.isolate(buffers);
    const pipeline = this.pipelines.pipelineFor(dispatch);
    const group = this.pipelines.groupFor(pipeline, `luce/${kernel.name}`, buffers);
    const pass = this.#openPass();
    if (pipeline.id !== this.#pipeline) {
      pass.setPipeline(pipeline.gpu);
      this.#pipeline = pipeline.id;
    }
    pass.setBindGroup(0, group, [this.#ring.put(parameters)]);
    const { maxComputeWorkgroupsPerDimension: widest } = this.#device.limits;
    const down = Math.ceil(workgroups / widest);
    pass.dispatchWorkgroups(Math.ceil(workgroups / down), down);
    this.dispatches++;
    this.featureBytes += dispatch.featureBytes ?? 0;
    this.#recordedWork += dispatch.work;
    const portionMs = this.#inFlight.length === 0 ? FIRST_SUBMIT_MS : SUBMIT_MS;
    if (alone || this.#recordedWork >= this.#workPerMs * portionMs) this.submit();
  }

  /**
   * Sends off what is recorded before commands that may be invalid: one of them takes down its whole submit.
   * Returns whether that is so, and the commands are to be submitted by themselves.
   */
  isolate(buffers: readonly PooledBuffer[]): boolean {
    const doubtful = buffers.some(isDoubtful);
    if (doubtful) this.submit();
    return doubtful;
  }

  #openPass(): GPUComputePassEncoder {
    if (!this.#pass) {
      this.#pass = this.#openEncoder().beginComputePass({ label: "luce/pass" });
      this.#pipeline = -1;
    }
    return this.#pass;
  }

  #openEncoder(): GPUCommandEncoder {
    this.#encoder ??= this.#device.createCommandEncoder({ label: "luce/encoder" });
    return this.#encoder;
  }

  /** An encoder outside any pass, for copies and clears in order with the dispatches. */
  encoder(): GPUCommandEncoder {
    this.#pass?.end();
    this.#pass = undefined;
    return this.#openEncoder();
  }

  submit(): void {
    if (!this.#encoder) return;
    const encoder = this.encoder();
    this.#encoder = undefined;
    this.#faults.watch("luce/submit", () => {
      this.#ring.flush();
      this.#device.queue.submit([encoder.finish()]);
    });
    this.submits++;
    const work = this.#recordedWork;
    this.#recordedWork = 0;
    const begun = performance.now();
    const done = this.#device.queue.onSubmittedWorkDone().then(
      () => this.#learn(work, begun),
      // The device is gone: `lost` tells, and nothing is learnt.
      () => undefined,
    );
    this.#inFlight.push(done);
    void done.then(() => this.#inFlight.splice(this.#inFlight.indexOf(done), 1));
  }

  /** Moves the speed estimate towards what this submit showed; small ones are all overhead and show nothing. */
  #learn(work: number, begun: number): void {
    const now = performance.now();
    const elapsedMs = now - Math.max(begun, this.#lastDone);
    const speed = work / Math.max(LEAST_MS, elapsedMs);
    // One that had the device to itself took no longer than that, however short it was: the device is at least so fast.
    const faster = begun >= this.#lastDone && speed > this.#workPerMs;
    this.#lastDone = now;
    if (!faster && work < this.#workPerMs) return;
    // Word of several submits may come late and at once: what seems too quick to measure counts as twice the speed at most.
    const shown = !faster && elapsedMs < 1 ? Math.min(speed, 2 * this.#workPerMs) : speed;
    this.#workPerMs = Math.min(1e10, Math.max(1e5, 0.5 * this.#workPerMs + 0.5 * shown));
  }

  /** Returns when all that was asked for is recorded and there is room for another submit, or when the device is gone and will make none. */
  async pace(): Promise<void> {
    const { caughtUp } = this.inOrder;
    if (caughtUp) await this.#faults.orGone(caughtUp);
    while (this.#inFlight.length >= MOST_IN_FLIGHT && !this.#faults.gone) await this.#faults.orGone(this.#inFlight[0]);
  }

  dispose(): void {
    this.inOrder.dispose();
    this.#pass?.end();
    this.#pass = undefined;
    this.#encoder = undefined;
    this.#ring.dispose();
  }
}
