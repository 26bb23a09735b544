/** Devices that die in ways that a real one cannot be made to: they go on resolving, or never answer again. */
import { afterEach, expect, test, vi } from "vitest";
import { createEngine } from "../../../src/engine/create-engine.js";

afterEach(() => {
  vi.unstubAllGlobals();
});

interface FakeDevice {
  readonly device: GPUDevice;
  /** Settles `device.lost`. */
  lose(reason: string, message?: string): void;
  /** How many empty submits were made. */
  emptySubmits(): number;
}

/** A device of which every call succeeds; what it maps and when its queue is done is up to the test. */
function fakeDevice(answers: { map: () => Promise<void>; done: () => Promise<void> }): FakeDevice {
  let lose: FakeDevice["lose"] = () => {};
  const lost = new Promise((resolve) => {
    lose = (reason, message = "") => resolve({ reason, message });
  });
  let empty = 0;
  const encoder = { beginComputePass: () => ({ end() {} }), clearBuffer() {}, copyBufferToBuffer() {}, finish() {} };
  const buffer = (size: number) => ({
    size,
    destroy() {},
    unmap() {},
    mapAsync: answers.map,
    getMappedRange: (_: number, length: number) => new ArrayBuffer(length),
  });
  const queue = {
    writeBuffer() {},
    submit(commands: unknown[]) {
      if (commands.length === 0) empty++;
    },
    onSubmittedWorkDone: answers.done,
  };
  const device = {
    limits: new Proxy({}, { get: () => 2 ** 28 }),
    lost,
    queue,
    addEventListener() {},
    removeEventListener() {},
    pushErrorScope() {},
    popErrorScope: async () => null,
    createBuffer: ({ size }: { size: number }) => buffer(size),
    createCommandEncoder: () => encoder,
  };
  return { device: device as unknown as GPUDevice, lose, emptySubmits: () => empty };
}

const never = (): Promise<void> => new Promise(() => {});
const atOnce = async (): Promise<void> => {};
const aWhile = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 20));
const lostToUs = { name: "DeviceError", code: "DEVICE_LOST", message: expect.stringContaining("driver reset") };

test("a read whose mapping never settles is raised when the device is lost", async () => {
  const { device, lose } = fakeDevice({ map: never, done: never });
  const engine = await createEngine({ gpuDevice: device });
  const read = engine.zeros([4]).read();
  lose("unknown", "driver reset");
  await expect(read).rejects.toMatchObject(lostToUs);
  await expect(engine.pace()).rejects.toMatchObject(lostToUs);
});

test("a mapping that resolves on a dead device is not believed", async () => {
  const { device, lose } = fakeDevice({ map: aWhile, done: atOnce });
  const engine = await createEngine({ gpuDevice: device });
  const read = engine.zeros([4]).read();
  lose("unknown", "driver reset");
  await expect(read).rejects.toMatchObject(lostToUs);
});

test("a mapping that is rejected before the loss is known still names the loss", async () => {
  const { device, lose } = fakeDevice({ map: () => Promise.reject(new Error("aborted")), done: atOnce });
  const engine = await createEngine({ gpuDevice: device });
  const read = engine.zeros([4]).read();
  setTimeout(() => lose("unknown", "driver reset"), 30);
  await expect(read).rejects.toMatchObject(lostToUs);
});

test("a mapping that is rejected for no reason given is a lost device too, with the cause", async () => {
  const cause = new Error("aborted");
  const { device } = fakeDevice({ map: () => Promise.reject(cause), done: atOnce });
  const engine = await createEngine({ gpuDevice: device });
  await expect(engine.zeros([4]).read()).rejects.toMatchObject({ code: "DEVICE_LOST", cause });
});

test("pace waits for a busy queue, and no longer than the device lives", async () => {
  const { device, lose } = fakeDevice({ map: atOnce, done: never });
  const engine = await createEngine({ gpuDevice: device });
  const t = engine.zeros([4]);
  for (let i = 0; i < 3; i++) await t.read();
  let paced = false;
  const pace = engine.pace().finally(() => {
    paced = true;
  });
  const outcome = expect(pace).rejects.toMatchObject(lostToUs);
  await aWhile();
  expect(paced).toBe(false);
  lose("unknown", "driver reset");
  await outcome;
});

test("dispose ends what waits for a queue that never answers", async () => {
  const { device } = fakeDevice({ map: never, done: never });
  const engine = await createEngine({ gpuDevice: device });
  const t = engine.zeros([4]);
  const waiting = Promise.allSettled([t.read(), t.read(), t.read(), engine.pace()]);
  await aWhile();
  engine.dispose();
  for (const each of await waiting) expect(each).toMatchObject({ status: "rejected", reason: { code: "DISPOSED" } });
});

test("in Firefox, and only there, a read nudges the queue", async () => {
  for (const [userAgent, nudged] of [
    ["Mozilla/5.0 Gecko/20100101 Firefox/153.0", true],
    ["Mozilla/5.0 Chrome/156.0.0.0", false],
  ] as const) {
    vi.stubGlobal("navigator", { userAgent });
    const { device, emptySubmits } = fakeDevice({ map: aWhile, done: atOnce });
    using engine = await createEngine({ gpuDevice: device });
    expect([...(await engine.zeros([4]).read())]).toEqual([0, 0, 0, 0]);
    expect(emptySubmits() > 1).toBe(nudged);
  }
});
