// The drawing of a figure with windows, as SVG: what it shows of each step, and of each cell that a
// reader looks at. Looks are CSS variables, and texts become textContent, never markup.

import { capital, draw, set } from "./player.js";

// What the letters of scripts/slidingwindows/drawing/stepper.py stand for: [ground, ink].
const LOOKS = {
  p: ["page", "text"],
  z: ["page", "muted"],
  d: ["pad", "muted"],
  h: ["page", "muted"],
  e: ["page", "text"],
  w: ["window", "text"],
  k: ["edge", "page"],
  f: ["fresh", "page"],
  r: ["result", "text"],
};
const FEW = 4; // outputs that a sentence names one by one

const paint = (role) => `var(--fig-${role})`;
// Where windows reach past the edge there is nothing, so that the dashed frame behind is seen.
const past = (cell) => cell.look === "e" && !cell.writers.length;
const minus = (number) => String(number).replace("-", "−");

/** A figure's data as SVG, as large as the picture whose place it takes. */
export class Drawing {
  constructor(name, data) {
    this.data = data;
    this.count = data.steps.length;
    this.cells = data.panels.flatMap((panel, number) => cellsOf(data, panel, number));
    this.links();
    this.hatching = `hatch-${name}`;
    const [width, height] = data.size;
    const still = draw("g", { "aria-hidden": "true" });
    still.append(...data.shapes.map((shape) => this.shape(draw("rect", {}), shape)));
    still.append(...data.texts.map(writing));
    this.overlay = draw("g", { class: "sw-overlay", "aria-hidden": "true" });
    this.words = draw("g", { "aria-hidden": "true" });
    this.spot = draw("rect", { class: "sw-spot", visibility: "hidden" });
    this.panels = data.panels.map((panel, number) => this.panel(panel, number));
    this.svg = draw(
      "svg",
      {
        class: data.tempo[1] ? "sw-scene sw-glides" : "sw-scene",
        viewBox: `0 0 ${width} ${height}`,
        role: "group",
      },
      this.pattern(),
      still,
      ...this.panels,
      this.overlay,
      this.words,
      this.spot,
    );
    this.show(0);
  }

  pattern() {
    const line = { d: "M-2 2 2-2M0 8 8 0M6 10 10 6", stroke: paint("hatch"), "stroke-width": 1.5 };
    const size = { width: 8, height: 8, patternUnits: "userSpaceOnUse" };
    return draw("pattern", { id: this.hatching, ...size }, draw("path", line));
  }

  /** Who reads a cell, who writes it. */
  links() {
    this.data.steps.forEach((step, number) => {
      step.inputs = new Set([...step[2], ...Object.values(step[3]).flat()]);
      for (const id of step.inputs) this.cells[id].readers.push(number);
      for (const [id, ...answer] of step[5]) this.cells[id].writers.push([number, ...answer]);
    });
  }

  panel(panel, number) {
    const group = draw("g", {});
    for (const cell of this.cells) {
      if (cell.panel !== number) continue;
      const edge = cell.size < 8 || past(cell) ? {} : { stroke: paint("line") };
      const half = cell.size < 8 ? 0 : 0.5;
      const box = { x: cell.x + half, y: cell.y + half, width: cell.size, height: cell.size };
      cell.rect = draw("rect", { ...box, ...edge });
      group.append(cell.rect);
      if (cell.look === "h") {
        const inner = { x: cell.x + 1, y: cell.y + 1, width: cell.size - 1, height: cell.size - 1 };
        group.append(draw("rect", { ...inner, fill: `url(#${this.hatching})` }));
      }
      if (cell.font) {
        const middle = cell.x + cell.size / 2 + 0.5;
        const base = cell.y + (cell.size + 1 + Math.round(cell.font * 0.73)) / 2;
        const place = { x: middle, y: base, "text-anchor": "middle" };
        cell.text = draw("text", { ...place, "font-size": cell.font });
        if (cell.look === "h") cell.text.setAttribute("class", "sw-halo");
        group.append(cell.text);
      }
      this.dress(cell, cell.look, cell.value);
    }
    if (!this.open(number)) set(group, { "aria-hidden": "true" });
    else {
      const label = `${panel[9]}: with the arrow keys, look at its cells`;
      set(group, { class: "sw-cells", role: "img", tabindex: 0, "aria-label": label });
    }
    return group;
  }

