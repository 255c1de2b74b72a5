// The explorer's page: controls, figure and facts around one call on one input.
// The torch line is the one source of truth: controls write it, torch/calls.js reads it.

import { grid, readNumber, short } from "../engine/numbers.js";
import { formatCall, parseCall } from "../torch/calls.js";
import { addressKeeper, fromHash, toHash } from "./address.js";
import { button, copyText, make, showProblem } from "./elements.js";
import { ExplorerFigure, kernelSizeOf } from "./explorer-figure.js";
import { readPasted } from "./pasted.js";
import {
  checkSize,
  DEFAULTS,
  FLAGS,
  fieldsOf,
  hasWeights,
  isProblem,
  isSignal,
  LARGEST_SIDE,
  MODES,
  NAMES,
  OPERATIONS,
  PAIRS,
  PRESETS,
  plainProblem,
  readGrid,
  readSource,
  START,
  spelled,
  valuesOf,
} from "./settings.js";

const NOTES = {
  ceil_mode: "round the number of windows up",
  count_include_pad: "padding counts in the divisor",
  bias: "adds a number to every output",
};

export class Explorer extends ExplorerFigure {
  constructor(root, bringPhoto) {
    super();
    Object.assign(this, { root, bringPhoto, up: root.dataset.up, at: [0, 0], timer: 0 });
    this.keep = addressKeeper(root, (hash) => this.fromHash(hash));
    this.buildLine();
    this.buildControls();
    this.buildInput();
    this.buildFigure();
    this.buildFacts();
    this.notice = make("p", { class: "sw-notice", role: "status" });
    this.view = make("div", { class: "sw-view" }, this.problem, this.figure, this.facts);
    const chips = PRESETS.map(([name, state]) => button(name, () => this.begin(name, state)));
    root.replaceChildren(
      make("div", { class: "sw-chips", role: "group", "aria-label": "Begin with" }, ...chips),
      this.lineBox,
      make(
        "div",
        { class: "sw-desk" },
        make("div", { class: "sw-side-controls" }, this.controls, this.inputBox),
        this.view,
      ),
      this.program,
      this.notice,
    );
    new ResizeObserver(() => this.fit()).observe(this.board);
    this.apply(this.parsed(START), false);
    this.fromHash(location.hash);
  }

  // ---- Parts.

  buildLine() {
    this.line = make("input", { id: "sw-line", class: "sw-code", autocomplete: "off" });
    this.line.spellcheck = false;
    this.line.addEventListener("input", () => this.readLine());
    this.line.addEventListener("change", () => {
      if (!this.lineProblem) this.line.value = this.text;
    });
    const copy = button("Copy", () => copyText(this.line.value, copy));
    const link = button("Copy link", () => {
      history.replaceState(history.state, "", `#${toHash(this.state())}`);
      copyText(location.href, link);
    });
    this.lineBox = make(
      "p",
      { class: "sw-field sw-line" },
      make("label", { for: "sw-line" }, "torch"),
      this.line,
      copy,
      link,
    );
    this.problem = make("div", { class: "sw-problem", role: "alert", hidden: true });
  }

  buildControls() {
    const groups = OPERATIONS.map(([label, names]) =>
      make("optgroup", { label }, ...names.map((name) => make("option", {}, name))),
    );
    this.operation = make("select", { id: "sw-operation" }, ...groups);
    this.operation.addEventListener("change", () => this.changeOperation());
    this.alike = make("input", { type: "checkbox", id: "sw-alike" });
    this.alike.checked = true;
    this.alike.addEventListener("change", () => {
      if (this.alike.checked) {
        for (const pair of Object.values(this.pairs)) {
          if (pair.at(1)) pair[1].value = pair[0].value;
        }
      }
      this.showFields();
      this.compose();
    });
    this.pairs = {};
    this.fields = {};
    const rows = PAIRS.map((name) => this.pairControl(name));
    this.words = make(
      "select",
      { id: "sw-padding-word", "aria-label": "padding as a word" },
      ...["numbers", "same", "valid"].map((word) => make("option", {}, word)),
    );
    this.words.addEventListener("change", () => {
      this.showFields();
      this.compose();
    });
    this.fields.padding.append(this.words);
    this.texts = {};
    for (const name of ["norm_type", "divisor_override"]) {
      const field = this.textControl(name);
      rows.push(field);
    }
    this.mode = make(
      "select",
      { id: "sw-padding_mode" },
      ...MODES.map((word) => make("option", {}, word)),
    );
    this.mode.addEventListener("change", () => this.compose());
    this.fields.padding_mode = make(
      "div",
      { class: "sw-control" },
      make("label", { for: "sw-padding_mode" }, "padding_mode"),
      this.mode,
    );
    rows.push(this.fields.padding_mode);
    this.flags = {};
    for (const name of FLAGS) rows.push(this.flagControl(name));
    this.alikeBox = make(
      "label",
      { class: "sw-check" },
      this.alike,
      " the same for rows and columns",
    );
    this.controls = make(
      "fieldset",
      { class: "sw-controls" },
      make("legend", {}, "Operation"),
      make(
        "div",
        { class: "sw-control" },
        make("label", { for: "sw-operation" }, "operation"),
        this.operation,
      ),
      ...rows,
      this.alikeBox,
    );
  }

