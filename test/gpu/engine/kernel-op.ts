/** Ops made for a test: one kernel, one tensor that it writes, no reference worth the name. */
import type { Dispatch, Matrix, Op } from "../../../src/ops/op.js";

export interface WriteArguments<M extends Matrix = Matrix> {
  readonly out: M;
}

/** An op whose kernel is `body`, run by one thread with `values: array<f32>` at hand; `change` may spoil its dispatch. */
export function kernelOp(
  name: string,
  body: string,
  change: (dispatch: Dispatch) => Dispatch = (d) => d,
): Op<WriteArguments> {
  const code = `@group(0) @binding(0) var<storage, read_write> values: array<f32>;
@group(0) @binding(1) var<uniform> unused: vec4<u32>;
@compute @workgroup_size(1) fn main() {
  _ = unused;
  ${body}
}`;
  return {
    name,
    check() {},
    reference() {},
    plan({ out }, planner) {
      const kernel = { name, code, bindings: ["write"] as const };
      const buffers = [out.blocks[0].buffer];
      planner.dispatch(change({ kernel, constants: {}, buffers, parameters: [], workgroups: 1, work: 1 }));
    },
  };
}
