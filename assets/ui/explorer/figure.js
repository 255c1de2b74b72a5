// The explorer's figure: the window of one output on the input, kernel and gradient beside it, and
// its arithmetic, in the style, the colours and the words of the figures in the lessons.

import { gradient, isTransposed } from "../../engine/operations.js";
import { make } from "../elements.js";
import { legendOf, readerWords, sizeOf } from "./facts.js";
import { Grid } from "./grid.js";
import { layoutOf } from "./layout.js";
import { overhang, placeOf, readersOf, spanOf, weightOf } from "./places.js";
import { isSignal } from "./settings.js";
import { Steps } from "./steps.js";

const HEADER = 130; // pixels above a figure that a reader has scrolled to

export class Figure {
  at = [0, 0]; // row and column of the chosen output
  /** @type {import("../../torch/calls.js").Result | null} */
  result = null; // while there is one
  rows = []; // of the input that is shown
  signal = false;
  offset = [0, 0]; // rows and columns of padding before it

  /**
   * on: chosen(), when another output or gradient is; shown(step), whenever a window is;
   * edit(place, text), paint(place) and weigh(place, text), for a number of the input, one drawn
   * over, and a weight. place: [row, column] in torch's own counting.
   */
  constructor(on) {
    this.on = on;
    this.buildGrids();
    this.legend = make("p", { class: "sw-legend" });
    this.words = make("p", { class: "sw-arithmetic" });
    this.steps = new Steps((number) => this.go(number));
    // Said after a step: which output, then its arithmetic. Pointing at cells says nothing here.
    this.said = make("p", { class: "sw-offscreen", "aria-live": "polite" });
    this.buildGradient();
    this.element = make(
      "div",
      { class: "sw-explored" },
      this.board,
      this.legend,
      this.words,
      this.steps.element,
      this.said,
      this.gradBox,
    );
    new ResizeObserver(() => this.fit()).observe(this.board);
  }

  buildGrids() {
    const ofInput = (act) => (row, col, text) => {
      const place = this.placeOf(row, col);
      if (place) act(place, text); // padding is no reader's to change
    };
    const input = new Grid("input", {
      hover: (row, col) => this.hoverInput(row, col),
      pick: (row, col) => this.hoverInput(row, col),
      edit: ofInput((place, text) => this.on.edit(place, text)),
      paint: ofInput((place) => this.on.paint(place)),
    });
    const kernel = new Grid("kernel", {
      edit: (row, col, text) => {
        if (this.result) this.on.weigh(weightOf(this.result, row, col), text);
      },
    });
    const output = new Grid("output", {
      hover: (row, col) => (row === null ? this.showStep() : this.showStep([row, col])),
      pick: (row, col) => this.pick(row, col),
    });
    const gradient = new Grid("gradient");
    gradient.element.classList.add("sw-below");
    this.grids = { input, kernel, output, gradient };
    this.star = make("span", { class: "sw-sign", "aria-hidden": "true" }, "∗");
    this.arrow = make("span", { class: "sw-sign", "aria-hidden": "true" }, "→");
    this.board = make(
      "div",
      { class: "sw-board" },
      input.element,
      this.star,
      kernel.element,
      this.arrow,
      output.element,
      gradient.element,
    );
  }

  buildGradient() {
    const changed = () => {
      this.showGradient();
      this.fit();
      this.on.chosen();
    };
    this.grad = make("input", { type: "checkbox" });
    this.grad.addEventListener("change", changed);
    this.gradOf = make(
      "select",
      { "aria-label": "gradient of" },
      make("option", { value: "all" }, "of the sum of all outputs"),
      make("option", { value: "one" }, "of the chosen output alone"),
    );
    this.gradOf.addEventListener("change", changed);
    this.gradBox = make(
      "p",
      { class: "sw-field" },
      make("label", { class: "sw-check" }, this.grad, " gradient of the input"),
      this.gradOf,
    );
  }

  /** Of "all" outputs, of "one", or "" for none. */
  get gradient() {
    return this.grad.checked ? this.gradOf.value : "";
  }

