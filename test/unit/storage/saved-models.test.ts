import { expect, test } from "vitest";
import {
  deleteModel,
  fromSklearn,
  indexedDbStore,
  loadModel,
  memoryStore,
  SoftmaxRegression,
  saveModel,
} from "../../../src/index.js";

const coef = [
  [1, 2.5],
  [-3, 1e-7],
  [0, 9],
];
const fitted = () => fromSklearn({ coef, intercept: [0.1, 0.2, 0.3], classes: ["a", "b", "c"] });

test("a model is saved under its name, loaded with other options, replaced and deleted", async () => {
  const store = memoryStore();
  expect(await loadModel("m", { store })).toBeUndefined();
  await saveModel("m", fitted(), { store });
  expect(await store.names()).toEqual(["models/m"]);
  const loaded = (await loadModel("m", { store, device: "cpu", l2: 0.5 })) as SoftmaxRegression;
  expect(loaded.coef).toEqual(fitted().coef);
  expect(loaded.classes).toEqual(["a", "b", "c"]);
  expect(await loaded.predict([[0, 9]])).toEqual(["c"]);
  loaded.dispose();
  await saveModel("m", fromSklearn({ coef: coef.slice(1), intercept: [0, 0], classes: [0, 1] }), { store });
  expect((await loadModel("m", { store }))?.classes).toEqual([0, 1]);
  await deleteModel("m", { store });
  await deleteModel("m", { store });
  expect(await loadModel("m", { store })).toBeUndefined();
});

test("what is kept is a copy, and so is what is given", async () => {
  const store = memoryStore();
  const bytes = Uint8Array.of(1, 2, 3);
  await store.put("a", bytes);
  bytes[0] = 9;
  const given = (await store.get("a")) as Uint8Array;
  given[1] = 9;
  expect(await store.get("a")).toEqual(Uint8Array.of(1, 2, 3));
});

test("faults are told", async () => {
  const store = memoryStore();
  await expect(saveModel("", fitted(), { store })).rejects.toMatchObject({ name: "OptionError", code: "BAD_OPTION" });
  await expect(saveModel("m", new SoftmaxRegression(), { store })).rejects.toMatchObject({ code: "NOT_FITTED" });
  await store.put("models/m", Uint8Array.of(1, 2, 3));
  await expect(loadModel("m", { store })).rejects.toMatchObject({ name: "FormatError", code: "TRUNCATED" });
  await expect(loadModel("m", { store, l3: 1 } as never)).rejects.toMatchObject({ name: "OptionError" });
  // Node has no IndexedDB.
  await expect(saveModel("m", fitted())).rejects.toMatchObject({ name: "StorageError", code: "STORAGE_UNAVAILABLE" });
  await expect(indexedDbStore().names()).rejects.toMatchObject({ code: "STORAGE_UNAVAILABLE" });
});
