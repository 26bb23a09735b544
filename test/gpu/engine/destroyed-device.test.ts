import { expect, test } from "vitest";
import { createEngine } from "../../../src/index.js";
import { requireDevice } from "../../support/adapter.js";
import { engineWithItsDevice, faultOf } from "./watched-device.js";

/** Records and paces as a solver does, until that throws; a bounded number of steps, each giving the page its turn. */
async function stepsUntilFault(step: () => Promise<void>): Promise<unknown> {
  for (let i = 0; i < 200; i++) {
    try {
      await step();
      await new Promise((resolve) => setTimeout(resolve, 0));
    } catch (error) {
      return error;
    }
  }
  return undefined;
}

const destroyed = { name: "DeviceError", code: "DEVICE_DESTROYED" };

test("a device destroyed by its owner is told at the next read, and at every later one", async () => {
  const device = await requireDevice();
  const engine = await createEngine({ gpuDevice: device });
  const t = engine.tensor([1, 2, 3]);
  expect([...(await t.read())]).toEqual([1, 2, 3]);
  device.destroy();
  expect(await faultOf(t.read())).toMatchObject(destroyed);
  expect(await faultOf(t.read())).toMatchObject(destroyed);
  // Recording on a dead device throws nothing and changes nothing.
  engine.addScaled(engine.zeros([3]), 1, t);
  expect(await faultOf(engine.read(t))).toMatchObject(destroyed);
  engine.dispose();
  engine.dispose();
});

test("a device destroyed while a read is under way rejects it", async () => {
  const device = await requireDevice();
  const engine = await createEngine({ gpuDevice: device });
  const t = engine.zeros([1000, 1000]);
  const read = faultOf(t.read());
  device.destroy();
  expect(await read).toMatchObject(destroyed);
  engine.dispose();
});

test("pace tells of a destroyed device, and neither spins nor waits for ever", async () => {
  const device = await requireDevice();
  const engine = await createEngine({ gpuDevice: device });
  const a = engine.zeros([1000, 1000]);
  const b = engine.zeros([1000, 1000]);
  const step = async (): Promise<void> => {
    for (let i = 0; i < 20; i++) engine.addScaled(b, 1, a);
    await engine.pace();
  };
  for (let i = 0; i < 3; i++) await step();
  device.destroy();
  expect(await stepsUntilFault(step)).toMatchObject(destroyed);
  await expect(engine.pace()).rejects.toMatchObject(destroyed);
  engine.dispose();
});

test("a loop that only paces, without a turn of its own for the page, is told too", async () => {
  const device = await requireDevice();
  const engine = await createEngine({ gpuDevice: device });
  const a = engine.zeros([64, 64]);
  const b = engine.zeros([64, 64]);
  await b.read();
  device.destroy();
  const loop = async (): Promise<void> => {
    for (let i = 0; i < 1_000_000; i++) {
      engine.addScaled(b, 1, a);
      await engine.pace();
    }
  };
  expect(await faultOf(loop())).toMatchObject(destroyed);
  engine.dispose();
});

test("a device already destroyed is refused at the door", async () => {
  const device = await requireDevice();
  device.destroy();
  await device.lost;
  expect(await faultOf(createEngine({ gpuDevice: device }))).toMatchObject(destroyed);
});

test("the engine's own device is destroyed with it, and that is no fault", async () => {
  const { engine, device } = await engineWithItsDevice();
  const t = engine.zeros([100]);
  const read = faultOf(t.read());
  engine.dispose();
  expect(await read).toMatchObject({ name: "DisposedError", code: "DISPOSED" });
  expect((await device.lost).reason).toBe("destroyed");
  expect(await faultOf(t.read())).toMatchObject({ code: "DISPOSED" });
});

test("the loss of a device that was let go is stale news", async () => {
  const device = await requireDevice();
  const first = await createEngine({ gpuDevice: device });
  const second = await createEngine({ gpuDevice: device });
  first.dispose();
  device.destroy();
  await device.lost;
  expect(await faultOf(first.pace())).toMatchObject({ code: "DISPOSED" });
  expect(await faultOf(second.zeros([1]).read())).toMatchObject(destroyed);
  second.dispose();
});
