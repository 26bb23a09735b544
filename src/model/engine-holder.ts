/** A model's engine: one that was given, or one of its own that is made when first needed. */
import { openEngine } from "../engine/create-engine.js";
import type { Engine } from "../engine/engine.js";
import type { EngineOptions } from "../engine/engine-options.js";

export class EngineHolder {
  readonly #given: Engine | undefined;
  readonly #options: EngineOptions;
  #own: Promise<Engine> | undefined;
  #opened: Engine | undefined;

  constructor(given: Engine | undefined, options: EngineOptions) {
    this.#given = given;
    this.#options = options;
  }

  open(): Promise<Engine> {
    if (this.#given) return Promise.resolve(this.#given);
    this.#own ??= openEngine(this.#options).then(
      (engine) => {
        this.#opened = engine;
        return engine;
      },
      (error: unknown) => {
        // The next call may try again.
        this.#own = undefined;
        throw error;
      },
    );
    return this.#own;
  }

  /** Whether it is there no more: whoever else has it may have disposed of it. */
  get isGone(): boolean {
    return (this.#given ?? this.#opened)?.disposed === true;
  }

  /** Frees an engine of its own; one that was given is somebody else's. */
  dispose(): void {
    void this.#own?.then(
      (engine) => engine.dispose(),
      () => undefined,
    );
  }
}