  /** Two fields with buttons to step them: rows and columns. */
  pairControl(name) {
    const parts = ["rows", "columns"].map((axis) => {
      const label = `${name}, ${axis}`;
      const field = make("input", { class: "sw-number", "aria-label": label, autocomplete: "off" });
      field.inputMode = "numeric";
      field.dataset.name = name;
      field.addEventListener("input", () => this.compose());
      field.addEventListener("keydown", (event) => {
        const by = { ArrowUp: 1, ArrowDown: -1 }[event.key];
        if (!by) return;
        event.preventDefault();
        this.step(field, by);
      });
      return field;
    });
    this.pairs[name] = parts;
    const steppers = parts.map((field) => {
      const label = field.getAttribute("aria-label");
      return make(
        "span",
        { class: "sw-stepper" },
        button("−", () => this.step(field, -1), { "aria-label": `${label}, less` }),
        field,
        button("+", () => this.step(field, 1), { "aria-label": `${label}, more` }),
      );
    });
    const box = make(
      "div",
      { class: "sw-control", role: "group", "aria-labelledby": `sw-name-${name}` },
      make("span", { id: `sw-name-${name}`, class: "sw-name" }, name),
      ...steppers,
    );
    this.fields[name] = box;
    return box;
  }

  textControl(name) {
    const field = make("input", { id: `sw-${name}`, class: "sw-number", autocomplete: "off" });
    field.inputMode = "decimal";
    field.placeholder = name === "divisor_override" ? "none" : "";
    field.addEventListener("input", () => this.compose());
    this.texts[name] = field;
    this.fields[name] = make(
      "div",
      { class: "sw-control" },
      make("label", { for: `sw-${name}` }, name),
      field,
    );
    return this.fields[name];
  }

  flagControl(name) {
    const box = make("input", { type: "checkbox" });
    box.addEventListener("change", () => this.compose());
    this.flags[name] = box;
    const note = make("span", { class: "sw-muted" }, ` ${NOTES[name]}`);
    const words = make("span", {}, make("span", { class: "sw-code" }, name), note);
    this.fields[name] = make("label", { class: "sw-check" }, box, words);
    return this.fields[name];
  }