  /** True for a panel whose cells are read or written: all but a kernel. */
  open(number) {
    return this.cells.some((c) => c.panel === number && (c.readers.length || c.writers.length));
  }

  /** Tab reaches cells while they rest: of a figure that plays, it reaches the buttons alone. */
  rest(resting) {
    for (const panel of this.panels)
      if (panel.hasAttribute("tabindex")) set(panel, { tabindex: resting ? 0 : -1 });
  }

  /** A cell's colours and number, if they are others than it wears. */
  dress(cell, look, value) {
    const bold = look !== look.toLowerCase();
    const [ground, ink] = LOOKS[look.toLowerCase()];
    const shade = !cell.font && value !== "" ? Math.round((255 * Number(value)) / 15) : -1;
    const plain = look === "e" && (past(cell) || cell.size < 8) ? "none" : paint(ground);
    const fill = shade < 0 ? plain : `rgb(${shade}, ${shade}, ${shade})`;
    const wears = `${look} ${value}`;
    if (cell.wears === wears) return;
    cell.wears = wears;
    cell.rect.setAttribute("fill", fill);
    if (!cell.text) return;
    set(cell.text, { fill: paint(ink), "font-weight": bold ? 700 : 400 });
    cell.text.textContent = value;
  }

  shape(rect, [kind, left, top, right, bottom, role, width, dash]) {
    const inside = kind === "o" || kind === "d" ? width / 2 : 0;
    const line = inside ? { fill: "none", stroke: paint(role), "stroke-width": width } : {};
    const fills = {
      f: { fill: paint(role) },
      h: { fill: `url(#${this.hatching})` },
      s: { fill: `rgb(${Array(3).fill(Math.round((255 * role) / 15))})` },
      o: line,
      d: { ...line, "stroke-dasharray": dash },
    };
    set(rect, {
      x: left + inside,
      y: top + inside,
      width: Math.max(right - left - 2 * inside, 0),
      height: Math.max(bottom - top - 2 * inside, 0),
      ...fills[kind],
    });
    return rect;
  }

  /** The figure after its first `at` steps; instead of the last one's window, one looked at. */
  show(at, look = null) {
    const lines = at ? [] : this.data.opening;
    const seen = look ?? { step: at - 1, looks: {}, shapes: [], lines };
    const step = this.data.steps[seen.step];
    const looks = {};
    if (step)
      for (const [letter, ids] of Object.entries(step[3])) for (const id of ids) looks[id] = letter;
    Object.assign(looks, seen.looks);
    this.cells.forEach((cell, id) => {
      let [mine, value] = [cell.look, cell.value];
      for (const [number, text, fresh = "F"] of cell.writers) {
        if (number < at || number === seen.step) {
          value = text;
          mine = number === seen.step ? fresh : "r";
        }
      }
      this.dress(cell, looks[id] ?? mine, seen.values?.[id] ?? value);
    });
    this.frame([...(step ? step[4] : []), ...seen.shapes]);
    const [x, y, size] = this.data.words;
    const texts = (step?.[1] ?? seen.lines ?? []).map((line, n) =>
      writing([x, y + n * (size + 8), line, size, "text", "left", 0]),
    );
    this.words.replaceChildren(...texts);
  }

  /** The GIF's picture before the next answer: its window, and what is asked. */
  question(at) {
    const [lines, marks, shapes, asked] = this.data.steps[at][6];
    const [looks, values] = [{}, {}];
    for (const [letter, ids] of Object.entries(marks)) for (const id of ids) looks[id] = letter;
    for (const [id, text, letter] of asked) [looks[id], values[id]] = [letter, text];
    return { step: -1, looks, values, shapes, lines };
  }

  /** The GIF's last picture: all that was made, and no window. */
  closing() {
    return { step: -1, looks: {}, shapes: [], lines: this.data.closing };
  }

  /** Frames stay the same elements, so that they can glide. */
  frame(shapes) {
    const rects = this.overlay.children;
    while (rects.length > shapes.length) this.overlay.lastChild.remove();
    while (rects.length < shapes.length) this.overlay.append(draw("rect", {}));
    for (const [n, shape] of shapes.entries()) this.shape(rects[n], shape);
  }

