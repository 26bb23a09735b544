/** What plans may count on of the CPU, with workers or without. */
import type { DeviceTraits } from "../../ops/step-plan.js";
import type { TrialSteps } from "../backend.js";

export const CPU_TRAITS: DeviceTraits = {
  device: "cpu",
  software: true,
  bindingBytes: Number.POSITIVE_INFINITY,
  workPerDispatch: Number.POSITIVE_INFINITY,
};

/** One after the other: a launch that finds the search over costs next to nothing. */
export const CPU_TRIAL_STEPS: TrialSteps = { perLaunch: 1, launches: 12 };
