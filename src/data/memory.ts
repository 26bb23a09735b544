/** Memory of the page for as many numbers as a caller's sizes ask for, reckoned before it is taken. Imports errors only. */
import { DeviceError } from "../errors.js";

const GIB = 2 ** 30;
/** What browsers give to one page at most, however much there is. */
const MOST_OF_A_PAGE = 16 * GIB;
/** Less than this is asked for without a look at what there is. */
const SMALL = GIB / 4;

/** Parts of a page's surroundings, and of Node's, that say how much there is. */
interface Surroundings {
  /** GiB of the machine, told apart up to 8 by some browsers, and not at all by others. */
  readonly navigator?: { readonly deviceMemory?: number };
  readonly process?: { availableMemory?(): number };
}

function mostBytes(): number {
  const { navigator, process } = globalThis as Surroundings;
  const { deviceMemory = Number.POSITIVE_INFINITY } = navigator ?? {};
  return (
    process?.availableMemory?.() ?? Math.min(MOST_OF_A_PAGE, deviceMemory < 8 ? deviceMemory * GIB : MOST_OF_A_PAGE)
  );
}

/**
 * Throws DeviceError OUT_OF_MEMORY where `bytes` are more than a page can have. Taking them would not throw: they are given when they are
 * written to, and then the system ends the page.
 */
export function requireRoom(bytes: number, purpose: string, where: string): void {
  if (bytes <= SMALL) return;
  const most = mostBytes();
  if (bytes <= most) return;
  const inGib = (amount: number): string => `${Number((amount / GIB).toPrecision(3))} GiB`;
  throw new DeviceError(
    "OUT_OF_MEMORY",
    `${where}: the page has no memory for ${purpose}: expected at most ${inGib(most)}, got ${inGib(bytes)}. Use fewer rows, columns or classes at a time.`,
  );
}

/** A new array of `rows × columns` values. Throws DeviceError OUT_OF_MEMORY where the page has no room for it. */
export function allocated<T>(
  type: { new (length: number): T; readonly BYTES_PER_ELEMENT: number },
  rows: number,
  columns: number,
  where: string,
): T {
  requireRoom(rows * columns * type.BYTES_PER_ELEMENT, `a matrix of ${rows} × ${columns}`, where);
  try {
    return new type(rows * columns);
  } catch (cause) {
    throw new DeviceError(
      "OUT_OF_MEMORY",
      `${where}: the page has no memory for a matrix of ${rows} × ${columns}. Use fewer rows at a time.`,
      cause,
    );
  }
}
