/**
 * Nothing that goes wrong on the GPU may pass unseen: an invalid dispatch throws nowhere, and stale numbers come back.
 */

const FILTERS: readonly GPUErrorFilter[] = ["validation", "out-of-memory", "internal"];

/**
 * Runs `body` inside one error scope per kind and rejects with everything caught there, and with the loss of the device.
 * A fault that `body` catches in scopes of its own is not seen here; one that the engine only records is.
 */
export async function withErrorScopes<T>(device: GPUDevice, body: () => T | Promise<T>): Promise<T> {
  const faults: string[] = [];
  const onUncaptured = (event: GPUUncapturedErrorEvent): void => {
    faults.push(`uncaptured ${describe(event.error)}`);
  };
  let lost: GPUDeviceLostInfo | undefined;
  void device.lost.then((info) => {
    lost = info;
  });
  device.addEventListener("uncapturederror", onUncaptured);
  for (const filter of FILTERS) device.pushErrorScope(filter);
  let outcome: { value: T } | { error: unknown };
  try {
    outcome = { value: await body() };
  } catch (error) {
    outcome = { error };
  }
  for (const filter of [...FILTERS].reverse()) {
    const fault = await device.popErrorScope();
    if (fault) faults.push(`${filter}: ${describe(fault)}`);
  }
  device.removeEventListener("uncapturederror", onUncaptured);
  if (lost) faults.push(`device lost (${lost.reason}): ${lost.message}`);
  if (faults.length > 0) {
    const cause = "error" in outcome ? outcome.error : undefined;
    throw new Error(`withErrorScopes: the GPU reported ${faults.length} fault(s):\n${faults.join("\n")}`, { cause });
  }
  if ("error" in outcome) throw outcome.error;
  return outcome.value;
}

function describe(error: GPUError): string {
  return `${error.constructor.name}: ${error.message}`;
}
