import { afterEach, describe, expect, test, vi } from "vitest";
import { createEngine } from "../../../src/engine/create-engine.js";
import { acquireDevice } from "../../../src/engine/webgpu/acquire-device.js";
import { SoftmaxRegression, type SoftmaxRegressionOptions } from "../../../src/index.js";

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

type Fake = Record<string, unknown>;

/** What the kernels need, as a device at WebGPU's defaults has it. */
const limits = {
  maxComputeInvocationsPerWorkgroup: 256,
  maxComputeWorkgroupSizeX: 256,
  maxComputeWorkgroupStorageSize: 16_384,
  maxComputeWorkgroupsPerDimension: 65_535,
  maxStorageBuffersPerShaderStage: 8,
  maxUniformBufferBindingSize: 65_536,
  maxStorageBufferBindingSize: 2 ** 27,
  maxBufferSize: 2 ** 28,
};
const hardware = { vendor: "nvidia", architecture: "hopper", device: "", description: "" };

/** A device that does nothing; it counts how often it is destroyed. */
function fakeDevice(change: Fake = {}): Fake & { destroyed: number } {
  const device = {
    limits,
    adapterInfo: hardware,
    lost: new Promise(() => {}),
    queue: {},
    destroyed: 0,
    destroy() {
      device.destroyed++;
    },
    addEventListener() {},
    removeEventListener() {},
    pushErrorScope() {},
    popErrorScope: async () => null,
    createBuffer: () => ({ destroy() {} }),
    ...change,
  };
  return device;
}

/** An entry point whose adapters come from `adapters`, one for each call, the last for all later ones. */
function fakeGpu(...adapters: (() => unknown)[]): GPU & { calls: number } {
  const gpu = {
    calls: 0,
    requestAdapter: async () => (adapters[Math.min(gpu.calls++, adapters.length - 1)] as () => unknown)(),
  };
  return gpu as unknown as GPU & { calls: number };
}

const adapterOf = (requestDevice: () => unknown, info: Fake = hardware): (() => unknown) => {
  return () => ({ info, requestDevice: async () => requestDevice() });
};
const lostAtBirth = (): Fake =>
  fakeDevice({ lost: Promise.resolve({ reason: "unknown", message: "no more contexts" }) });

describe("without a usable GPU, auto takes the CPU and says why, and webgpu is refused with the same reason", () => {
  const cases: [string, GPU | undefined, RegExp][] = [
    ["there is no navigator.gpu", undefined, /navigator\.gpu is missing/],
    ["the adapter is null", fakeGpu(() => null), /offers no adapter/],
    [
      "requestDevice rejects",
      fakeGpu(adapterOf(() => Promise.reject(new Error("adapter consumed")))),
      /adapter consumed/,
    ],
    [
      "requestAdapter throws",
      {
        requestAdapter: () => {
          throw new Error("blocked");
        },
      } as unknown as GPU,
      /blocked/,
    ],
    ["each device is born lost", fakeGpu(adapterOf(lostAtBirth)), /lost at once \(no more contexts\)/],
  ];

  test.each(cases)("%s", async (_, gpu, why) => {
    const source = gpu ? { gpu } : {};
    using engine = await createEngine({ device: "auto", ...source });
    expect(engine.device).toBe("cpu");
    expect(engine.reason).toMatch(why);
    expect([...(await engine.tensor([1, 2]).read())]).toEqual([1, 2]);
    const refusal = { name: "DeviceError", code: "GPU_UNAVAILABLE", message: expect.stringMatching(why) };
    await expect(createEngine({ device: "webgpu", ...source })).rejects.toMatchObject(refusal);
  });

  test.each([
    ["requestAdapter", fakeGpu(() => new Promise(() => {}))],
    ["requestDevice", fakeGpu(adapterOf(() => new Promise(() => {})))],
  ])("%s never answers", async (name, gpu) => {
    vi.useFakeTimers();
    const made = createEngine({ gpu });
    await vi.advanceTimersByTimeAsync(10_001);
    using engine = await made;
    expect(engine.device).toBe("cpu");
    expect(engine.reason).toMatch(`${name} did not answer within 10 s`);
    // Who has kept the page waiting once is not waited for again.
    expect(gpu.calls).toBe(1);
  });

  test("a device that comes too late is destroyed", async () => {
    vi.useFakeTimers();
    const device = fakeDevice();
    const late = new Promise((resolve) => setTimeout(() => resolve(device), 15_000));
    const made = createEngine({ gpu: fakeGpu(adapterOf(() => late)) });
    await vi.advanceTimersByTimeAsync(10_001);
    expect((await made).device).toBe("cpu");
    expect(device.destroyed).toBe(0);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(device.destroyed).toBe(1);
  });

  test.each([
    { description: "SwiftShader driver", vendor: "google" },
    { description: "", architecture: "swiftshader", vendor: "google" },
    { description: "llvmpipe (LLVM 19)", vendor: "mesa" },
    { description: "Some GPU", isFallbackAdapter: true },
  ])("a software adapter: %o", async (info) => {
    const requestDevice = vi.fn(() => fakeDevice());
    const gpu = fakeGpu(adapterOf(requestDevice, info));
    const engine = await createEngine({ gpu });
    expect([engine.device, engine.reason]).toEqual(["cpu", expect.stringMatching(/software .*slower than the CPU/)]);
    expect(requestDevice).not.toHaveBeenCalled();
    // Who asks for the GPU by name gets what there is.
    using asked = await createEngine({ gpu, device: "webgpu" });
    expect(asked.device).toBe("webgpu");
  });
});