  buildInput() {
    this.sizes = ["rows", "columns"].map((axis) => {
      const label = `input, ${axis}`;
      const field = make("input", { class: "sw-number", "aria-label": label, autocomplete: "off" });
      field.inputMode = "numeric";
      field.addEventListener("input", () => this.resizeInput());
      field.addEventListener("keydown", (event) => {
        const by = { ArrowUp: 1, ArrowDown: -1 }[event.key];
        if (!by) return;
        event.preventDefault();
        this.stepSize(field, by);
      });
      return field;
    });
    const steppers = this.sizes.map((field) => {
      const label = field.getAttribute("aria-label");
      return make(
        "span",
        { class: "sw-stepper" },
        button("−", () => this.stepSize(field, -1), { "aria-label": `${label}, less` }),
        field,
        button("+", () => this.stepSize(field, 1), { "aria-label": `${label}, more` }),
      );
    });
    this.seed = make("input", { id: "sw-seed", class: "sw-number", autocomplete: "off" });
    this.seed.inputMode = "numeric";
    this.seed.value = "0";
    this.seed.addEventListener("input", () => this.fill("random"));
    this.brush = make("input", { id: "sw-brush", class: "sw-number", autocomplete: "off" });
    this.brush.inputMode = "decimal";
    this.brush.value = "9";
    this.draw = button("Draw", () => this.setDrawing(this.draw.ariaPressed !== "true"), {
      "aria-pressed": "false",
    });
    this.paste = make("textarea", { id: "sw-grid", class: "sw-code", rows: "4" });
    this.paste.spellcheck = false;
    this.paste.placeholder = "1 2 3\n4 5 6";
    this.pasteProblem = make("div", { class: "sw-problem", role: "alert", hidden: true });
    this.inputBox = make(
      "fieldset",
      { class: "sw-controls" },
      make("legend", {}, "Input"),
      make(
        "div",
        { class: "sw-control", role: "group", "aria-labelledby": "sw-name-size" },
        make("span", { id: "sw-name-size", class: "sw-name" }, "size"),
        ...steppers,
      ),
      make(
        "div",
        { class: "sw-control" },
        button("Random", () => this.fill("random", true)),
        make("label", { for: "sw-seed" }, "seed"),
        this.seed,
      ),
      make(
        "div",
        { class: "sw-control" },
        button("0, 1, 2 …", () => this.fill("arange")),
        button("Photo", () => this.fill("photo")),
        button("All 0", () => this.fill("zeros")),
      ),
      make(
        "div",
        { class: "sw-control" },
        this.draw,
        make("label", { for: "sw-brush" }, "with"),
        this.brush,
      ),
      make(
        "details",
        { class: "sw-paste" },
        make("summary", {}, "Paste a grid"),
        make("label", { for: "sw-grid" }, "Rows of numbers, or a torch.tensor"),
        this.paste,
        button("Use it", () => this.readPaste()),
        this.pasteProblem,
      ),
    );
    this.weightBox = make(
      "div",
      { class: "sw-control", role: "group", "aria-label": "kernel weights" },
      make("span", { class: "sw-name" }, "weights"),
      button("Random", () => this.fillWeights("random")),
      button("Ones", () => this.fillWeights("ones")),
      button("Mean", () => this.fillWeights("mean")),
      button("Sobel", () => this.fillWeights("sobel")),
    );
    this.biasField = make("input", { id: "sw-bias", class: "sw-number", autocomplete: "off" });
    this.biasField.inputMode = "decimal";
    this.biasField.addEventListener("input", () => {
      const value = readNumber(this.biasField.value);
      const fits = Number.isFinite(value ?? NaN);
      this.biasField.setAttribute("aria-invalid", String(!fits));
      if (fits) this.change({ bias: value });
    });
    this.biasBox = make(
      "div",
      { class: "sw-control" },
      make("label", { for: "sw-bias" }, "bias is"),
      this.biasField,
    );
    this.controls.append(this.weightBox, this.biasBox);
  }

  // ---- State.

  /** A link's or a preset's words as a whole state; throws a problem, and changes nothing. */
  parsed(words) {
    const call = parseCall(words.call);
    checkChannels(call);
    const source = readSource(words.input);
    if (isSignal(call.operation) && source.kind === "typed" && source.rows.length > 1) {
      throw plainProblem(`A signal has one row, and this link has ${source.rows.length}.`);
    }
    const state = { call, source, weights: null, bias: 0, at: [0, 0], gradient: "" };
    if (words.weights) {
      state.weights = readGrid(words.weights);
      if (!state.weights.flat().every(Number.isFinite)) {
        throw plainProblem("Weights must be finite.");
      }
      const [kernel, given] = [kernelSizeOf(call), [state.weights.length, state.weights[0].length]];
      if (`${kernel}` !== `${given}`) {
        throw plainProblem(
          `The kernel is ${kernel.join(" by ")}, and this link has ${given.join(" by ")} weights.`,
        );
      }
    }
    if (words.bias !== undefined) {
      state.bias = readNumber(words.bias);
      if (!Number.isFinite(state.bias ?? NaN))
        throw plainProblem("The bias in this link is not a number.");
    }
    if (words.at !== undefined) {
      if (!/^\d{1,3},\d{1,3}$/.test(words.at))
        throw plainProblem("The position in this link is not valid.");
      state.at = words.at.split(",").map(Number);
    }
    if (words.gradient !== undefined) {
      if (!["all", "one"].includes(words.gradient))
        throw plainProblem("The gradient in this link does not exist.");
      state.gradient = words.gradient;
    }
    return state;
  }

