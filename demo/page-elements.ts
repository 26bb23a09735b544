/** Finding the parts of the page: an element that is missing, or of another kind, is a mistake in index.html and says so. */

/** The element with this id, of this type. Throws when index.html has none. */
export function elementById<T extends Element>(id: string, type: new () => T): T {
  const found = document.getElementById(id);
  if (!(found instanceof type))
    throw new Error(`page: index.html: expected a ${type.name} with id "${id}", got ${found}`);
  return found;
}

/** The first element under `parent` that fits the selector, of this type. Throws when there is none. */
export function elementIn<T extends Element>(parent: ParentNode, selector: string, type: new () => T): T {
  const found = parent.querySelector(selector);
  if (!(found instanceof type)) throw new Error(`page: expected a ${type.name} at "${selector}", got ${found}`);
  return found;
}

/** A new element with this class and text. */
export function newElement<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  className = "",
  text = "",
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  if (className !== "") element.className = className;
  if (text !== "") element.textContent = text;
  return element;
}

/** The drawing context of a canvas. Throws where the browser gives none. */
export function drawingContext(canvas: HTMLCanvasElement): CanvasRenderingContext2D {
  const context = canvas.getContext("2d");
  if (context === null) throw new Error(`page: canvas "${canvas.id}": expected a 2D drawing context, got none`);
  return context;
}
