/** Vitest's global set-up of the `dawn` project: finds the adapter once, says which it is, and tells every test file. */
import type { TestProject } from "vitest/node";
import { type FoundAdapter, findVulkan } from "../../scripts/find-vulkan.mjs";

declare module "vitest" {
  interface ProvidedContext {
    /** The adapter that the tests on Dawn are meant to run on. */
    readonly dawnAdapter: FoundAdapter;
  }
}

/** Throws, and so fails the run, where Dawn finds no adapter or not the expected one. */
export default function provideAdapter(project: TestProject): void {
  const found = findVulkan();
  console.error(`The tests on Dawn run on ${found.adapter.name}`);
  project.provide("dawnAdapter", found);
}