  async apply(state, keep = true) {
    if (state.source.kind === "photo") await this.bringPhoto();
    this.stop();
    const { call, source, weights, bias, at, gradient } = state;
    Object.assign(this, { call, source, weights, bias, at });
    this.grad.checked = Boolean(gradient);
    if (gradient) this.gradOf.value = gradient;
    this.rows = valuesOf(source);
    this.folded = null;
    this.fixSignal();
    if (source.kind === "random") this.seed.value = source.seed;
    this.alike.checked = true; // showCall() undoes it where two numbers differ
    this.showCall();
    this.showSize();
    this.refresh(keep);
  }

  async begin(name, words) {
    await this.apply(this.parsed(words));
    this.notice.textContent = `${name}: ${this.text}`;
  }

  async fromHash(hash) {
    const found = fromHash(hash, NAMES);
    if (!found) return;
    try {
      if (found === "bad" || !found.call || !found.input) throw plainProblem("bad");
      await this.apply(this.parsed(found), false);
      this.notice.textContent = "";
    } catch (problem) {
      if (!isProblem(problem)) throw problem;
      this.notice.textContent =
        "The settings in this link could not be read, so nothing was changed.";
    }
  }

  state() {
    const { kind, seed } = this.source;
    const words = (rows) => rows.map((row) => row.map(short).join(",")).join(";");
    const size = `${this.rows.length}x${this.rows[0].length}`;
    const state = {
      call: this.text,
      input:
        kind === "typed"
          ? words(this.rows)
          : `${kind}${kind === "random" ? `:${seed}` : ""}:${size}`,
    };
    if (hasWeights(this.call.operation)) {
      state.weights = words(this.weights);
      if (this.call.args.bias) state.bias = short(this.bias);
    }
    if (this.at[0] || this.at[1]) state.at = this.at.join(",");
    if (this.grad.checked) state.gradient = this.gradOf.value;
    return state;
  }

  change(parts) {
    Object.assign(this, parts);
    this.refresh();
  }

  /** A signal is one row; the grid that it was cut from comes back with the next 2-D operation. */
  fixSignal() {
    if (!isSignal(this.call.operation)) this.unfold();
    else if (this.rows.length > 1) {
      this.folded = this.rows;
      this.resizeTo(1, this.rows[0].length);
    }
  }

  unfold() {
    const { folded, rows } = this;
    if (!folded) return;
    this.folded = null;
    // What has been typed into the signal, or made of it, is the grid's first row.
    this.rows = [rows[0], ...folded.slice(1)];
    this.resizeTo(folded.length, rows[0].length);
  }

  /** Typed numbers keep their places, and zeros fill up; others are made for the new size. */
  resizeTo(rows, cols) {
    if (this.source.kind === "typed") {
      this.rows = grid(rows, cols, (r, c) => this.rows[r]?.[c] ?? 0);
      this.source = { kind: "typed", rows: this.rows };
    } else {
      this.source = { ...this.source, size: [rows, cols] };
      this.rows = valuesOf(this.source);
    }
  }

  // ---- The torch line and the controls, in step.

  readLine() {
    try {
      const call = parseCall(this.line.value);
      checkChannels(call);
      this.stop();
      this.call = call;
      this.fixSignal();
      this.setLineProblem(null);
      this.showCall(false);
      this.showSize();
      this.refresh();
    } catch (problem) {
      if (!isProblem(problem)) throw problem;
      this.setLineProblem(problem);
    }
  }

  setLineProblem(problem) {
    this.lineProblem = problem;
    this.line.setAttribute("aria-invalid", String(Boolean(problem)));
    this.program.hidden = Boolean(problem); // it would be another call's
    if (problem) this.refuse(problem);
  }

  tell(problem) {
    const torch = problem && !problem.ours && problem.torch !== false;
    const { message, why, lesson } = problem ?? {};
    showProblem(this.problem, problem && { message, why, lesson, torch }, this.up);
  }

