// The controls of an operation: a field for each argument, in step with a call of torch.

import { readNumber, short } from "../../engine/numbers.js";
import { button, choice, labelled, make, mark, numberField, stepper } from "../elements.js";
import {
  beginningOf,
  FLAGS,
  fieldsOf,
  hasWeights,
  isSignal,
  MODES,
  OPERATIONS,
  PAIRS,
  spelled,
  takesWords,
} from "./settings.js";

const NOTES = {
  ceil_mode: "round the number of windows up",
  count_include_pad: "padding counts in the divisor",
  bias: "adds a number to every output",
};
const TEXTS = ["norm_type", "divisor_override"];

export class OperationControls {
  before = ""; // the operation of the last call shown
  fields = {}; // the element of each argument
  pairs = {}; // of each pair the fields for rows and for columns
  texts = {};
  flags = {};

  /**
   * on: line(text), the call that the controls say; fill(kind), for the kernel's weights;
   * bias(value), a finite number.
   */
  constructor(on) {
    this.on = on;
    const groups = OPERATIONS.map(([label, names]) =>
      make("optgroup", { label }, ...names.map((name) => make("option", {}, name))),
    );
    this.operation = make("select", { id: "sw-operation" }, ...groups);
    this.operation.addEventListener("change", () => this.changeOperation());
    for (const name of PAIRS) this.fields[name] = this.pairControl(name);
    for (const name of TEXTS) this.fields[name] = this.textControl(name);
    this.fields.padding_mode = this.modeControl();
    for (const name of FLAGS) this.fields[name] = this.flagControl(name);
    this.element = make(
      "fieldset",
      { class: "sw-controls" },
      make("legend", {}, "Operation"),
      labelled("operation", this.operation),
      ...Object.values(this.fields),
      this.alikeControl(),
      this.weightControl(),
      this.biasControl(),
    );
  }

  // ---- Parts.

  /** Two fields with buttons to step them: rows and columns. */
  pairControl(name) {
    const steppers = [name, `${name}, columns`].map((label) =>
      stepper(
        label,
        () => this.compose(),
        (field, by) => this.step(field, by),
      ),
    );
    this.pairs[name] = steppers.map(({ field }) => field);
    const box = make(
      "div",
      { class: "sw-control", role: "group", "aria-labelledby": `sw-name-${name}` },
      make("span", { id: `sw-name-${name}`, class: "sw-name" }, name),
      ...steppers.map(({ element }) => element),
    );
    if (name === "padding") box.append(this.wordControl());
    return box;
  }

  wordControl() {
    this.word = choice(
      {
        id: "sw-padding-word",
        "aria-label": "padding as a word",
        onchange: () => this.changeShape(),
      },
      ["numbers", "same", "valid"],
    );
    return this.word;
  }

  textControl(name) {
    const field = numberField("decimal", { id: `sw-${name}`, oninput: () => this.compose() });
    if (name === "divisor_override") field.placeholder = "none";
    this.texts[name] = field;
    return labelled(name, field);
  }

  modeControl() {
    this.mode = choice({ id: "sw-padding_mode", onchange: () => this.compose() }, MODES);
    return labelled("padding_mode", this.mode);
  }

  flagControl(name) {
    const box = make("input", { type: "checkbox" });
    box.addEventListener("change", () => this.compose());
    this.flags[name] = box;
    const note = make("span", { class: "sw-muted" }, ` ${NOTES[name]}`);
    const words = make("span", {}, make("span", { class: "sw-code" }, name), note);
    return make("label", { class: "sw-check" }, box, words);
  }

  alikeControl() {
    this.alike = make("input", { type: "checkbox", id: "sw-alike" });
    this.alike.checked = true;
    this.alike.addEventListener("change", () => this.changeShape());
    this.alikeBox = make(
      "label",
      { class: "sw-check" },
      this.alike,
      " the same for rows and columns",
    );
    return this.alikeBox;
  }

  weightControl() {
    const kinds = ["Random", "Ones", "Mean", "Sobel"];
    this.weightBox = make(
      "div",
      { class: "sw-control", role: "group", "aria-label": "kernel weights" },
      make("span", { class: "sw-name" }, "weights"),
      ...kinds.map((kind) => button(kind, () => this.on.fill(kind.toLowerCase()))),
    );
    return this.weightBox;
  }

  biasControl() {
    this.bias = numberField("decimal", { id: "sw-bias" });
    this.bias.addEventListener("input", () => {
      const value = readNumber(this.bias.value);
      const fits = Number.isFinite(value ?? NaN);
      mark(this.bias, fits);
      if (fits) this.on.bias(value);
    });
    this.biasBox = labelled("bias is", this.bias);
    return this.biasBox;
  }

  // ---- What they show.

  /** Whether the operation takes a signal. */
  get signal() {
    return isSignal(this.operation.value);
  }

