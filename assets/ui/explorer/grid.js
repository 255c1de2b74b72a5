// A grid of numbers that can be read, walked through, typed into and drawn on: the explorer's
// input, kernel, output and gradient. Few cells hold numbers, many hold shades of grey.

import { number, short } from "../../engine/numbers.js";
import { make } from "../elements.js";

const SMALLEST_FONT = 7.5; // pixels of a number that can still be read
const MOVES = {
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
};

/** How many digits are as wide as a number; its minus is wider than one of them. */
const digits = (text) => text.length + (text.includes("−") ? 0.35 : 0);

export class Grid {
  rows = 0;
  cols = 0;
  name = "";
  pixels = 0; // of a cell
  drawing = false; // whether a pointer paints
  showing = false; // while cells are new, and a focus among them is no reader's move

  /**
   * name: for the heading and for screen readers. on: {pick, hover, edit, paint}, each called
   * with (row, col) and, for edit, the text; edit and paint make the grid's own cells editable.
   */
  constructor(name, on = {}) {
    this.on = on;
    this.title = make("p", { class: "sw-panel-title" }, name);
    this.body = make("div", { class: "sw-grid", role: "grid" });
    this.outline = make("div", { class: "sw-outline", hidden: true });
    this.frame = make("div", { class: "sw-frame" }, this.body, this.outline);
    this.element = make("div", { class: "sw-panel" }, this.title, this.frame);
    this.cells = [];
    this.marked = [];
    this.cursor = 0;
    this.listen();
  }

  listen() {
    const found = (event) => event.target.closest?.(".sw-cell");
    const place = (cell) => [Number(cell.dataset.row), Number(cell.dataset.col)];
    const { body } = this;
    body.addEventListener("pointerover", (event) => {
      const cell = found(event);
      if (!cell) return;
      if (this.drawing && event.buttons & 1) this.on.paint(...place(cell));
      else this.on.hover?.(...place(cell));
    });
    body.addEventListener("pointerleave", () => this.on.hover?.(null));
    body.addEventListener("pointerdown", (event) => {
      const cell = found(event);
      if (!cell || !this.drawing) return;
      event.preventDefault();
      this.on.paint(...place(cell));
    });
    // A finger keeps its first target, so what lies under it is looked up.
    body.addEventListener("pointermove", (event) => {
      if (!this.drawing || event.pointerType === "mouse" || !event.buttons) return;
      const under = document.elementFromPoint(event.clientX, event.clientY);
      const cell = under?.closest?.(".sw-cell");
      if (cell && body.contains(cell)) this.on.paint(...place(cell));
    });
    body.addEventListener("click", (event) => {
      const cell = found(event);
      if (!cell || this.drawing) return;
      this.focus(cell);
      this.on.pick?.(...place(cell));
      if (this.editable(cell)) this.edit(cell);
    });
    body.addEventListener("focusin", (event) => {
      const cell = found(event);
      if (!cell || this.showing) return;
      this.moveCursor(cell);
      this.on.pick?.(...place(cell));
    });
    body.addEventListener("keydown", (event) => this.key(event, found(event)));
  }

  key(event, cell) {
    if (!cell || event.ctrlKey || event.metaKey || event.altKey) return;
    const at = this.cells.indexOf(cell);
    const row = Math.floor(at / this.cols);
    const jumps = {
      Home: row * this.cols,
      End: (row + 1) * this.cols - 1,
      PageUp: at % this.cols,
      PageDown: (this.rows - 1) * this.cols + (at % this.cols),
    };
    const move = MOVES[event.key];
    if (move) {
      const [r, c] = [row + move[0], (at % this.cols) + move[1]];
      const inside = r >= 0 && r < this.rows && c >= 0 && c < this.cols;
      if (inside) this.focus(this.cells[r * this.cols + c]);
      event.preventDefault();
    } else if (event.key in jumps) {
      this.focus(this.cells[jumps[event.key]]);
      event.preventDefault();
    } else if (this.editable(cell) && /^[-\d.−ni∞]$/i.test(event.key)) {
      this.edit(cell, event.key);
      event.preventDefault();
    } else if (this.editable(cell) && ["Enter", "F2", "Backspace", "Delete"].includes(event.key)) {
      this.edit(cell, ["Enter", "F2"].includes(event.key) ? null : "");
      event.preventDefault();
    }
  }

  editable(cell) {
    return Boolean(this.on.edit) && cell.dataset.own === "1";
  }

  focus(cell) {
    this.moveCursor(cell);
    cell.focus();
  }

  /** One cell of a grid is in the tab order; arrows go to the others. */
  moveCursor(cell) {
    this.cells[this.cursor]?.setAttribute("tabindex", "-1");
    this.cursor = this.cells.indexOf(cell);
    cell.setAttribute("tabindex", "0");
  }

