/** A diverging colour map: −1 speaks against (blue), 0 is the panel itself, +1 speaks for (amber). */
import { type Colour, themeColour } from "./theme.js";

const stopNames = ["--map-low", "--map-lower", "--map-middle", "--map-higher", "--map-high"];
const entries = 256;

export class DivergingColourMap {
  /** 256 colours from −1 to +1, as red, green, blue, opacity. */
  readonly #table: Uint8ClampedArray;

  /** Takes the five stops from the theme as it is now; a new map is needed when the theme changes. */
  constructor() {
    const stops = stopNames.map(themeColour);
    this.#table = new Uint8ClampedArray(4 * entries);
    for (let i = 0; i < entries; i++) {
      const position = (i / (entries - 1)) * (stops.length - 1);
      const below = Math.min(Math.floor(position), stops.length - 2);
      const colour = mixed(stops[below] as Colour, stops[below + 1] as Colour, position - below);
      this.#table.set([...colour, 255], 4 * i);
    }
  }

  /** Writes the colour of `value` (clamped to −1..1) as the pixel `index` of an image. */
  paint(image: Uint8ClampedArray, index: number, value: number): void {
    const entry = Math.round(((Math.min(1, Math.max(-1, value)) + 1) / 2) * (entries - 1));
    for (let channel = 0; channel < 4; channel++) {
      image[4 * index + channel] = this.#table[4 * entry + channel] as number;
    }
  }
}

function mixed(from: Colour, to: Colour, share: number): Colour {
  const channel = (index: 0 | 1 | 2): number => from[index] + (to[index] - from[index]) * share;
  return [channel(0), channel(1), channel(2)];
}
