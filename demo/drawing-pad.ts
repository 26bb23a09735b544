/**
 * The pad: strokes by mouse, finger or pen, or by keys, or a test digit that was put there.
 * Tells the 28×28 bytes of what it shows; strokes are centred and scaled as MNIST's digits were (digit-image.ts).
 */
import { imageSide } from "./dataset.js";
import { digitImage, type Point } from "./digit-image.js";
import { DigitPicture } from "./digit-picture.js";
import { drawingContext, elementById } from "./page-elements.js";
import { onThemeChange, themeValue } from "./theme.js";

/** The pad is measured in the pixels of the model's image: positions are 0..28, whatever its size on the screen. */
const padSide = imageSide;
const penWidth = 2.4;
const keyStep: Readonly<Record<string, Point>> = {
  ArrowLeft: { x: -1, y: 0 },
  ArrowRight: { x: 1, y: 0 },
  ArrowUp: { x: 0, y: -1 },
  ArrowDown: { x: 0, y: 1 },
};

export class DrawingPad {
  readonly #canvas: HTMLCanvasElement = elementById("pad", HTMLCanvasElement);
  readonly #context: CanvasRenderingContext2D = drawingContext(this.#canvas);
  readonly #seen: DigitPicture = new DigitPicture(elementById("seen", HTMLCanvasElement));
  readonly #penState: HTMLElement = elementById("pen-state", HTMLElement);
  readonly #onChange: (pixels: Uint8Array | undefined) => void;
  #strokes: Point[][] = [];
  /** A test digit that lies on the pad until something is drawn. */
  #picture: Uint8Array | undefined;
  #pen: Point = { x: padSide / 2, y: padSide / 4 };
  #penIsDown = false;
  #usesKeys = false;

  /** `onChange` hears the 784 bytes after every change, or undefined when the pad is empty. */
  constructor(onChange: (pixels: Uint8Array | undefined) => void) {
    this.#onChange = onChange;
    // Screen readers hand the arrow keys on to an application.
    this.#canvas.setAttribute("role", "application");
    this.#canvas.addEventListener("pointerdown", (event) => this.#startPointer(event));
    this.#canvas.addEventListener("pointermove", (event) => this.#movePointer(event));
    for (const end of ["pointerup", "pointercancel"]) this.#canvas.addEventListener(end, () => this.#liftPen());
    this.#canvas.addEventListener("keydown", (event) => this.#pressKey(event));
    this.#canvas.addEventListener("focus", () => this.#draw());
    this.#canvas.addEventListener("blur", () => {
      this.#usesKeys = false;
      this.#liftPen();
    });
    elementById("clear-pad", HTMLButtonElement).addEventListener("click", () => this.clear());
    new ResizeObserver(() => this.#fitToScreen()).observe(this.#canvas);
    onThemeChange(() => this.#changed());
  }

  get isEmpty(): boolean {
    return this.#picture === undefined && this.#strokes.length === 0;
  }

  /** Puts a digit of 784 bytes on the pad. */
  showPicture(pixels: Uint8Array): void {
    this.#strokes = [];
    this.#penIsDown = false;
    this.#picture = pixels;
    this.#changed();
  }

  clear(): void {
    this.#strokes = [];
    this.#picture = undefined;
    this.#changed();
  }

  #startPointer(event: PointerEvent): void {
    if (event.button !== 0) return;
    this.#canvas.setPointerCapture(event.pointerId);
    this.#usesKeys = false;
    this.#lowerPen(this.#position(event));
  }

  #movePointer(event: PointerEvent): void {
    if (!this.#penIsDown || this.#usesKeys) return;
    const events = event.getCoalescedEvents();
    for (const each of events.length > 0 ? events : [event]) this.#movePen(this.#position(each));
  }

  #pressKey(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const step = keyStep[event.key];
    if (step !== undefined) {
      const size = event.shiftKey ? 4 : 1;
      this.#usesKeys = true;
      this.#movePen({ x: inside(this.#pen.x + size * step.x), y: inside(this.#pen.y + size * step.y) });
    } else if (event.key === " " || event.key === "Enter") {
      // A key held down repeats: the pen would go up and down.
      if (!event.repeat) this.#togglePen();
    } else if (event.key === "Delete" || event.key === "Backspace") {
      this.clear();
      this.#penState.textContent = "Pad cleared";
    } else return;
    event.preventDefault();
  }

  #togglePen(): void {
    this.#usesKeys = true;
    if (this.#penIsDown) this.#liftPen();
    else this.#lowerPen(this.#pen);
    this.#penState.textContent = this.#penIsDown ? "Pen down" : "Pen up";
  }

  #lowerPen(at: Point): void {
    this.#picture = undefined;
    this.#penIsDown = true;
    this.#pen = at;
    this.#strokes.push([at]);
    this.#changed();
  }

  #movePen(to: Point): void {
    this.#pen = to;
    // After "clear" with the pen down there is no stroke to go on with.
    if (this.#penIsDown && this.#strokes.length === 0) this.#strokes.push([]);
    if (this.#penIsDown) this.#strokes.at(-1)?.push(to);
    if (this.#penIsDown) this.#changed();
    else this.#draw();
  }

  #liftPen(): void {
    this.#penIsDown = false;
    this.#draw();
  }

  #position(event: PointerEvent): Point {
    const bounds = this.#canvas.getBoundingClientRect();
    return {
      x: inside(((event.clientX - bounds.left) / bounds.width) * padSide),
      y: inside(((event.clientY - bounds.top) / bounds.height) * padSide),
    };
  }

  #changed(): void {
    const pixels = this.#picture ?? (this.#strokes.length > 0 ? digitImage(this.#strokes, padSide) : undefined);
    this.#seen.show(pixels);
    this.#draw();
    this.#onChange(pixels);
  }

  #fitToScreen(): void {
    const side = Math.round(this.#canvas.clientWidth * devicePixelRatio);
    if (side === 0 || side === this.#canvas.width) return;
    this.#canvas.width = side;
    this.#canvas.height = side;
    this.#draw();
  }

  #draw(): void {
    const context = this.#context;
    const unit = this.#canvas.width / padSide;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, this.#canvas.width, this.#canvas.height);
    context.setTransform(unit, 0, 0, unit, 0, 0);
    context.imageSmoothingEnabled = false;
    if (this.#picture !== undefined) context.drawImage(this.#seen.canvas, 0, 0, padSide, padSide);
    context.strokeStyle = themeValue("--ink");
    context.lineCap = "round";
    context.lineJoin = "round";
    context.lineWidth = penWidth;
    for (const stroke of this.#strokes) drawStroke(context, stroke);
    const showsPen =
      this.#usesKeys || (document.activeElement === this.#canvas && this.#canvas.matches(":focus-visible"));
    if (showsPen) this.#drawPen(context);
  }

  #drawPen(context: CanvasRenderingContext2D): void {
    context.strokeStyle = themeValue("--accent");
    context.lineWidth = this.#penIsDown ? 0.6 : 0.25;
    context.beginPath();
    context.arc(this.#pen.x, this.#pen.y, 1.6, 0, 2 * Math.PI);
    context.stroke();
  }
}

function drawStroke(context: CanvasRenderingContext2D, stroke: readonly Point[]): void {
  const [first, ...rest] = stroke;
  if (first === undefined) return;
  context.beginPath();
  context.moveTo(first.x, first.y);
  // A line to the same point makes a dot of a single point.
  for (const point of rest.length > 0 ? rest : [first]) context.lineTo(point.x, point.y);
  context.stroke();
}

function inside(position: number): number {
  return Math.min(padSide - 0.5, Math.max(0.5, position));
}