  /** Controls as the call has them. */
  showCall(line = true) {
    const { operation, args } = this.call;
    this.text = formatCall(this.call);
    if (line) {
      this.line.value = this.text;
      this.setLineProblem(null);
    }
    this.operation.value = operation;
    const known = fieldsOf(operation);
    for (const name of PAIRS) {
      if (!known.includes(name)) continue;
      const word = typeof args[name] === "string";
      if (name === "padding") this.words.value = word ? args[name] : "numbers";
      const pair = word ? ["0", "0"] : pairOf(args[name]);
      // An empty stride is the kernel's size; an empty output size is the input's.
      const usual = name === "stride" ? pairOf(args.kernel_size) : ["all", "all"];
      this.pairs[name].forEach((field, i) => {
        field.value = pair[i];
        field.placeholder = usual[i];
      });
      if (pair[0] !== pair[1] && !isSignal(operation)) this.alike.checked = false;
    }
    for (const name of FLAGS) {
      if (known.includes(name)) this.flags[name].checked = Boolean(args[name]);
    }
    for (const [name, field] of Object.entries(this.texts)) {
      if (known.includes(name)) field.value = args[name] ?? "";
    }
    if (known.includes("padding_mode")) this.mode.value = args.padding_mode;
    this.showFields();
  }

  showFields() {
    const operation = this.operation.value;
    const known = fieldsOf(operation);
    const signal = isSignal(operation);
    const single = signal || this.alike.checked;
    for (const [name, box] of Object.entries(this.fields)) box.hidden = !known.includes(name);
    for (const [name, [first, second]] of Object.entries(this.pairs)) {
      const word = name === "padding" && !this.words.hidden && this.words.value !== "numbers";
      first.setAttribute("aria-label", single ? name : `${name}, rows`);
      for (const sign of first.parentElement.querySelectorAll("button")) {
        const which = sign === first.nextElementSibling ? "more" : "less";
        sign.setAttribute("aria-label", `${first.getAttribute("aria-label")}, ${which}`);
      }
      first.parentElement.hidden = word;
      second.parentElement.hidden = single || word;
    }
    const convolves = operation.startsWith("Conv") && !operation.startsWith("ConvT");
    this.words.hidden = !convolves;
    if (!convolves) this.words.value = "numbers";
    this.alikeBox.hidden = signal;
    this.weightBox.hidden = !hasWeights(operation);
    this.biasBox.hidden = !(hasWeights(operation) && this.flags.bias.checked);
    this.sizes[0].parentElement.hidden = signal;
  }

  changeOperation() {
    const before = this.call.operation;
    const now = this.operation.value;
    for (const name of fieldsOf(now)) {
      if (fieldsOf(before).includes(name)) continue;
      if (PAIRS.includes(name)) {
        for (const field of this.pairs[name]) field.value = DEFAULTS[name];
      } else if (name in this.texts) this.texts[name].value = DEFAULTS[name];
      else if (name in this.flags) this.flags[name].checked = DEFAULTS[name];
      else this.mode.value = DEFAULTS[name];
    }
    this.showFields();
    this.compose();
  }

  /** The torch line as the controls say it; read back at once, so that both agree. */
  compose() {
    const operation = this.operation.value;
    const signal = isSignal(operation);
    const words = hasWeights(operation) ? ["1", "1"] : [];
    for (const name of fieldsOf(operation)) {
      let text;
      if (PAIRS.includes(name)) {
        const [first, second] = this.pairs[name];
        if (signal || this.alike.checked) second.value = first.value;
        text = spelled([first.value, second.value], signal);
        // Of one None torch asks the length.
        if (text === "None" && name === "output_size" && !signal) text = "(None, None)";
        if (name === "padding" && this.words.value !== "numbers") text = `'${this.words.value}'`;
        if (text === "None" && name !== "output_size") continue;
      } else if (name in this.texts) {
        text = this.texts[name].value.trim().replace(/^[−–]/, "-");
        if (!text) continue;
      } else if (name in this.flags) text = this.flags[name].checked ? "True" : "False";
      else text = `'${this.mode.value}'`;
      words.push(`${name}=${text}`);
    }
    this.line.value = `nn.${operation}(${words.join(", ")})`;
    this.readLine();
    if (!this.lineProblem) this.line.value = this.text;
  }

