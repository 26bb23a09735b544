/** What the page's thread and its workers say to each other. Everything here can be cloned; arrays travel by transfer. */
import type { ElementType, HostArray, Matrix } from "../../../ops/op.js";
import type { Span } from "../row-blocks.js";

/** A tensor: some rows of a storage, or some values of a vector, counted in the whole storage. */
export interface Operand extends Matrix {
  readonly id: number;
  readonly firstRow: number;
  readonly firstColumn: number;
  readonly scale: number;
  readonly offset: number;
}

export type Argument = Operand | number | boolean | readonly number[] | undefined;

export type Command =
  /** Memory for the rows `span` of a storage, in place of what the worker had of it. */
  | {
      readonly kind: "allocate";
      readonly id: number;
      readonly rows: number;
      readonly columns: number;
      readonly type: ElementType;
      readonly span: Span;
      readonly zeros: boolean;
    }
  /** Elements from `first` on, counted in the whole storage. */
  | { readonly kind: "write"; readonly id: number; readonly first: number; readonly data: HostArray }
  | { readonly kind: "release"; readonly id: number }
  /** Rows of a storage change hands: worker w has `before[w]` and shall have `after[w]`. */
  | {
      readonly kind: "move";
      readonly id: number;
      readonly before: readonly Span[];
      readonly after: readonly Span[];
      readonly tag: number;
    }
  /** An op, whole or, with a `share`, on these of the rows that its rule names. `blocks` of rows are added up apart. */
  | {
      readonly kind: "run";
      readonly op: string;
      readonly args: Readonly<Record<string, Argument>>;
      readonly share: Span | undefined;
      readonly blocks: readonly Span[] | undefined;
      readonly tag: number;
    }
  | { readonly kind: "read"; readonly operand: Operand };

/** To a worker. `ports` lead to the others, by their index; there is none to itself. `shared`: memory of all workers, where there is some. */
export type Order =
  | {
      readonly kind: "start";
      readonly index: number;
      readonly ports: readonly (MessagePort | undefined)[];
      readonly shared: SharedArrayBuffer | undefined;
    }
  | { readonly kind: "work"; readonly commands: readonly Command[]; readonly batch: number; readonly last: boolean };

/** From a worker. */
export type Answer =
  | { readonly kind: "ready" }
  | { readonly kind: "done"; readonly batch: number; readonly busyMs: number; readonly reads: readonly HostArray[] }
  | { readonly kind: "failed"; readonly code: string; readonly message: string };
