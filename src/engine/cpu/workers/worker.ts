/** What a worker runs: a file of its own, which workers load as a module. */
import { LuceError } from "../../../errors.js";
import { Exchange } from "./exchange.js";
import type { Answer, Order } from "./protocol.js";
import { nodeThreads } from "./threads.js";
import { WorkerMachine } from "./worker-machine.js";

/** The page's end; of a worker's global scope all that is needed is what ports have too. */
const page = (nodeThreads()?.parentPort ?? globalThis) as unknown as MessagePort;

let machine: WorkerMachine | undefined;
let busyMs = 0;
/** Orders are carried out one after the other, though some wait for other workers. */
let last: Promise<void> = Promise.resolve();

async function obey(order: Order): Promise<void> {
  if (order.kind === "start") {
    machine = new WorkerMachine(new Exchange(order.index, order.ports, order.shared));
    answer({ kind: "ready" });
    return;
  }
  if (!machine) return;
  const begun = performance.now();
  for (const command of order.commands) {
    const wait = machine.execute(command);
    if (wait) await wait;
  }
  busyMs += performance.now() - begun;
  if (!order.last) return;
  const { reads } = machine;
  machine.reads = [];
  answer(
    { kind: "done", batch: order.batch, busyMs, reads },
    reads.map(({ buffer }) => buffer as ArrayBuffer),
  );
  busyMs = 0;
}

function answer(message: Answer, transfer: Transferable[] = []): void {
  page.postMessage(message, transfer);
}

page.onmessage = ({ data }: MessageEvent<Order>): void => {
  last = last
    .then(() => obey(data))
    .catch((error: unknown) => {
      // Others may wait for this worker's part: the page ends them all.
      machine = undefined;
      const code = error instanceof LuceError ? error.code : "DEVICE_LOST";
      answer({ kind: "failed", code, message: error instanceof Error ? error.message : String(error) });
    });
};
