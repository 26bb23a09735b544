/** Prints as JSON which adapter Dawn gives under Node in this environment; ends with 1 where it gives none. */
import { create } from "webgpu";

const gpu = create([]);
const adapter = await gpu.requestAdapter();
if (!adapter) process.exit(1);
const { vendor, architecture, device, description, isFallbackAdapter } = adapter.info;
const name = description || [vendor, architecture, device].filter(Boolean).join(" ");
// The end is given in the callback: standard output may be a pipe that is not through with the text yet.
process.stdout.write(JSON.stringify({ name, isSoftware: isFallbackAdapter }), () => process.exit(0));