  /** The cell at a point of the screen, or undefined. */
  cellAt(x, y) {
    const box = this.svg.getBoundingClientRect();
    const [width, height] = this.data.size;
    const scale = Math.max(width / box.width, height / box.height); // blank beside it if it is tall
    const left = (x - box.left - box.width / 2) * scale + width / 2;
    const top = (y - box.top - box.height / 2) * scale + height / 2;
    return this.cells.find((cell) => {
      const inside = left >= cell.x && left < cell.x + cell.size;
      return inside && top >= cell.y && top < cell.y + cell.size && this.told(cell);
    });
  }

  told(cell) {
    return (
      this.panels[cell.panel].hasAttribute("tabindex") && (cell.look !== "e" || cell.writers.length)
    );
  }

  ring(cell, role) {
    const edge = [cell.x - 1, cell.y - 1, cell.x + cell.size + 2, cell.y + cell.size + 2];
    return ["o", ...edge, role, cell.size < 12 ? 2 : 3];
  }

  /** What is to be seen, and said, when a reader looks at a cell. */
  about(cell) {
    const steps = this.data.steps;
    const written = cell.writers.map(([number]) => number);
    if (this.panels.length - 1 === cell.panel) {
      if (written.length === 1)
        return { step: written[0], looks: {}, shapes: [], text: steps[written[0]][0] };
      const looks = {};
      const from = [...new Set(written.flatMap((number) => this.feeding(steps[number], cell)))];
      if (cell.font) for (const id of from) looks[id] = "w";
      const said = written.length
        ? `gets its number from ${written.length} windows`
        : "is never written";
      const shapes = [this.ring(cell, "fresh"), ...(cell.font ? [] : this.around(from))];
      return { step: -1, looks, shapes, text: `${capital(this.placed(cell))} ${said}.` };
    }
    const targets = [
      ...new Set(cell.readers.flatMap((number) => steps[number][5].map(([id]) => id))),
    ];
    const looks = {};
    if (cell.font) for (const id of targets) looks[id] = "w";
    if (cell.font) looks[this.cells.indexOf(cell)] = "w";
    const shapes = [this.ring(cell, "edge"), ...this.around(targets)];
    const name = cell.look === "d" ? `added cell ${this.place(cell)}` : this.placed(cell);
    const holds = cell.number ? ` holds ${cell.number}` : "";
    return { step: -1, looks, shapes, text: `${capital(name)}${holds}, ${this.used(targets)}.` };
  }

  /** The cells that a step reads for one of those it writes: its own, if they come in pairs. */
  feeding(step, cell) {
    const [read, me] = [[...step.inputs], this.cells.indexOf(cell)];
    if (read.length !== step[5].length) return read;
    return [read[step[5].findIndex(([id]) => id === me)]];
  }

  around(ids) {
    return ids.map((id) => this.ring(this.cells[id], "edge"));
  }

  used(targets) {
    if (!targets.length) return "never read";
    const name = this.data.panels.at(-1)[10];
    const places = targets.map((id) => this.place(this.cells[id]));
    if (targets.length <= FEW) return `read for ${name} ${places.join(", ")}`;
    return `read for ${targets.length} numbers of the ${name}`;
  }

  place(cell) {
    const col = minus(cell.col);
    return this.data.dims === 1 ? col : `(${minus(cell.row)}, ${col})`;
  }

  placed(cell) {
    return `${this.data.panels[cell.panel][10]} ${this.place(cell)}`;
  }
}

function cellsOf(data, [x, y, rows, cols, size, firstRow, firstCol, , font], panel) {
  const values = data.values[panel].split(" ");
  const numbers = data.numbers ? data.numbers[panel].split(" ") : values;
  const looks = data.looks[panel];
  if (values.length !== rows * cols || looks.length !== rows * cols)
    throw new Error("cells are missing");
  return values.map((value, n) => {
    const [row, col] = [Math.floor(n / cols), n % cols];
    return {
      panel,
      row: row + firstRow,
      col: col + firstCol,
      x: x + col * size,
      y: y + row * size,
      size,
      font,
      value,
      number: numbers[n],
      look: looks[n],
      readers: [],
      writers: [],
    };
  });
}

function writing([x, y, text, size, role, anchor, mono]) {
  const place = { x, y, "font-size": size, fill: paint(role) };
  const style = {
    class: mono ? "sw-mono" : "sw-sans",
    "text-anchor": anchor === "left" ? "start" : anchor,
  };
  return draw("text", { ...place, ...style }, text);
}
