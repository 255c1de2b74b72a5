// The explorer's figure: the window of one output on the input, its arithmetic, and the facts
// beside it, in the style, the colours and the words of the figures in the lessons.

import { grid, readNumber, short } from "../engine/numbers.js";
import { gradient } from "../engine/operations.js";
import { randint } from "../engine/random.js";
import { run } from "../torch/calls.js";
import { button, copyText, counted, make } from "./elements.js";
import { Grid } from "./grid.js";
import { FRAME, familyOf, hasWeights, isProblem, isSignal, SOBEL } from "./settings.js";

const times = (sizes) => sizes.join("×");
const LARGEST_CELL = 46;
const SIGN = 34; // pixels of the star and the arrow between panels
const READABLE = 24; // of a cell whose number is worth scrolling for
const LEAST_KERNEL = 24; // of a kernel's cell
const TITLE = 30; // above a panel
const HEADER = 130; // above a figure that a reader has scrolled to

/** What figure and page share of one explorer; explorer.js makes the page's parts. */
/** [rows, columns] of a call's kernel; a signal's has one row. */
export function kernelSizeOf({ operation, args }) {
  const size = args.kernel_size;
  const pair = Array.isArray(size) ? size : [size, size];
  return isSignal(operation) ? [1, pair.at(-1)] : pair;
}

export class ExplorerFigure {
  // What is shown: a call on rows of numbers, made or typed, and the line that says it.
  call = null;
  rows = [];
  source = null;
  text = "";
  weights = null;
  bias = 0;
  at = [0, 0];
  lineProblem = null;
  // The page's own.
  root = null;
  up = "";
  bringPhoto = async () => {};
  keep = (_state) => {};
  view = null;
  notice = null;
  brush = null;
  biasField = null;

  /** Shows a problem, or none. */
  tell(_problem) {}

  /** A number for one cell. */
  type(_row, _col, _text) {}

  /** What a link holds. @returns {Record<string, string>} */
  state() {
    return {};
  }

  buildFigure() {
    const goto = (row, col) => this.select(row, col);
    this.grids = {
      input: new Grid("input", {
        hover: (row, col) => this.hoverInput(row, col),
        pick: (row, col) => this.hoverInput(row, col),
        edit: (row, col, text) => this.type(row, col, text),
        paint: (row, col) => this.type(row, col, this.brush.value),
      }),
      kernel: new Grid("kernel", {
        edit: (row, col, text) => this.typeWeight(row, col, text),
      }),
      output: new Grid("output", {
        hover: (row, col) => (row === null ? this.showStep() : this.showStep([row, col])),
        pick: goto,
      }),
      gradient: new Grid("gradient"),
    };
    this.grids.gradient.element.classList.add("sw-below");
    this.star = make("span", { class: "sw-sign", "aria-hidden": "true" }, "∗");
    this.arrow = make("span", { class: "sw-sign", "aria-hidden": "true" }, "→");
    const { input, kernel, output, gradient } = this.grids;
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
    this.legend = make("p", { class: "sw-legend" });
    this.words_ = make("p", { class: "sw-arithmetic" });
    const move = (by) => () => {
      this.stop();
      this.go(this.number + by);
    };
    this.play = button("Play", () => (this.timer ? this.stop() : this.start()));
    this.slider = make("input", { type: "range", min: "0", "aria-label": "window" });
    this.slider.addEventListener("input", () => {
      this.stop();
      this.go(Number(this.slider.value));
    });
    this.where = make("span", { class: "sw-where" });
    // Said after a step: which output, then its arithmetic. Pointing at cells says nothing here.
    this.said = make("p", { class: "sw-offscreen", "aria-live": "polite" });
    this.steps = make(
      "div",
      { class: "sw-steps", role: "group", "aria-label": "Windows, one by one" },
      button("First", () => this.go(0)),
      button("Back", move(-1)),
      this.play,
      button("Next", move(1)),
      this.slider,
      this.where,
    );
    this.grad = make("input", { type: "checkbox" });
    this.grad.addEventListener("change", () => this.refresh());
    this.gradOf = make(
      "select",
      { "aria-label": "gradient of" },
      make("option", { value: "all" }, "of the sum of all outputs"),
      make("option", { value: "one" }, "of the chosen output alone"),
    );
    this.gradOf.addEventListener("change", () => this.refresh());
    this.gradBox = make(
      "p",
      { class: "sw-field" },
      make("label", { class: "sw-check" }, this.grad, " gradient of the input"),
      this.gradOf,
    );
    this.figure = make(
      "div",
      { class: "sw-explored" },
      this.board,
      this.legend,
      this.words_,
      this.steps,
      this.said,
      this.gradBox,
    );
  }