  /** What the next result begins with; at: [row, column] of the chosen output. */
  begin(at, gradient) {
    this.stop();
    this.at = at;
    this.grad.checked = Boolean(gradient);
    if (gradient) this.gradOf.value = gradient;
  }

  stop() {
    this.steps.stop();
  }

  /** Whether a pointer draws on the input. */
  setDrawing(on) {
    this.grids.input.drawing = on;
    this.grids.input.element.classList.toggle("sw-drawing", on);
  }

  // ---- The result.

  /** A result of torch/calls.js, with the window of the chosen output. */
  show(result) {
    const { ask, geometry } = result;
    const { operation } = ask.call;
    const [rows, cols] = geometry.output;
    this.result = result;
    this.rows = ask.rows;
    this.signal = isSignal(operation);
    this.at = [Math.min(this.at[0], rows - 1), Math.min(this.at[1], cols - 1)];
    this.steps.begin(rows * cols, this.numberOf(this.at));
    this.showInput();
    const size = sizeOf(geometry.output, this.signal);
    this.grids.output.show(`output ${size}`, result.output, () => ({ kinds: "sw-out" }));
    this.showKernel(isTransposed(operation) ? " flipped" : "");
    this.showGradient();
    this.showLegend();
    for (const part of [this.grids.output.element, this.arrow, this.steps.element, this.gradBox]) {
      part.hidden = false;
    }
    this.fit();
    this.showStep();
  }

  /** Only the input, for the reader to correct; a message says what is wrong. */
  showAlone(rows) {
    const { input, kernel, output, gradient } = this.grids;
    this.stop();
    this.result = null;
    this.rows = rows;
    this.offset = [0, 0];
    input.show(`input ${sizeOf([rows.length, rows[0].length], false)}`, rows, () => ({
      own: true,
    }));
    const panels = [kernel.element, output.element, gradient.element];
    const around = [this.star, this.arrow, this.steps.element, this.gradBox, this.legend];
    for (const part of [...panels, ...around]) part.hidden = true;
    this.words.textContent = "";
    this.said.textContent = "";
    this.fit();
  }

  showInput() {
    const { rows } = this;
    const { ask, geometry, plane } = this.result;
    const [top, left] = [geometry.rows.padding[0], geometry.cols.padding[0]];
    this.offset = [top, left];
    const size = sizeOf([rows.length, rows[0].length], this.signal);
    const stretched = ask.stretch.some((n) => n > 1) ? " stretched" : "";
    const look = (r, c) => {
      if (!this.placeOf(r - top, c - left)) return { kinds: "sw-pad" };
      const unread = geometry.untouched.has(`${r - top},${c - left}`);
      return { own: true, kinds: unread ? "sw-untouched" : "" };
    };
    this.grids.input.show(`input ${size}${stretched}`, plane, look, [-top, -left]);
  }

  showKernel(turned) {
    const { kernel } = this.result;
    const grid = this.grids.kernel;
    grid.element.hidden = this.star.hidden = !kernel;
    if (!kernel) return;
    const size = sizeOf([kernel.length, kernel[0].length], this.signal);
    grid.show(`kernel ${size}${turned}`, kernel, () => ({ own: true }));
  }

  showGradient() {
    const grid = this.grids.gradient;
    grid.element.hidden = this.gradOf.disabled = !this.gradient;
    if (!this.gradient) return;
    const [row, col] = this.at;
    const all = this.gradient === "all";
    const upstream = this.result.output.map((line, r) =>
      line.map((_, c) => Number(all || (r === row && c === col))),
    );
    const rows = gradient(this.result, upstream);
    const size = sizeOf([rows.length, rows[0].length], this.signal);
    grid.show(`gradient ${size}`, rows, (r, c) => ({ kinds: rows[r][c] ? "sw-flow" : "sw-pad" }));
  }

  showLegend() {
    const items = legendOf(this.result).map(([kind, words]) =>
      make(
        "span",
        {},
        make("span", { class: `sw-swatch ${kind}`, "aria-hidden": "true" }),
        ` ${words}`,
      ),
    );
    this.legend.replaceChildren(...items);
    this.legend.hidden = !items.length;
  }

