import { expect, test } from "vitest";
import { type ImageLike, imageRows } from "../../../src/data/image-rows.js";
import { toDenseMatrix } from "../../../src/data/matrix.js";

const image = (width: number, height: number, seed: number): ImageLike => ({
  data: Uint8ClampedArray.from({ length: 4 * width * height }, (_, i) => (i * 37 + seed * 11) % 256),
  width,
  height,
});
const canvas = (pixels: ImageLike) => ({
  width: pixels.width,
  height: pixels.height,
  getContext: () => ({
    getImageData: (x: number, y: number, width: number, height: number) => {
      expect([x, y, width, height]).toEqual([0, 0, pixels.width, pixels.height]);
      return pixels;
    },
  }),
});
const images = [image(3, 2, 1), image(3, 2, 2)];
const bytes = (channels: "grey" | "rgb" | "alpha"): number[][] =>
  images.map(({ data }) =>
    Array.from({ length: 6 }, (_, p) => [...data.subarray(4 * p, 4 * p + 4)]).flatMap(([r, g, b, a]) => {
      if (channels === "rgb") return [r, g, b];
      return channels === "alpha" ? [a] : [Math.round(0.299 * r + 0.587 * g + 0.114 * b)];
    }),
  );

test.each(["grey", "rgb", "alpha"] as const)(
  "%s, of images and of canvases, as bytes that stand for 0 … 1",
  (channels) => {
    const expected = bytes(channels);
    const { data, shape, scale } = imageRows(images, { channels });
    expect(shape).toEqual([2, expected[0].length]);
    expect([...data]).toEqual(expected.flat());
    expect(scale).toBe(1 / 255);
    expect(imageRows([canvas(images[0]), images[1]], { channels })).toEqual({ data, shape, scale });
    // The door keeps them as bytes.
    expect(toDenseMatrix({ data, shape, scale }, "fit", "X").data).toEqual(data);
  },
);

test("white is 1 and black is 0 to the last bit", () => {
  const flat = (value: number): ImageLike => ({ data: new Uint8ClampedArray(4).fill(value), width: 1, height: 1 });
  expect([...imageRows([flat(255), flat(0)]).data]).toEqual([255, 0]);
});

test("faults", () => {
  const code = (call: () => unknown, expected: object) => expect(call).toThrow(expect.objectContaining(expected));
  code(() => imageRows([]), { code: "EMPTY_INPUT" });
  code(() => imageRows([image(3, 2, 1), image(2, 3, 1)]), {
    code: "SHAPE_MISMATCH",
    message: expect.stringContaining("image 1"),
  });
  code(() => imageRows([{ data: new Uint8ClampedArray(7), width: 2, height: 1 }]), { code: "UNSUPPORTED_TYPE" });
  code(() => imageRows([null as never]), { code: "UNSUPPORTED_TYPE" });
  code(() => imageRows([{ ...canvas(images[0]), getContext: () => null }]), { code: "UNSUPPORTED_TYPE" });
  code(() => imageRows(images, { channels: "hsv" as never }), { name: "OptionError" });
  code(() => imageRows(images, { channels: ["rgb"] as never }), { name: "OptionError" });
  code(() => imageRows([{ data: new Uint8ClampedArray(8), width: -2, height: -1 }]), { code: "UNSUPPORTED_TYPE" });
  code(() => imageRows([{ data: new Uint8ClampedArray(4), width: 0.5, height: 2 }]), { code: "UNSUPPORTED_TYPE" });
  code(() => imageRows(images, { chanels: "rgb" } as never), {
    code: "UNKNOWN_OPTION",
    message: expect.stringContaining("Did you mean `channels`?"),
  });
  code(() => imageRows(images, null as never), { code: "BAD_OPTION" });
  // A hole is no image, and no black one.
  const holes = [images[0], images[0], images[1]];
  delete holes[1];
  code(() => imageRows(holes), { code: "UNSUPPORTED_TYPE", message: expect.stringContaining("image 1") });
});

test("a canvas that may not be read says whose pixels are in it, and what to do", () => {
  const tainted = {
    ...canvas(images[0]),
    getContext: () => ({
      getImageData: () => {
        throw new DOMException("The canvas has been tainted by cross-origin data.", "SecurityError");
      },
    }),
  };
  expect(() => imageRows([images[0], tainted])).toThrow(
    expect.objectContaining({
      code: "UNSUPPORTED_TYPE",
      message: expect.stringMatching(
        /^imageRows: image 1 cannot be read.*another origin.*crossOrigin = "anonymous".*Access-Control/,
      ),
      cause: expect.objectContaining({ name: "SecurityError" }),
    }),
  );
  const cause = new Error("gone");
  const broken = {
    get data(): never {
      throw cause;
    },
    width: 3,
    height: 2,
  };
  expect(() => imageRows([broken])).toThrow(
    expect.objectContaining({ code: "UNSUPPORTED_TYPE", message: expect.stringContaining("image 0"), cause }),
  );
});
