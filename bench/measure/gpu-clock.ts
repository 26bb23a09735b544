/**
 * Time that work spends on the GPU, by timestamps round each compute pass, whoever records it: the methods that open passes
 * are wrapped once, before any library asks for a device.
 */

/** Milliseconds of the compute passes that `work` has opened and waited for; undefined where they cannot be told. */
export type GpuClock = (work: () => Promise<void>) => Promise<number | undefined>;

interface Stamps {
  readonly queries: GPUQuerySet;
  passes: number;
}

/** Timestamps in a query set at most, by the specification. */
const MAX_QUERIES = 4096;
/** Steps to which browsers round timestamps, in nanoseconds. */
const QUANTA: readonly bigint[] = [100_000n, 65_536n];
/** A pass shorter than this many steps is not measured well enough. */
const QUANTA_IN_A_PASS = 20;

export function installGpuClock(): GpuClock {
  let running: { readonly devices: Map<GPUDevice, Stamps>; incomplete: boolean } | undefined;
  const deviceOf = new WeakMap<GPUCommandEncoder, GPUDevice>();
  askForTimestamps();

  const { createCommandEncoder } = GPUDevice.prototype;
  GPUDevice.prototype.createCommandEncoder = function (descriptor) {
    const encoder = createCommandEncoder.call(this, descriptor);
    if (running) deviceOf.set(encoder, this);
    return encoder;
  };
  const { beginComputePass } = GPUCommandEncoder.prototype;
  GPUCommandEncoder.prototype.beginComputePass = function (descriptor) {
    const device = deviceOf.get(this);
    if (!running || !device) return beginComputePass.call(this, descriptor);
    const stamps = stampsOf(running.devices, device);
    if (!stamps || descriptor?.timestampWrites || 2 * stamps.passes + 2 > MAX_QUERIES) {
      running.incomplete = true;
      return beginComputePass.call(this, descriptor);
    }
    const first = 2 * stamps.passes++;
    const timestampWrites = {
      querySet: stamps.queries,
      beginningOfPassWriteIndex: first,
      endOfPassWriteIndex: first + 1,
    };
    return beginComputePass.call(this, { ...descriptor, timestampWrites });
  };

  return async (work) => {
    const run = { devices: new Map<GPUDevice, Stamps>(), incomplete: false };
    running = run;
    try {
      await work();
    } finally {
      running = undefined;
    }
    let totalMs = 0;
    let passes = 0;
    for (const [device, stamps] of run.devices) {
      const ms = await readStamps(device, stamps);
      stamps.queries.destroy();
      if (ms === undefined) return undefined;
      totalMs += ms;
      passes += stamps.passes;
    }
    return run.incomplete || passes === 0 ? undefined : totalMs;
  };
}

/** Every device gets timestamps where its adapter has them. */
function askForTimestamps(): void {
  const { requestDevice } = GPUAdapter.prototype;
  GPUAdapter.prototype.requestDevice = function (descriptor = {}) {
    // TF.js 4.22 puts a list into the list, which only browsers read as its one word.
    const wanted = [...(descriptor.requiredFeatures ?? [])].map(String) as GPUFeatureName[];
    if (this.features.has("timestamp-query")) wanted.push("timestamp-query");
    return requestDevice.call(this, { ...descriptor, requiredFeatures: [...new Set(wanted)] });
  };
}

function stampsOf(devices: Map<GPUDevice, Stamps>, device: GPUDevice): Stamps | undefined {
  if (!device.features.has("timestamp-query")) return undefined;
  let stamps = devices.get(device);
  if (!stamps) {
    stamps = { queries: device.createQuerySet({ type: "timestamp", count: MAX_QUERIES }), passes: 0 };
    devices.set(device, stamps);
  }
  return stamps;
}

/** The passes' lengths added up, or undefined where they are too short for the clock. */
async function readStamps(device: GPUDevice, { queries, passes }: Stamps): Promise<number | undefined> {
  const size = 16 * passes;
  const resolved = device.createBuffer({ size, usage: GPUBufferUsage.QUERY_RESOLVE | GPUBufferUsage.COPY_SRC });
  const mapped = device.createBuffer({ size, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST });
  const encoder = device.createCommandEncoder();
  encoder.resolveQuerySet(queries, 0, 2 * passes, resolved, 0);
  encoder.copyBufferToBuffer(resolved, 0, mapped, 0, size);
  device.queue.submit([encoder.finish()]);
  await mapped.mapAsync(GPUMapMode.READ);
  const stamps = new BigUint64Array(mapped.getMappedRange().slice(0));
  resolved.destroy();
  mapped.destroy();
  return passesMs(stamps);
}

/** Milliseconds between the pairs of stamps (nanoseconds), or undefined where rounding could be a twentieth of it. */
export function passesMs(stamps: BigUint64Array): number | undefined {
  const quantum = QUANTA.find((step) => stamps.every((stamp) => stamp % step === 0n)) ?? 0n;
  let total = 0n;
  for (let i = 0; i < stamps.length; i += 2) total += stamps[i + 1] - stamps[i];
  const shortest = Number(quantum) * QUANTA_IN_A_PASS * (stamps.length / 2);
  return Number(total) < shortest || total === 0n ? undefined : Number(total) / 1e6;
}