  /** A cell's place in the input itself; null in padding and between. */
  placeOf(row, col) {
    return placeOf(this.rows, this.result?.ask.stretch ?? [1, 1], row, col);
  }

  // ---- One window.

  numberOf(at) {
    return at[0] * this.result.geometry.output[1] + at[1];
  }

  /** The output that a reader has come to in the grid. */
  pick(row, col) {
    this.stop();
    this.steps.number = this.numberOf([row, col]);
    this.choose([row, col]);
  }

  /** The output that the bar has come to. */
  go(number) {
    const cols = this.result.geometry.output[1];
    this.choose([Math.floor(number / cols), number % cols]);
    // A voice could not keep up with playing.
    if (this.steps.playing) return;
    this.said.textContent = `${this.steps.where.textContent}: ${this.words.textContent}`;
  }

  choose(at) {
    this.at = at;
    this.showStep();
    if (this.gradient === "one") {
      this.showGradient();
      this.fit();
    }
    this.on.chosen();
  }

  showStep(at = this.at) {
    if (!this.result) return;
    const { geometry } = this.result;
    const { input, output } = this.grids;
    const [top, left] = this.offset;
    const [row, col] = at;
    const number = this.numberOf(at);
    const step = this.result.step(number);
    for (const one of [input, output]) one.clear();
    step.taps.forEach((tap, i) => {
      const kind = i === step.winner ? "sw-winner" : step.ties.includes(i) ? "sw-tie" : "sw-read";
      input.mark(tap.row + top, tap.col + left, kind);
    });
    const [rows, cols] = [spanOf(geometry.rows, row), spanOf(geometry.cols, col)];
    input.surround(rows[0] + top, cols[0] + left, rows[1] - rows[0], cols[1] - cols[0]);
    output.mark(row, col, "sw-now");
    this.words.textContent = step.arithmetic;
    const place = this.signal ? `(${col})` : `(${row}, ${col})`;
    const count = geometry.output[0] * geometry.output[1];
    this.steps.show(number, `output ${place}, window ${number + 1} of ${count}`);
    this.on.shown(step);
  }

  /** All outputs that read one cell of the input; row: null once the pointer has left. */
  hoverInput(row, col) {
    if (!this.result) return;
    if (row === null) {
      this.showStep();
      return;
    }
    const { geometry } = this.result;
    const { input, output } = this.grids;
    const [rows, cols] = [readersOf(geometry.rows, row), readersOf(geometry.cols, col)];
    for (const one of [input, output]) one.clear();
    for (const r of rows) for (const c of cols) output.mark(r, c, "sw-reader");
    input.surround(row + this.offset[0], col + this.offset[1], 1, 1);
    this.words.textContent = readerWords(this.result, row, col, rows.length * cols.length);
  }

  // ---- Sizes.

  /** Cells of the size that layout.js gives them in the room there is. */
  fit() {
    const width = this.board.clientWidth;
    const axes = this.result ? [this.result.geometry.rows, this.result.geometry.cols] : [];
    const [down = 0, across = 0] = axes.map(overhang);
    const shown = Object.entries(this.grids).filter(([, one]) => !one.element.hidden);
    const panels = shown.map(([name, one]) => ({
      name,
      rows: one.rows,
      cols: one.cols + (name === "input" ? across : 0),
    }));
    const { stacked, cell, kernelCell } = layoutOf(panels, width, this.room());
    this.board.classList.toggle("sw-stacked", stacked);
    for (const [name, one] of shown) one.resize(name === "kernel" ? kernelCell : cell);
    const { style } = this.grids.input.frame;
    style.setProperty("--over-r", String(down));
    style.setProperty("--over-c", String(across));
  }

  /** Pixels of height for the figure: to the fold, or a screen if it begins too far down. */
  room() {
    const top = this.board.getBoundingClientRect().top + scrollY;
    return innerHeight - (top > innerHeight / 2 ? HEADER : top);
  }
}