  buildFacts() {
    this.facts = make("dl", { class: "sw-fact-list" });
    this.code = make("code");
    const copy = button("Copy the program", () => copyText(this.code.textContent, copy));
    const pre = make("pre", { tabindex: "0", "aria-label": "The same in torch" }, this.code);
    this.program = make(
      "details",
      { class: "sw-paste sw-program" },
      make("summary", {}, "The same in torch, with the input"),
      pre,
      copy,
    );
  }

  // ---- The kernel.

  /** Weights of the call's size; numbers that are there already stay. */
  fixWeights() {
    if (!hasWeights(this.call.operation)) return;
    const [height, width] = this.kernelSize();
    if (!(height >= 1 && width >= 1 && height * width <= 4096)) return;
    const old = this.weights;
    if (old && old.length === height && old[0].length === width) return;
    const fresh = randint(0, -2, 2, height * width);
    this.weights = grid(height, width, (r, c) => old?.[r]?.[c] ?? fresh[r * width + c]);
  }

  kernelSize() {
    return kernelSizeOf(this.call);
  }

  fillWeights(kind) {
    const [height, width] = this.kernelSize();
    const count = height * width;
    if (!(height >= 1 && width >= 1 && count <= 4096)) return;
    if (kind === "sobel" && !(width === 3 && (height === 3 || height === 1))) {
      this.notice.textContent = "Sobel's kernel is 3×3, or 3 for a signal.";
      return;
    }
    this.weightSeed = (this.weightSeed ?? 0) + 1;
    const numbers = randint(this.weightSeed, -2, 2, count);
    const makers = {
      random: (r, c) => numbers[r * width + c],
      ones: () => 1,
      mean: () => Math.fround(1 / count),
      sobel: (r, c) => SOBEL[height === 1 ? 0 : r][c],
    };
    this.notice.textContent = "";
    this.weights = grid(height, width, makers[kind]);
    this.refresh();
  }

  /** The figure shows a transposed convolution's kernel flipped, as it meets the input. */
  flipped(row, col) {
    if (familyOf(this.call.operation) !== "ConvTranspose") return [row, col];
    return [this.weights.length - 1 - row, this.weights[0].length - 1 - col];
  }

  typeWeight(row, col, text) {
    const value = readNumber(text);
    if (!Number.isFinite(value ?? NaN)) {
      this.notice.textContent = "Enter a number between −1,000,000 and 1,000,000."; // a weight is finite
      return;
    }
    this.notice.textContent = "";
    const [r, c] = this.flipped(row, col);
    this.weights = this.weights.map((line, y) =>
      y === r ? line.map((old, x) => (x === c ? value : old)) : line,
    );
    this.refresh();
  }

  // ---- The result.

  refresh(keep = true) {
    this.fixWeights();
    // While the line holds no call, the call before it has no result to be shown, either.
    if (this.lineProblem) this.refuse(this.lineProblem);
    else this.compute();
    this.showProgram();
    if (keep) this.keep(() => this.state());
  }

  compute() {
    try {
      const weighs = hasWeights(this.call.operation);
      const bias = weighs && this.call.args.bias ? this.bias : null;
      this.result = run(this.call, this.rows, weighs ? this.weights : null, bias);
      this.geometry = this.result.geometry;
      this.tell(null);
      this.showResult();
      this.view.style.minHeight = "";
    } catch (problem) {
      if (!isProblem(problem)) throw problem;
      this.refuse(problem);
    }
  }

