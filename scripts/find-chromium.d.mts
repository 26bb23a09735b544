/** The path of a Chromium that is already on this machine, or undefined. */
export function locateChromium(): string | undefined;

/** The path of a Chromium, installed first where the machine has none. Throws with the remedies when that fails. */
export function ensureChromium(): string;