describe("with a GPU", () => {
  test("auto takes it, and names it", async () => {
    const device = fakeDevice();
    const engine = await createEngine({ gpu: fakeGpu(adapterOf(() => device)) });
    expect([engine.device, engine.reason]).toEqual(["webgpu", "GPU: nvidia hopper"]);
    engine.dispose();
    engine.dispose();
    expect(device.destroyed).toBe(1);
  });

  test.each([
    [
      "that it has and tells the sizes of",
      ["subgroups"],
      { subgroupMinSize: 32, subgroupMaxSize: 64 },
      { min: 32, max: 64 },
    ],
    ["that it lacks", [], { subgroupMinSize: 32, subgroupMaxSize: 64 }, undefined],
    ["of unknown size", ["subgroups"], {}, undefined],
  ])("a device with subgroups %s", async (_, offered, sizes, expected) => {
    const info = { ...hardware, ...sizes };
    const requestDevice = vi.fn(async ({ requiredFeatures }: { requiredFeatures: string[] }) =>
      fakeDevice({ adapterInfo: info, features: new Set(requiredFeatures) }),
    );
    const adapter = { info, features: new Set(offered), requestDevice };
    const gpu = { requestAdapter: async () => adapter } as unknown as GPU;
    const found = await acquireDevice({ gpu }, false);
    expect(requestDevice.mock.calls[0][0].requiredFeatures).toEqual(offered);
    expect("device" in found && found.adapter.subgroups).toEqual(expected);
    // A device of the caller's has what the caller asked for, whatever its adapter offers.
    const gpuDevice = fakeDevice({ adapterInfo: info, features: new Set(offered) }) as unknown as GPUDevice;
    const taken = await acquireDevice({ gpuDevice }, false);
    expect("device" in taken && taken.adapter.subgroups).toEqual(expected);
  });

  test("navigator.gpu is where it is looked for", async () => {
    vi.stubGlobal("navigator", { gpu: fakeGpu(adapterOf(() => fakeDevice())) });
    using engine = await createEngine();
    expect(engine.device).toBe("webgpu");
  });

  test("a second adapter is asked for when the first was used up or its device was born lost", async () => {
    for (const first of [adapterOf(lostAtBirth), adapterOf(() => Promise.reject(new Error("used up"))), () => null]) {
      const gpu = fakeGpu(
        first,
        adapterOf(() => fakeDevice()),
      );
      using engine = await createEngine({ gpu });
      expect([engine.device, gpu.calls]).toEqual(["webgpu", 2]);
    }
  });

  test("the power preference is handed on", async () => {
    const requestAdapter = vi.fn(async () => null);
    await createEngine({ gpu: { requestAdapter } as unknown as GPU, powerPreference: "low-power" });
    expect(requestAdapter).toHaveBeenCalledWith({ powerPreference: "low-power" });
  });

  test("a browser that does not name its adapter", async () => {
    const device = fakeDevice({ adapterInfo: undefined });
    using engine = await createEngine({ gpuDevice: device as unknown as GPUDevice });
    expect(engine.reason).toMatch(/unnamed adapter/);
  });
});

describe("a device of the caller's", () => {
  const given = (change: Fake): Promise<unknown> =>
    createEngine({ gpuDevice: fakeDevice(change) as unknown as GPUDevice });

  test.each(Object.keys(limits).slice(0, 5))("that lacks %s is refused by name", async (limit) => {
    const refusal = { name: "DeviceError", code: "LIMIT_EXCEEDED", message: expect.stringContaining(limit) };
    await expect(given({ limits: { ...limits, [limit]: 4 } })).rejects.toMatchObject(refusal);
  });

  test("that is lost already is refused", async () => {
    const lost = (reason: string) => ({ lost: Promise.resolve({ reason, message: "gone" }) });
    await expect(given(lost("destroyed"))).rejects.toMatchObject({ code: "DEVICE_DESTROYED" });
    await expect(given(lost("unknown"))).rejects.toMatchObject({ code: "DEVICE_LOST", message: /gone/ });
  });

  test("is never destroyed here", async () => {
    const device = fakeDevice();
    const engine = await createEngine({ gpuDevice: device as unknown as GPUDevice });
    engine.dispose();
    expect(device.destroyed).toBe(0);
  });
});

test("an unknown device is refused", async () => {
  const refusal = { name: "OptionError", code: "BAD_OPTION", message: expect.stringContaining('"gpu"') };
  await expect(createEngine({ device: "gpu" as "auto" })).rejects.toMatchObject(refusal);
});

test.each([
  ["no object", null, "null"],
  ["a bigint for a device", { device: 1n }, "the bigint 1n"],
])("%s is refused", async (_, options, got) => {
  const refusal = { name: "OptionError", code: "BAD_OPTION", message: expect.stringContaining(`got ${got}`) };
  await expect(createEngine(options as object)).rejects.toMatchObject(refusal);
});

test("a model keeps the device it was made for, whatever becomes of its options", async () => {
  const options: SoftmaxRegressionOptions & { device: "cpu" | "webgpu" } = { device: "cpu" };
  using model = new SoftmaxRegression(options);
  options.device = "webgpu";
  expect((await model.engine).device).toBe("cpu");
});
