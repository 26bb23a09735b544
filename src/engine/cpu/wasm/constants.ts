/** Vectors of one number, each made once at a kernel's beginning: made where they are used, they cost as much as the arithmetic. */
import type { Code, Local, Writer } from "./assembler.js";
import { f32x4, get, set } from "./instructions.js";

export class Constants {
  readonly #writer: Writer;
  readonly #made = new Map<number, Local>();

  /** Only after the writer's last parameter. */
  constructor(writer: Writer) {
    this.#writer = writer;
  }

  /** Four f32. */
  of(value: number): Code {
    const local = this.#made.get(value) ?? this.#writer.local("v128");
    this.#made.set(value, local);
    return get(local);
  }

  /** The kernel's first instructions; asked for after the last use. */
  get prepare(): Code {
    return [...this.#made].map(([value, local]) => set(local, f32x4.constant(value)));
  }
}