  step(field, by) {
    const value = Number(field.value || field.placeholder);
    field.value = Number.isInteger(value) ? String(value + by) : "1";
    this.compose();
  }

  // ---- The input.

  showSize() {
    this.sizes[0].value = this.rows.length;
    this.sizes[1].value = this.rows[0].length;
    for (const field of this.sizes) field.setAttribute("aria-invalid", "false");
  }

  stepSize(field, by) {
    const value = Number(field.value) + by;
    field.value = String(Math.min(LARGEST_SIDE, Math.max(1, value || 1)));
    this.resizeInput();
  }

  resizeInput() {
    const [rows, cols] = this.sizes.map((field) => Number(field.value));
    try {
      checkSize(rows, cols);
    } catch (problem) {
      if (!isProblem(problem)) throw problem;
      this.sizes.forEach((field) => {
        const n = Number(field.value);
        const fits = Number.isInteger(n) && n >= 1 && n <= LARGEST_SIDE;
        field.setAttribute("aria-invalid", String(!fits));
      });
      this.refuse(problem);
      return;
    }
    for (const field of this.sizes) field.setAttribute("aria-invalid", "false");
    this.resizeTo(rows, cols);
    this.refresh();
  }

  async fill(kind, another = false) {
    const size = [this.rows.length, this.rows[0].length];
    if (kind === "photo") await this.bringPhoto();
    if (kind === "zeros") {
      this.rows = grid(size[0], size[1], () => 0);
      this.folded &&= this.folded.map((row) => row.map(() => 0));
      this.source = { kind: "typed", rows: this.rows };
    } else {
      let seed = Number(this.seed.value);
      if (another && this.source.kind === "random") seed += 1; // the button draws anew
      const fits = Number.isInteger(seed) && seed >= 0 && seed <= 0xffffffff;
      this.seed.setAttribute("aria-invalid", String(kind === "random" && !fits));
      if (kind === "random" && !fits) return;
      if (another) this.seed.value = String(seed);
      this.source = { kind, seed, size };
      this.rows = valuesOf(this.source);
    }
    this.refresh();
  }

  readPaste() {
    try {
      const rows = readPasted(this.paste.value);
      if (isSignal(this.call.operation) && rows.length > 1) {
        throw plainProblem(`${this.call.operation} takes a signal: one row of numbers.`);
      }
      showProblem(this.pasteProblem, null, this.up);
      this.rows = rows;
      this.source = { kind: "typed", rows };
      this.folded = null;
      this.showSize();
      this.refresh();
      this.notice.textContent = `Took ${rows.length} by ${rows[0].length} numbers.`;
    } catch (problem) {
      if (!isProblem(problem)) throw problem;
      showProblem(this.pasteProblem, problem, this.up);
    }
  }

  /** A number for one cell, typed or drawn; what is no number is not taken. */
  type(row, col, text) {
    const value = readNumber(text);
    this.brush.setAttribute("aria-invalid", String(readNumber(this.brush.value) === null));
    const [r, c] = this.realPlace(row, col);
    if (value === null || this.rows[r]?.[c] === undefined) {
      if (value === null)
        this.notice.textContent = "Enter a number between −1,000,000 and 1,000,000.";
      return;
    }
    this.notice.textContent = "";
    this.rows = this.rows.map((line, y) =>
      y === r ? line.map((old, x) => (x === c ? value : old)) : line,
    );
    this.source = { kind: "typed", rows: this.rows };
    this.refresh();
  }

  setDrawing(on) {
    this.draw.setAttribute("aria-pressed", String(on));
    this.grids.input.drawing = on;
    this.grids.input.element.classList.toggle("sw-drawing", on);
  }
}

/** An int, a pair or None as two texts. */
function pairOf(value) {
  const list = Array.isArray(value) ? value : [value, value];
  const texts = list.map((one) => (one === null || one === undefined ? "" : String(one)));
  return texts.length === 1 ? [texts[0], texts[0]] : texts;
}

function checkChannels({ operation, args }) {
  if (!hasWeights(operation)) return;
  const alone = args.in_channels === 1 && args.out_channels === 1 && args.groups === 1;
  if (alone) return;
  throw plainProblem(
    "The explorer follows one channel in and one channel out: write 1, 1 for them.",
    "The network calculator takes layers with any number of channels.",
    "network/",
  );
}
