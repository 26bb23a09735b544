/** One engine for each choice of the device switch, made when it is first asked for. */
import { createEngine, type Engine } from "../src/index.js";
import type { DeviceChoice } from "./settings.js";

export class Engines {
  readonly #engines: Map<DeviceChoice, Promise<Engine>> = new Map();

  /** The engine for this choice. Rejects with a DeviceError when a GPU is demanded and there is none. */
  async get(choice: DeviceChoice): Promise<Engine> {
    const known = this.#engines.get(choice);
    if (known !== undefined) return known;
    const created = createEngine({ device: choice });
    this.#engines.set(choice, created);
    // The browser may find a GPU the next time: a failure is not kept.
    created.catch(() => this.#engines.delete(choice));
    return created;
  }

  /** Gives an engine back after a failure: the next `get` makes a new one. */
  async replace(choice: DeviceChoice): Promise<void> {
    const known = this.#engines.get(choice);
    this.#engines.delete(choice);
    (await known)?.dispose();
  }
}
