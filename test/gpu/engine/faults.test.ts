import { expect, test } from "vitest";
import { createEngine } from "../../../src/index.js";
import { kernelOp } from "./kernel-op.js";
import { engineWithItsDevice, faultOf, misuse, watchedDevice } from "./watched-device.js";

test("a shader that does not compile gives file, line and column, each time", async () => {
  const { device, uncaptured } = await watchedDevice();
  const engine = await createEngine({ gpuDevice: device });
  const out = engine.zeros([4]);
  const broken = kernelOp("spoilt", "values[0] = no_such_thing;");
  for (const _ of [1, 2]) {
    engine.run(broken, { out });
    const fault = await faultOf(out.read());
    expect(fault).toMatchObject({ name: "KernelError", code: "SHADER_INVALID" });
    // Line 5 of the kernel, where its body begins with 15 characters.
    expect(fault.message).toMatch(/^spoilt\.wgsl:5:15: .*no_such_thing.* Near `[^`]*values\[0\] = no_such_thing/s);
  }
  engine.run(kernelOp("sound", "values[0] = 7;"), { out });
  expect([...(await out.read())]).toEqual([7, 0, 0, 0]);
  engine.dispose();
  expect(uncaptured).toEqual([]);
  device.destroy();
});

test("work that the GPU refuses is raised with the label of the object, and stale numbers are not returned", async () => {
  const { device, uncaptured } = await watchedDevice();
  const engine = await createEngine({ gpuDevice: device });
  const out = engine.zeros([4]);
  const lacking = kernelOp("lacking", "values[0] = 1;", (d) => ({ ...d, buffers: [] }));
  engine.run(lacking, { out });
  expect(await faultOf(out.read())).toMatchObject({
    name: "KernelError",
    code: "GPU_VALIDATION",
    message: expect.stringContaining("luce/lacking"),
  });
  const tooMany = kernelOp("too_many", "values[0] = 1;", (d) => ({ ...d, workgroups: 65_536 ** 2 }));
  engine.run(tooMany, { out });
  expect(await faultOf(out.read())).toMatchObject({ code: "GPU_VALIDATION" });
  expect([...(await out.read())]).toEqual([0, 0, 0, 0]);
  engine.dispose();
  expect(uncaptured).toEqual([]);
  device.destroy();
});

test("a fault is raised to every read that was waiting, and to none that began later", async () => {
  const { device } = await watchedDevice();
  const engine = await createEngine({ gpuDevice: device });
  const out = engine.zeros([4]);
  engine.run(
    kernelOp("lacking", "values[0] = 1;", (d) => ({ ...d, buffers: [] })),
    { out },
  );
  const waiting = await Promise.allSettled([out.read(), out.read()]);
  expect(waiting.map((each) => each.status)).toEqual(["rejected", "rejected"]);
  expect([...(await out.read())]).toEqual([0, 0, 0, 0]);
  engine.dispose();
  device.destroy();
});

test("an error nobody caught on the engine's own device is raised at the next read after it", async () => {
  const { engine, device } = await engineWithItsDevice();
  const out = engine.zeros([4]);
  await misuse(device);
  expect(await faultOf(out.read())).toMatchObject({ code: "GPU_VALIDATION" });
  expect([...(await out.read())]).toEqual([0, 0, 0, 0]);
  engine.dispose();
});

test("errors of others on a shared device are left to its owner", async () => {
  const { device, uncaptured } = await watchedDevice();
  const handler = device.onuncapturederror;
  const engine = await createEngine({ gpuDevice: device });
  expect(device.onuncapturederror).toBe(handler);
  await misuse(device);
  expect([...(await engine.zeros([2]).read())]).toEqual([0, 0]);
  expect(uncaptured).toHaveLength(1);
  engine.dispose();
  expect(device.onuncapturederror).toBe(handler);
  await misuse(device);
  expect(uncaptured).toHaveLength(2);
  device.destroy();
});

test("an error scope of the owner's catches nothing of the engine's", async () => {
  const { device } = await watchedDevice();
  const engine = await createEngine({ gpuDevice: device });
  const out = engine.zeros([4]);
  device.pushErrorScope("validation");
  engine.run(
    kernelOp("lacking", "values[0] = 1;", (d) => ({ ...d, buffers: [] })),
    { out },
  );
  const read = faultOf(out.read());
  expect(await device.popErrorScope()).toBe(null);
  expect(await read).toMatchObject({ code: "GPU_VALIDATION" });
  engine.dispose();
  device.destroy();
});