  /** The problem in the result's place: of no refusal is another call's result left to be seen. */
  refuse(problem) {
    // What a message puts in the figure's place is as tall, so that no control moves away
    // from under a pointer that goes on clicking.
    if (this.result) this.view.style.minHeight = `${this.view.offsetHeight}px`;
    this.result = null;
    this.stop();
    this.tell(problem);
    this.showBroken();
  }

  showResult() {
    const { geometry, result, grids } = this;
    const [rows, cols] = geometry.output;
    this.at = [Math.min(this.at[0], rows - 1), Math.min(this.at[1], cols - 1)];
    this.number = this.at[0] * cols + this.at[1];
    const top = geometry.rows.padding[0];
    const left = geometry.cols.padding[0];
    this.offset = [top, left];
    const [height, width] = [this.rows.length, this.rows[0].length];
    const stretched = this.stretch.some((n) => n > 1) ? " stretched" : "";
    const size = isSignal(this.call.operation) ? width : times([height, width]);
    grids.input.show(
      `input ${size}${stretched}`,
      result.plane,
      (r, c) => {
        const real = this.realPlace(r - top, c - left);
        if (!real) return { kinds: "sw-pad" };
        const unread = geometry.untouched.has(`${r - top},${c - left}`);
        return { own: true, kinds: unread ? "sw-untouched" : "" };
      },
      [-top, -left],
    );
    const flat = isSignal(this.call.operation);
    grids.output.show(`output ${flat ? cols : times([rows, cols])}`, result.output, () => ({
      kinds: "sw-out",
    }));
    const kernel = hasWeights(this.call.operation);
    grids.kernel.element.hidden = this.star.hidden = !kernel;
    if (kernel) {
      const shape = flat
        ? result.kernel[0].length
        : times([result.kernel.length, result.kernel[0].length]);
      const turned = familyOf(this.call.operation) === "ConvTranspose" ? " flipped" : "";
      grids.kernel.show(`kernel ${shape}${turned}`, result.kernel, () => ({ own: true }));
    }
    if (document.activeElement !== this.biasField) this.biasField.value = short(this.bias);
    grids.output.element.hidden = this.arrow.hidden = false;
    this.showGradient();
    this.steps.hidden = this.gradBox.hidden = this.legend.hidden = false;
    this.slider.max = String(rows * cols - 1);
    this.showLegend();
    this.showFacts();
    this.fit();
    this.showStep();
  }

  /** Only the input, to be mended; the message says what is wrong. */
  showBroken() {
    const { grids } = this;
    this.offset = [0, 0];
    const [height, width] = [this.rows.length, this.rows[0].length];
    grids.input.show(`input ${times([height, width])}`, this.rows, () => ({ own: true }));
    const hidden = [grids.kernel.element, grids.output.element, grids.gradient.element];
    for (const part of [...hidden, this.star, this.arrow, this.steps, this.gradBox, this.legend]) {
      part.hidden = true;
    }
    this.words_.textContent = "";
    this.said.textContent = "";
    this.facts.replaceChildren();
    this.fit();
  }

  /** Zeros that a transposed convolution puts between two elements: its strides. */
  get stretch() {
    if (!this.result || familyOf(this.call.operation) !== "ConvTranspose") return [1, 1];
    const stride = this.call.args.stride;
    const pair = Array.isArray(stride) ? stride : [stride, stride];
    return isSignal(this.call.operation) ? [1, pair.at(-1)] : pair;
  }

  /** A position of the figure's input in the input itself; null in padding and between. */
  realPlace(row, col) {
    const [y, x] = this.stretch;
    const [r, c] = [row / y, col / x];
    const inside = r >= 0 && c >= 0 && r < this.rows.length && c < this.rows[0].length;
    return inside && Number.isInteger(r) && Number.isInteger(c) ? [r, c] : null;
  }

  // ---- One window.

  select(row, col) {
    if (!this.result) return;
    this.stop();
    this.at = [row, col];
    this.number = row * this.geometry.output[1] + col;
    this.showStep();
    if (this.grad.checked && this.gradOf.value === "one") this.showGradient();
    this.keep(() => this.state());
  }

