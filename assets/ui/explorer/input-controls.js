// The controls of the input: its size, what it is made of, drawing on it, and pasting a grid.

import { readNumber } from "../../engine/numbers.js";
import { attempt } from "../../torch/problems.js";
import { button, labelled, make, mark, numberField, showProblem, stepper } from "../elements.js";
import { readPasted } from "./pasted.js";
import { fitsSide, LARGEST_SEED, LARGEST_SIDE } from "./source.js";

export class InputControls {
  /**
   * up: the way to the site's root, for links. on: size(rows, cols), not checked yet; fill(kind),
   * with "random", "arange", "photo" or "zeros"; another(), for other random numbers; draw(whether);
   * grid(rows), which may throw a LayerProblem.
   */
  constructor(up, on) {
    this.up = up;
    this.on = on;
    this.element = make(
      "fieldset",
      { class: "sw-controls" },
      make("legend", {}, "Input"),
      this.sizeControl(),
      this.seedControl(),
      make(
        "div",
        { class: "sw-control" },
        button("0, 1, 2 …", () => this.on.fill("arange")),
        button("Photo", () => this.on.fill("photo")),
        button("All 0", () => this.on.fill("zeros")),
      ),
      this.drawControl(),
      this.pasteControl(),
    );
  }

  // ---- Parts.

  sizeControl() {
    const steppers = ["rows", "columns"].map((axis) =>
      stepper(
        `input, ${axis}`,
        () => this.resize(),
        (field, by) => this.step(field, by),
      ),
    );
    this.sizes = steppers.map(({ field }) => field);
    return make(
      "div",
      { class: "sw-control", role: "group", "aria-labelledby": "sw-name-size" },
      make("span", { id: "sw-name-size", class: "sw-name" }, "size"),
      ...steppers.map(({ element }) => element),
    );
  }

  seedControl() {
    this.seed = numberField("numeric", { id: "sw-seed", oninput: () => this.on.fill("random") });
    this.seed.value = "0";
    const box = labelled("seed", this.seed);
    box.prepend(button("Random", () => this.on.another()));
    return box;
  }

  drawControl() {
    this.brush = numberField("decimal", { id: "sw-brush" });
    this.brush.value = "9";
    const draw = button(
      "Draw",
      () => {
        const on = draw.ariaPressed !== "true";
        draw.setAttribute("aria-pressed", String(on));
        this.on.draw(on);
      },
      { "aria-pressed": "false" },
    );
    const box = labelled("with", this.brush);
    box.prepend(draw);
    return box;
  }

  pasteControl() {
    this.paste = make("textarea", { id: "sw-grid", class: "sw-code", rows: "4" });
    this.paste.spellcheck = false;
    this.paste.placeholder = "1 2 3\n4 5 6";
    this.problem = make("div", { class: "sw-problem", role: "alert", hidden: true });
    return make(
      "details",
      { class: "sw-paste" },
      make("summary", {}, "Paste a grid"),
      make("label", { for: "sw-grid" }, "Rows of numbers, or a torch.tensor"),
      this.paste,
      button("Use it", () => this.read()),
      this.problem,
    );
  }

  // ---- What they show.

  /** The size of an input's rows. */
  show(rows) {
    this.sizes[0].value = rows.length;
    this.sizes[1].value = rows[0].length;
    for (const field of this.sizes) mark(field, true);
  }

  /** A signal has one row, which nobody needs to count. */
  showRows(shown) {
    this.sizes[0].parentElement.hidden = !shown;
  }

  showSeed(seed) {
    this.seed.value = seed;
  }

  /** Marks the field of the number that is drawn with, if it holds none. */
  checkBrush() {
    mark(this.brush, readNumber(this.brush.value) !== null);
  }

  // ---- What readers do to them.

  step(field, by) {
    const value = Number(field.value) + by;
    field.value = String(Math.min(LARGEST_SIDE, Math.max(1, value || 1)));
    this.resize();
  }

  resize() {
    const [rows, cols] = this.sizes.map((field) => {
      const side = Number(field.value);
      mark(field, fitsSide(side));
      return side;
    });
    this.on.size(rows, cols);
  }

  /** The seed for numbers of a kind, or one after it; null, and marked, if the field holds none. */
  seedOf(kind, further = 0) {
    const seed = Number(this.seed.value) + further;
    const fits = kind !== "random" || (Number.isInteger(seed) && seed >= 0 && seed <= LARGEST_SEED);
    mark(this.seed, fits);
    return fits ? seed : null;
  }

  read() {
    const tell = (problem) => showProblem(this.problem, problem, this.up);
    tell(null);
    attempt(() => this.on.grid(readPasted(this.paste.value)), tell);
  }
}
