/** How one product becomes launches: its kernel, set up once, and the parameters of each launch. */
import { variantNamed } from "./matmul-kernels.js";
import type { Product, Variant } from "./matmul-product.js";
import type { ProductDevice, ProductSizes } from "./matmul-variants.js";
import { chooseMatmul } from "./matmul-variants.js";
import type { Dispatch, Planner } from "./op.js";
import { f32, u32 } from "./op.js";
import { LaunchConstants, SetUps } from "./set-ups.js";

const VARIANTS = new SetUps<Variant>();

/** The kernel for a product on this device, set up. */
export function matmulVariant(sizes: ProductSizes, device: ProductDevice): Variant {
  const name = chooseMatmul(sizes, device);
  const key = `${name}|${sizes.rows}|${sizes.columns}|${sizes.depth}|${sizes.type}|${device.software}`;
  return VARIANTS.of(key, () => variantNamed(name, sizes, device.software));
}

const CONSTANTS = new LaunchConstants();

function constantsOf(variant: Variant, p: Product): Dispatch["constants"] {
  const { type, offset, stride } = p.a;
  const key = `${type}|${p.transposeA}|${p.transposeB}|${p.ones}|${offset % 4}|${stride % 4}`;
  return CONSTANTS.of(variant, key, () => ({ ...variant.constants, ...variant.kernel.storage(p) }));
}

/** Launches a product, in several dispatches when one would hold more work than the device allows. */
export function launch(variant: Variant, p: Product, planner: Planner): void {
  const total = variant.groups * p.splits;
  const work = 2 * p.rows * p.columns * (p.depthEnd - p.depthBegin);
  const most = Math.max(1, Math.floor((total * planner.workPerDispatch) / work));
  const count = Math.ceil(total / Math.ceil(total / most));
  const constants = constantsOf(variant, p);
  for (let first = 0; first < total; first += count) {
    const workgroups = Math.min(count, total - first);
    planner.dispatch({
      kernel: variant.kernel,
      constants,
      buffers: [p.a.buffer, p.a.buffer, p.b.buffer, p.bias?.buffer ?? p.b.buffer, p.out.buffer],
      parameters: [
        ...[p.rows, p.columns, p.depthBegin, p.depthEnd, p.depthPerSplit].map(u32),
        ...[variant.groups, first, first + workgroups].map(u32),
        ...[p.a.offset, p.a.stride, p.b.offset, p.b.stride, p.out.offset, p.out.stride, p.out.splitStride].map(u32),
        ...[p.bias?.offset ?? 0, Number(p.bias !== undefined), Number(p.accumulate)].map(u32),
        ...[p.alpha, p.a.zero].map(f32),
        // A byte that stands k bits up is 2ᵏ times too large: powers of two change no rounding.
        ...[1, 2 ** -8, 2 ** -16, 2 ** -16].map((up) => f32(p.a.scale * up)),
      ],
      workgroups,
      work: (work * workgroups) / total,
    });
  }
}
