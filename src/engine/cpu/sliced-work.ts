import type { HostMatrix, On } from "../../ops/op.js";

/** Work that can be taken a few rows at a time, so that the page stays responsive. */
export interface SlicedWork {
  /** What its speed is remembered by. */
  readonly name: string;
  readonly rows: number;
  /** Multiplications, or visits to an element, for a row. */
  readonly rowCost: number;
  /** Slices begin at multiples of so many rows: where sums are cut shows in their bits, and must not depend on time. */
  readonly grain: number;
  run(first: number, count: number): void;
  /** Writes what is only known after the last row. */
  finish(): void;
}

/** An op's arguments. Asked for anew in every slice: memory that grows in between detaches what was handed out before. */
export type Resolve<A> = () => On<A, HostMatrix>;