  /** A field over the cell; Enter and leaving it take the number, Escape does not. */
  edit(cell, begin = null) {
    const [row, col] = [Number(cell.dataset.row), Number(cell.dataset.col)];
    const label = `${this.name}: row ${row}, column ${col}`;
    const field = make("input", { class: "sw-edit", "aria-label": label });
    field.inputMode = "decimal";
    field.autocomplete = "off";
    field.value = begin ?? cell.dataset.value;
    field.style.left = `${cell.offsetLeft}px`;
    field.style.top = `${cell.offsetTop}px`;
    field.style.width = `${Math.max(cell.offsetWidth, 44)}px`;
    field.style.height = `${Math.max(cell.offsetHeight, 24)}px`;
    let open = true;
    const close = (take, back) => {
      if (!open) return;
      open = false;
      const text = field.value;
      field.remove();
      if (take && text !== cell.dataset.value) this.on.edit(row, col, text);
      if (back) this.focus(this.cells[this.cursor]);
    };
    field.addEventListener("keydown", (event) => {
      event.stopPropagation();
      if (event.key === "Enter") close(true, true);
      if (event.key === "Escape") close(false, true);
      if (event.key === "Tab") close(true, true);
    });
    field.addEventListener("blur", () => close(true, false));
    this.frame.append(field);
    field.focus();
    if (begin === null) field.select();
  }

  /**
   * Shows rows of numbers. label(row, col) is where a cell lies in torch's own counting;
   * look(row, col) gives {own, kinds}: whether readers may change it, and its classes.
   */
  show(name, values, look, from = [0, 0]) {
    this.name = name;
    this.title.textContent = name;
    this.body.setAttribute("aria-label", name);
    const [rows, cols] = [values.length, values[0].length];
    if (rows !== this.rows || cols !== this.cols) this.build(rows, cols);
    this.clear();
    for (let r = 0; r < rows; r += 1) {
      for (let c = 0; c < cols; c += 1) {
        const cell = this.cells[r * cols + c];
        const { own = false, kinds = "" } = look(r, c);
        cell.className = `sw-cell ${kinds}`;
        cell.dataset.row = r + from[0];
        cell.dataset.col = c + from[1];
        cell.dataset.own = own ? "1" : "0";
        cell.dataset.value = short(values[r][c]);
        cell.dataset.text = number(values[r][c]);
      }
    }
    this.paint();
  }

  build(rows, cols) {
    Object.assign(this, { rows, cols, cells: [], marked: [] });
    const lines = [];
    for (let r = 0; r < rows; r += 1) {
      const line = make("div", { class: "sw-row", role: "row" });
      for (let c = 0; c < cols; c += 1) {
        const cell = make("div", { role: "gridcell", tabindex: "-1", class: "sw-cell" });
        this.cells.push(cell);
        line.append(cell);
      }
      lines.push(line);
    }
    const had = this.body.contains(document.activeElement);
    this.body.replaceChildren(...lines);
    this.cursor = Math.min(this.cursor, this.cells.length - 1);
    this.cells[this.cursor].setAttribute("tabindex", "0");
    this.showing = true;
    if (had) this.cells[this.cursor].focus();
    this.showing = false;
  }

  /** Cells of so many pixels; small ones show shades in place of numbers. */
  resize(pixels) {
    if (pixels === this.pixels) return;
    this.pixels = pixels;
    this.frame.style.setProperty("--cell", `${pixels}px`);
    this.paint();
  }

  paint() {
    const longest = Math.max(...this.cells.map((cell) => digits(cell.dataset.text)));
    const font = Math.min(this.pixels * 0.46, (this.pixels * 1.48) / longest);
    const shaded = font < SMALLEST_FONT;
    this.frame.classList.toggle("sw-shaded", shaded);
    this.frame.style.setProperty("--font", `${font}px`);
    const finite = this.cells.map((cell) => Number(cell.dataset.value)).filter(Number.isFinite);
    const [low, high] = [Math.min(...finite), Math.max(...finite)];
    for (const cell of this.cells) {
      const value = Number(cell.dataset.value);
      const level = value === Infinity ? 1 : value > low ? (value - low) / (high - low) : 0;
      const grey = Math.round(255 * level);
      cell.style.backgroundColor = shaded ? `rgb(${grey}, ${grey}, ${grey})` : "";
      cell.textContent = shaded ? "" : cell.dataset.text;
      if (shaded) cell.setAttribute("aria-label", cell.dataset.text);
      else cell.removeAttribute("aria-label");
    }
  }

  clear() {
    for (const [cell, kind] of this.marked) cell.classList.remove(kind);
    this.marked = [];
    this.outline.hidden = true;
  }

  /** Adds a class to a cell of the grid, by its place in the grid, until clear(). */
  mark(row, col, kind) {
    if (row < 0 || col < 0 || row >= this.rows || col >= this.cols) return;
    const cell = this.cells[row * this.cols + col];
    cell.classList.add(kind);
    this.marked.push([cell, kind]);
  }

  /** The window's edge, from a place in the grid over so many rows and columns. */
  surround(row, col, height, width) {
    const { style } = this.outline;
    this.outline.hidden = false;
    style.setProperty("--r", row);
    style.setProperty("--c", col);
    style.setProperty("--h", height);
    style.setProperty("--w", width);
  }
}
