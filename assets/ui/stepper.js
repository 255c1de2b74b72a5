// <sliding-window>: a moving figure that readers step through, with the same drawing as its GIF.
// When the figure comes near the screen, the element loads figures/NAME.trace.js and puts a drawing
// of its own in the poster's place. When it moves, and what moves it, is in ui/player.js.
// Data are in scripts, for Chromium refuses fetch() on file://. Texts become textContent, never
// markup; looks are CSS variables.

import { Drawing } from "./drawing.js";
import { capital, Player, set } from "./player.js";
import { shared } from "./shared.js";

const HINT = "Step with the buttons or the arrow keys. Then point at any number.";
const ARROWS = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };

const arrived = new Map();
const loading = new Map();

/** Each figures/NAME.trace.js calls this once; what nobody asked for is not kept. */
shared.figure = (name, data) => loading.has(name) && arrived.set(name, data);

/** The data of a figure, asked for once; rejects if the file is missing or damaged. */
function load(name, source) {
  if (!loading.has(name)) {
    const script = document.createElement("script");
    const promise = new Promise((resolve, reject) => {
      script.onload = () =>
        arrived.has(name) ? resolve(arrived.get(name)) : reject(new Error(`${source} is damaged`));
      script.onerror = () => reject(new Error(`${source} is missing`));
    });
    loading.set(name, promise);
    script.src = source;
    document.head.append(script);
  }
  return loading.get(name);
}

// What is shown: `at` answers are written, and `phase` says which picture of the GIF it is.
const ANSWER = "answer"; // the last window with its answer; of 0 answers, the opening
const QUESTION = "question"; // the next window, before its answer
const CLOSING = "closing"; // all answers and no window

class SlidingWindow extends Player {
  hint = HINT;

  async prepare() {
    const [name, source] = [this.getAttribute("name"), this.getAttribute("src")];
    const drawing = new Drawing(name, await load(name, source));
    if (drawing.count !== this.count) throw new Error(`${source} holds other steps`);
    return drawing;
  }

  place(drawing) {
    drawing.svg.setAttribute("aria-label", this.getAttribute("label"));
    this.rest(!this.moving);
    this.stage.append(drawing.svg);
    const svg = drawing.svg;
    svg.addEventListener("pointermove", (event) => this.onPointer(event));
    svg.addEventListener("pointerdown", (event) => this.onPointer(event));
    svg.addEventListener(
      "pointerleave",
      (event) => event.pointerType === "mouse" && this.look(null),
    );
    svg.addEventListener("click", (event) => this.onPointer(event));
    // Not on the drawing itself: Chromium lets Tab stop at an SVG that listens for focus.
    this.stage.addEventListener("focusin", ({ target }) => {
      const cells = /** @type {Element} */ (target).closest(".sw-cells");
      this.lookAround(cells, [0, 0]);
    });
    this.stage.addEventListener("focusout", () => this.look(null));
  }

  rewind() {
    [this.at, this.phase] = [0, ANSWER];
  }

  previous() {
    return this.phase === QUESTION ? this.at : this.at - 1;
  }

  rest(resting) {
    this.drawing.rest(resting);
  }

  /** Arrows and Enter, while the focus is on cells. */
  takes(event) {
    const onCells = event.target.closest?.(".sw-cells");
    if (onCells && event.key in ARROWS) this.lookAround(onCells, ARROWS[event.key]);
    else if (onCells && event.key === "Enter") this.jump(this.spotted);
    else return super.takes(event);
    return true;
  }

  /** Milliseconds of the picture that is shown, as in the GIF. */
  lasts() {
    const [opening, glide, look, answer, closing] = this.drawing.data.tempo;
    if (this.phase === CLOSING) return closing;
    if (this.phase === QUESTION) return this.at ? glide + look : look;
    return this.at ? answer : opening;
  }

  next() {
    const { every, tempo } = this.drawing.data;
    if (this.phase === CLOSING) this.rewind();
    else if (this.at === this.count) this.phase = CLOSING;
    else if (this.phase === ANSWER && tempo[2]) this.phase = QUESTION;
    else [this.at, this.phase] = [Math.min(this.at + every, this.count), ANSWER];
  }

  show() {
    const { drawing, phase, at } = this;
    this.looked = null;
    drawing.spot.setAttribute("visibility", "hidden");
    const shown = { [QUESTION]: () => drawing.question(at), [CLOSING]: () => drawing.closing() };
    drawing.show(at, shown[phase]?.());
  }

  sentence() {
    const { opening, closing, steps } = this.drawing.data;
    if (this.phase === QUESTION) return steps[this.at][6][0].join(" ");
    if (this.phase === ANSWER && this.at) return steps[this.at - 1][0];
    return capital(`${(this.at ? closing : opening).join(" ")}.`);
  }

  /** A mouse looks wherever it is; a finger looks at what it taps, not where a scroll begins. */
  onPointer(event) {
    const cell = this.drawing.cellAt(event.clientX, event.clientY);
    const { type, pointerType } = event;
    if (type === "pointerdown") this.spotted = cell;
    if (
      type === "pointerdown" ||
      (type === "pointermove" && (pointerType !== "mouse" || this.moving))
    )
      return;
    this.line.setAttribute("aria-live", "off");
    this.look(cell ?? null);
    if (type === "click") this.jump(cell);
  }

  /** Shows what belongs to a cell, or again where the figure stands. */
  look(cell) {
    if (this.looked === cell || (!cell && !this.looked)) return;
    if (!cell) return this.update();
    if (this.moving) this.pause();
    this.looked = cell;
    const about = this.drawing.about(cell);
    this.drawing.show(this.at, about);
    return this.say(about.text);
  }

  /** Moves the reader's eye among a panel's cells. */
  lookAround(group, [down, across]) {
    if (!group) return;
    const { cells, panels, spot } = this.drawing;
    const mine = cells.filter((cell) => panels[cell.panel] === group);
    const from = panels[this.spotted?.panel] === group ? this.spotted : mine[0];
    const to = mine.find((c) => c.row === from.row + down && c.col === from.col + across) ?? from;
    this.spotted = to;
    this.line.setAttribute("aria-live", "polite");
    this.look(to);
    const visibility = group.matches(":focus-visible") ? "visible" : "hidden";
    set(spot, { x: to.x + 2, y: to.y + 2, width: to.size - 3, height: to.size - 3, visibility });
  }

  /** To the step that wrote a cell. */
  jump(cell) {
    if (cell?.writers.length) this.go(cell.writers.at(-1)[0] + 1);
  }
}

if (!customElements.get("sliding-window")) customElements.define("sliding-window", SlidingWindow);
