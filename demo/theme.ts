/** The page's colours live in styles/theme.css; what is drawn on a canvas reads them here, and draws again when they change. */

/** Red, green and blue, 0..255. */
export type Colour = readonly [number, number, number];

/** The value of a custom property such as "--ink", as CSS text. */
export function themeValue(property: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(property).trim();
}

/** A custom property that holds a colour as #rrggbb. */
export function themeColour(property: string): Colour {
  const text = themeValue(property);
  const match = /^#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})$/i.exec(text);
  if (match === null) throw new Error(`page: theme.css: ${property}: expected a colour as #rrggbb, got "${text}"`);
  const channel = (index: number): number => Number.parseInt(match[index] as string, 16);
  return [channel(1), channel(2), channel(3)];
}

/** Calls back when the system changes between light and dark. */
export function onThemeChange(redraw: () => void): void {
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
}