  /** What comes next has its rows and columns alike, until show() finds two numbers that differ. */
  begin() {
    this.alike.checked = true;
  }

  /** Controls as a call has them. */
  show({ operation, args }) {
    this.before = this.operation.value = operation;
    const known = fieldsOf(operation);
    for (const name of PAIRS) {
      if (known.includes(name)) this.showPair(name, args);
    }
    for (const name of FLAGS) this.flags[name].checked = Boolean(args[name]);
    for (const name of TEXTS) this.texts[name].value = args[name] ?? "";
    if (known.includes("padding_mode")) this.mode.value = args.padding_mode;
    this.showFields();
  }

  showPair(name, args) {
    const word = typeof args[name] === "string";
    if (name === "padding") this.word.value = word ? args[name] : "numbers";
    const pair = word ? ["0", "0"] : pairOf(args[name]);
    this.pairs[name].forEach((field, i) => {
      field.value = pair[i];
      // An empty stride is the kernel's size; an empty output size is the input's.
      if (name === "stride") field.placeholder = pairOf(args.kernel_size)[i];
      if (name === "output_size") field.placeholder = "all";
    });
    if (pair[0] !== pair[1] && !this.signal) this.alike.checked = false;
  }

  /** The bias, unless a reader is just typing it. */
  showBias(value) {
    if (document.activeElement === this.bias) return;
    this.bias.value = short(value);
    mark(this.bias, true);
  }

  showFields() {
    const operation = this.operation.value;
    const known = fieldsOf(operation);
    const single = this.signal || this.alike.checked;
    const worded = takesWords(operation);
    this.word.hidden = !worded;
    if (!worded) this.word.value = "numbers";
    for (const [name, box] of Object.entries(this.fields)) box.hidden = !known.includes(name);
    for (const [name, [first, second]] of Object.entries(this.pairs)) {
      const word = name === "padding" && this.word.value !== "numbers";
      const label = single ? name : `${name}, rows`;
      first.setAttribute("aria-label", label);
      for (const sign of first.parentElement.querySelectorAll("button")) {
        const which = sign === first.nextElementSibling ? "increase" : "decrease";
        sign.setAttribute("aria-label", `${which} ${label}`);
      }
      first.parentElement.hidden = word;
      second.parentElement.hidden = single || word;
    }
    this.alikeBox.hidden = this.signal;
    this.weightBox.hidden = !hasWeights(operation);
    this.biasBox.hidden = !(hasWeights(operation) && this.flags.bias.checked);
  }

  // ---- What readers do to them.

  /** Arguments that the operation before did not have begin with what is usual. */
  changeOperation() {
    const before = fieldsOf(this.before);
    for (const name of fieldsOf(this.operation.value)) {
      if (before.includes(name)) continue;
      const value = beginningOf(this.operation.value, name);
      if (name in this.pairs) {
        for (const field of this.pairs[name]) field.value = value;
      } else if (name in this.texts) this.texts[name].value = value;
      else if (name in this.flags) this.flags[name].checked = value;
      else this.mode.value = value;
    }
    this.changeShape();
  }

  /** Other fields are shown before the call is told, which may be refused. */
  changeShape() {
    this.showFields();
    this.compose();
  }

  step(field, by) {
    const value = Number.parseFloat(field.value || field.placeholder);
    field.value = Number.isInteger(value) ? String(value + by) : "1";
    this.compose();
  }

  /** Tells of the call as the controls say it, which torch may refuse. */
  compose() {
    const operation = this.operation.value;
    const words = hasWeights(operation) ? ["1", "1"] : [];
    for (const name of fieldsOf(operation)) {
      const text = this.spelling(name);
      if (text) words.push(`${name}=${text}`);
    }
    this.on.line(`nn.${operation}(${words.join(", ")})`);
  }

  /** An argument as Python would have it; "" if it is left to torch. */
  spelling(name) {
    if (name in this.pairs) return this.pairSpelling(name);
    if (name in this.texts) return this.texts[name].value.trim().replace(/^[−–]/, "-");
    if (name in this.flags) return this.flags[name].checked ? "True" : "False";
    return `'${this.mode.value}'`;
  }

  pairSpelling(name) {
    const [first, second] = this.pairs[name];
    if (this.signal || this.alike.checked) second.value = first.value;
    if (name === "padding" && this.word.value !== "numbers") return `'${this.word.value}'`;
    const text = spelled([first.value, second.value], this.signal);
    if (text !== "None") return text;
    if (name !== "output_size") return "";
    return this.signal ? text : "(None, None)"; // of one None torch asks the length
  }
}

/** An int, a pair or None as two texts. */
function pairOf(value) {
  const list = Array.isArray(value) ? value : [value, value];
  const texts = list.map((one) => (one === null || one === undefined ? "" : String(one)));
  return texts.length === 1 ? [texts[0], texts[0]] : texts;
}