  go(number) {
    if (!this.result) return;
    const [rows, cols] = this.geometry.output;
    const last = rows * cols - 1;
    this.number = Math.min(last, Math.max(0, number));
    this.at = [Math.floor(this.number / cols), this.number % cols];
    this.showStep();
    // A voice could not keep up with playing.
    if (!this.timer)
      this.said.textContent = `${this.where.textContent}: ${this.words_.textContent}`;
    if (this.grad.checked && this.gradOf.value === "one") this.showGradient();
    this.keep(() => this.state());
  }

  start() {
    const last = Number(this.slider.max);
    if (this.number >= last) this.go(0);
    this.play.textContent = "Pause";
    this.timer = setInterval(() => {
      if (!this.root.isConnected || this.number >= last) this.stop();
      else this.go(this.number + 1);
    }, FRAME);
  }

  stop() {
    clearInterval(this.timer);
    this.timer = 0;
    this.play.textContent = "Play";
  }

  showStep(at = this.at) {
    if (!this.result) return;
    const { grids, geometry } = this;
    const [top, left] = this.offset;
    const [row, col] = at;
    const number = row * geometry.output[1] + col;
    const step = this.result.step(number);
    for (const one of [grids.input, grids.output]) one.clear();
    step.taps.forEach((tap, i) => {
      const kind = i === step.winner ? "sw-winner" : step.ties?.includes(i) ? "sw-tie" : "sw-read";
      grids.input.mark(tap.row + top, tap.col + left, kind);
    });
    const [rows, cols] = [spanOf(geometry.rows, row), spanOf(geometry.cols, col)];
    grids.input.surround(rows[0] + top, cols[0] + left, rows[1] - rows[0], cols[1] - cols[0]);
    grids.output.mark(row, col, "sw-now");
    this.words_.textContent = step.arithmetic;
    const place = isSignal(this.call.operation) ? `(${col})` : `(${row}, ${col})`;
    this.where.textContent = `output ${place}, window ${number + 1} of ${geometry.output[0] * geometry.output[1]}`;
    this.slider.value = String(number);
    this.slider.setAttribute("aria-valuetext", this.where.textContent);
    this.sees.textContent = this.seenBy(step);
  }

  /** All outputs that read one element of the input. */
  hoverInput(row, col) {
    if (!this.result) return;
    if (row === null) {
      this.showStep();
      return;
    }
    const { grids, geometry } = this;
    const readers = (axis, at) =>
      Array.from({ length: axis.output_size ?? axis.windows.length }, (_, j) => j).filter((j) =>
        axis.windows[j].includes(at),
      );
    const [rows, cols] = [readers(geometry.rows, row), readers(geometry.cols, col)];
    for (const one of [grids.input, grids.output]) one.clear();
    for (const r of rows) for (const c of cols) grids.output.mark(r, c, "sw-reader");
    const [top, left] = this.offset;
    grids.input.surround(row + top, col + left, 1, 1);
    const count = rows.length * cols.length;
    const place = isSignal(this.call.operation) ? col : `(${row}, ${col})`;
    const what = this.realPlace(row, col) ? "input" : "padding";
    this.words_.textContent = count
      ? `${what} ${place} is read by ${counted(count)} window${count === 1 ? "" : "s"}`
      : `${what} ${place} is read by no window`;
  }

  // ---- Around the grids.

  showGradient() {
    const { grids } = this;
    grids.gradient.element.hidden = !this.grad.checked;
    this.gradOf.disabled = !this.grad.checked;
    if (!this.grad.checked) return;
    const one = this.gradOf.value === "one";
    const upstream = this.result.output.map((line, r) =>
      line.map((_, c) => (!one || (r === this.at[0] && c === this.at[1]) ? 1 : 0)),
    );
    const rows = gradient(this.result, upstream);
    const flat = isSignal(this.call.operation);
    const size = flat ? rows[0].length : times([rows.length, rows[0].length]);
    grids.gradient.show(`gradient ${size}`, rows, (r, c) => ({
      kinds: rows[r][c] ? "sw-flow" : "sw-pad",
    }));
    this.fit();
  }

  showLegend() {
    const { operation } = this.call;
    const { geometry } = this;
    const entries = [];
    const padded = [geometry.rows, geometry.cols].some((axis) => axis.padding.some(Boolean));
    const stretched = this.stretch.some((n) => n > 1);
    if (padded || stretched) entries.push(["sw-pad", paddingWords(this, padded)]);
    const unread = geometry.untouched.size;
    if (unread) entries.push(["sw-untouched", "never read"]);
    if (familyOf(operation) === "Max" || operation.startsWith("AdaptiveMax")) {
      entries.push(["sw-winner", "the largest"], ["sw-tie", "just as large, but later"]);
    }
    const items = entries.map(([kind, words]) =>
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

  seenBy(step) {
    const real = step.taps.filter((tap) => this.realPlace(tap.row, tap.col));
    if (!real.length) return "none of the input";
    const range = (numbers) => {
      const [low, high] = [Math.min(...numbers), Math.max(...numbers)];
      return low === high ? `${low}` : `${low} to ${high}`;
    };
    const places = real.map((tap) => this.realPlace(tap.row, tap.col));
    const rows = range(places.map(([r]) => r));
    const cols = range(places.map(([, c]) => c));
    const where = isSignal(this.call.operation) ? cols : `rows ${rows}, columns ${cols}`;
    const many = `${real.length} element${real.length === 1 ? "" : "s"}`;
    return `${where}: ${many} of the input`;
  }

  showFacts() {
    const { operation, args } = this.call;
    const { geometry } = this;
    const [rows, cols] = geometry.output;
    const flat = isSignal(operation);
    const outputs = rows * cols;
    const inputs = this.rows.length * this.rows[0].length;
    const elements = hasWeights(operation) ? this.weights.length * this.weights[0].length : 0;
    const parameters = elements + (elements && args.bias ? 1 : 0);
    const macs = (operation.startsWith("ConvTranspose") ? inputs : outputs) * elements;
    const extents = (flat ? [geometry.cols] : [geometry.rows, geometry.cols]).map((axis) =>
      this.extentOf(axis),
    );
    const unread = geometry.untouched.size;
    this.sees = make("dd");
    const facts = [
      ["output size", ...geometry.formula],
      ["parameters", counted(parameters)],
      ["MACs", counted(macs)],
      ["never read", `${counted(unread)} of ${counted(inputs)} input elements`],
      ["receptive field", `${extents.includes(null) ? "not the same everywhere" : times(extents)}`],
    ];
    this.facts.replaceChildren(
      ...facts.flatMap(([name, ...lines]) => [
        make("dt", {}, name),
        ...lines.map((line) => make("dd", {}, line)),
      ]),
      make("dt", {}, "this output sees"),
      this.sees,
    );
  }

  /** Input elements from the first to the last that an output may see; null if they differ. */
  extentOf(axis) {
    if (familyOf(this.call.operation) === "ConvTranspose") {
      const stretch = this.stretch[axis === this.geometry.rows ? 0 : 1];
      return stretch === 1 ? axis.extent : null;
    }
    if (!axis.spans) return axis.extent;
    const lengths = new Set(axis.spans.map(([start, stop]) => stop - start));
    return lengths.size === 1 ? [...lengths][0] : null;
  }

  // ---- Sizes.

  /**
   * As large as fits side by side; below each other if that makes small cells larger. Cells too
   * small for numbers are a picture, which is to be seen at once: no scrolling to the output.
   */
  fit() {
    const width = Math.floor(this.board.clientWidth);
    if (!width) return;
    const shown = Object.entries(this.grids)
      .filter(([, one]) => !one.element.hidden && one.cols)
      .map(([name, one]) => ({
        one,
        name,
        cols: one.cols + (name === "input" ? this.overhang(1) : 0),
      }));
    const beside = shown.filter(({ name }) => name !== "gradient");
    const signs = (beside.length - 1) * SIGN;
    const total = beside.reduce((sum, { cols }) => sum + cols, 0);
    const tall = beside.reduce((sum, { one }) => sum + one.rows, 0);
    const widest = Math.max(...shown.map(({ cols }) => cols));
    // A kernel is to be read and changed, however small the input's cells are.
    const { element, rows: high = 0, cols: wide = 0 } = this.grids.kernel;
    const [kernelRows, kernelCols] = element.hidden ? [0, 0] : [high, wide];
    const least = Math.min(LEAST_KERNEL, Math.floor((width - 4) / kernelCols));
    let row = (width - signs - 8) / total;
    if (kernelCols && row < least) {
      row = Math.max(1, (width - signs - 8 - least * kernelCols) / (total - kernelCols));
    }
    let column = (width - 4) / widest;
    if (column < READABLE) {
      const room = this.room() - beside.length * TITLE - (kernelRows ? least * kernelRows : 0);
      column = Math.min(column, room / (tall - kernelRows));
    }
    const stacked = row < 26 && column > row * 1.25;
    this.board.classList.toggle("sw-stacked", stacked);
    const cell = Math.min(LARGEST_CELL, stacked ? column : row);
    const pixels = cell > 12 ? Math.floor(cell) : Math.floor(cell * 4) / 4;
    for (const { one, name } of shown) {
      one.resize(name === "kernel" ? Math.max(pixels, least) : pixels);
    }
    const { style } = this.grids.input.frame;
    style.setProperty("--over-r", this.overhang(0));
    style.setProperty("--over-c", this.overhang(1));
  }

  /** Pixels of height for the figure: to the fold, or a screen if it begins too far down. */
  room() {
    const top = this.board.getBoundingClientRect().top + scrollY;
    return innerHeight - (top > innerHeight / 2 ? HEADER : top);
  }

  /** Rows or columns that the last window reaches past the padding. */
  overhang(which) {
    if (!this.result) return 0;
    const axis = which ? this.geometry.cols : this.geometry.rows;
    const last = spanOf(axis, this.geometry.output[which] - 1);
    return Math.max(0, last[1] - axis.size - axis.padding[1]);
  }

  // ---- The program.

  showProgram() {
    const { kind, seed } = this.source;
    const flat = isSignal(this.call.operation);
    const [height, width] = [this.rows.length, this.rows[0].length];
    const shape = flat ? `1, ${width}` : `1, ${height}, ${width}`;
    const python = (value) => {
      if (!Number.isFinite(value))
        return `float("${String(value).replace("Infinity", "inf").toLowerCase()}")`;
      return Number.isInteger(value) ? `${value}.0` : short(value);
    };
    const list = (rows) => rows.map((row) => `[${row.map(python).join(", ")}]`).join(", ");
    const lines = ["import torch", "from torch import nn", ""];
    if (kind === "random") {
      lines.push(`torch.manual_seed(${seed})`, `x = torch.randint(0, 10, (${shape})).float()`);
    } else if (kind === "arange") {
      lines.push(`x = torch.arange(${height * width}.0).reshape(${shape})`);
    } else lines.push(`x = torch.tensor([${flat ? list(this.rows) : `[${list(this.rows)}]`}])`);
    lines.push(`layer = ${this.text}`);
    if (hasWeights(this.call.operation) && this.weights) {
      const [open, close] = flat ? ["[[", "]]"] : ["[[[", "]]]"];
      lines.push(`layer.weight.data = torch.tensor(${open}${list(this.weights)}${close})`);
      if (this.call.args.bias) lines.push(`layer.bias.data = torch.tensor([${python(this.bias)}])`);
    }
    lines.push("print(layer(x))");
    this.code.textContent = lines.join("\n");
  }
}

/** (start, stop) of a window along an axis, stop excluded. */
function spanOf(axis, at) {
  return axis.spans?.[at] ?? [axis.starts[at], axis.starts[at] + axis.extent];
}

/** What the cells hold that are not the input's own; the package's wording.padding_words. */
function paddingWords(page, padded) {
  const { operation, args } = page.call;
  if (operation.startsWith("ConvTranspose")) {
    const strides = [...new Set(page.stretch.filter((n) => n > 1))];
    if (!strides.length) return "zeros put around";
    const by = strides.length === 1 ? `stride ${strides[0]}` : "the strides";
    return `zeros put ${padded ? "around and " : ""}between, by ${by}`;
  }
  if (args.padding_mode && args.padding_mode !== "zeros") return `padding (${args.padding_mode})`;
  if (args.count_include_pad === false) return "padding is not counted";
  return `padding holds ${operation.startsWith("Max") ? "−∞" : "0"}`;
}
