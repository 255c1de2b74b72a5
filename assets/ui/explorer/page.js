// The explorer's page: it holds the state, one call on one input, and joins controls, figure and
// facts. The torch line is the one source of truth: controls write it, torch/calls.js reads it.

import { readNumber, replaced } from "../../engine/numbers.js";
import { formatCall, run } from "../../torch/calls.js";
import { attempt, LayerProblem } from "../../torch/problems.js";
import { addressKeeper, toHash } from "../address.js";
import { button, copyText, make, mark, showProblem } from "../elements.js";
import { factsOf, seenBy } from "./facts.js";
import { Figure } from "./figure.js";
import { InputControls } from "./input-controls.js";
import { fittingWeights, madeWeights } from "./kernel.js";
import { stateIn, stateOf, wordsOf } from "./link.js";
import { OperationControls } from "./operation-controls.js";
import { programOf } from "./program.js";
import { hasWeights, isSignal, PRESETS, readCall, START } from "./settings.js";
import { fitted, inputOf, resized, withRows, withSource, zeroed } from "./source.js";

const NO_NUMBER = "Enter a number between −1,000,000 and 1,000,000.";

export class Explorer {
  // What is shown, but for what the figure knows: the chosen output, and the gradient.
  call = null;
  /** @type {import("./source.js").Input} */
  input = null;
  weights = null;
  bias = 0;

  lineProblem = null; // while the line holds no call
  weightSeed = 0;
  /** @type {HTMLElement} */
  sees = null; // what the shown output sees, among the facts

  constructor(root, bringPhoto) {
    this.up = root.dataset.up;
    this.bringPhoto = bringPhoto;
    this.keep = addressKeeper(root, (hash) => this.fromHash(hash));
    this.operation = new OperationControls({
      line: (text) => this.write(text),
      fill: (kind) => this.fillWeights(kind),
      bias: (bias) => this.change({ bias }),
    });
    this.inputs = new InputControls(this.up, {
      size: (rows, cols) => this.resize(rows, cols),
      fill: (kind) => this.fill(kind),
      another: () => this.another(),
      draw: (on) => this.figure.setDrawing(on),
      grid: (rows) => this.take(rows),
    });
    this.figure = new Figure({
      chosen: () => this.remember(),
      shown: (step) => {
        this.sees.textContent = seenBy(this.figure.result, step);
      },
      edit: (place, text) => this.type(place, text),
      paint: (place) => this.type(place, this.inputs.brush.value),
      weigh: (place, text) => this.weigh(place, text),
    });
    this.build(root);
    this.apply(stateOf(START), false);
    this.fromHash(location.hash);
  }

  // ---- Parts.

  build(root) {
    this.problem = make("div", { class: "sw-problem", role: "alert" });
    this.facts = make("dl", { class: "sw-fact-list" });
    this.view = make("div", { class: "sw-view" }, this.problem, this.figure.element, this.facts);
    this.notice = make("p", { class: "sw-notice", role: "status" });
    const chips = PRESETS.map(([name, words]) => button(name, () => this.begin(name, words)));
    root.replaceChildren(
      make("div", { class: "sw-chips", role: "group", "aria-label": "Begin with" }, ...chips),
      this.lineBox(),
      make(
        "div",
        { class: "sw-desk" },
        make("div", { class: "sw-side-controls" }, this.operation.element, this.inputs.element),
        this.view,
      ),
      this.programBox(),
      this.notice,
    );
  }

  lineBox() {
    this.line = make("input", { id: "sw-line", class: "sw-code", autocomplete: "off" });
    this.line.spellcheck = false;
    this.line.addEventListener("input", () => this.readLine());
    this.line.addEventListener("change", () => {
      if (!this.lineProblem) this.line.value = this.text;
    });
    const copy = button("Copy", () => copyText(this.line.value, copy));
    const link = button("Copy link", () => {
      history.replaceState(history.state, "", `#${toHash(this.words())}`);
      copyText(location.href, link);
    });
    return make(
      "p",
      { class: "sw-field sw-line" },
      make("label", { for: "sw-line" }, "torch"),
      this.line,
      copy,
      link,
    );
  }

  programBox() {
    this.code = make("code");
    const copy = button("Copy the program", () => copyText(this.code.textContent, copy));
    this.program = make(
      "details",
      { class: "sw-paste sw-program" },
      make("summary", {}, "The same in torch, with the input"),
      make("pre", { tabindex: "0", "aria-label": "The same in torch" }, this.code),
      copy,
    );
    return this.program;
  }

  // ---- State.

  /** The call as the line says it. */
  get text() {
    return formatCall(this.call);
  }

  /** What a link says of all that is shown. */
  words() {
    const { call, weights, bias, figure } = this;
    const { source } = this.input;
    return wordsOf({ call, source, weights, bias, at: figure.at, gradient: figure.gradient });
  }

  /** The address follows in a moment. */
  remember() {
    this.keep(() => this.words());
  }

  /** Whether the photo is there now; its want is said. */
  async hasPhoto() {
    try {
      await this.bringPhoto();
      return true;
    } catch {
      this.say("The photo could not be loaded, so nothing was changed.");
      return false;
    }
  }

  /** Whether a state is shown now. */
  async apply(state, keep = true) {
    if (state.source.kind === "photo" && !(await this.hasPhoto())) return false;
    const { call, source, weights, bias, at, gradient } = state;
    Object.assign(this, { call, weights, bias });
    this.input = fitted(inputOf(source), isSignal(call.operation));
    this.figure.begin(at, gradient);
    this.operation.begin();
    if (source.kind === "random") this.inputs.showSeed(source.seed);
    this.line.value = this.text;
    this.setLineProblem(null);
    this.showCall();
    this.refresh(keep);
    return true;
  }

  async begin(name, words) {
    if (await this.apply(stateOf(words))) this.say(`${name}: ${this.text}`);
  }

  /** All of a link is read before anything changes. */
  async fromHash(hash) {
    try {
      const state = stateIn(hash);
      if (!state) return;
      if (await this.apply(state, false)) this.say("");
    } catch (problem) {
      if (!(problem instanceof LayerProblem)) throw problem;
      this.say("The settings in this link could not be read, so nothing was changed.");
    }
  }

  change(parts) {
    Object.assign(this, parts);
    this.refresh();
  }

  // ---- The torch line and the controls, in step.

  readLine() {
    const call = attempt(
      () => readCall(this.line.value),
      (problem) => this.setLineProblem(problem),
    );
    if (!call) return;
    this.call = call;
    this.figure.stop();
    this.input = fitted(this.input, isSignal(this.call.operation));
    this.setLineProblem(null);
    this.showCall();
    this.refresh();
  }

  /** The line as the controls say it; read back at once, so that both agree. */
  write(text) {
    this.inputs.showRows(!this.operation.signal);
    this.line.value = text;
    this.readLine();
    if (!this.lineProblem) this.line.value = this.text;
  }

  setLineProblem(problem) {
    this.lineProblem = problem;
    mark(this.line, !problem);
    this.program.hidden = Boolean(problem); // it would be another call's
    if (problem) this.refuse(problem);
  }

  /** Controls as the call and the input have them. */
  showCall() {
    this.operation.show(this.call);
    this.inputs.showRows(!this.operation.signal);
    this.inputs.show(this.input.rows);
  }

  // ---- The numbers.

  resize(rows, cols) {
    const input = attempt(
      () => resized(this.input, rows, cols),
      (problem) => this.refuse(problem),
    );
    if (input) this.change({ input });
  }

  async fill(kind) {
    const { rows } = this.input;
    if (kind === "photo" && !(await this.hasPhoto())) return;
    if (kind === "zeros") {
      this.change({ input: zeroed(this.input) });
      return;
    }
    const seed = this.inputs.seedOf(kind);
    if (seed === null) return;
    const size = [rows.length, rows[0].length];
    this.change({ input: withSource(this.input, { kind, seed, size }) });
  }

  /** Random numbers, or others than those that are shown. */
  another() {
    const seed = this.inputs.seedOf("random", Number(this.input.source.kind === "random"));
    if (seed === null) return;
    this.inputs.showSeed(seed);
    this.fill("random");
  }

  /** A grid that was pasted, in place of all numbers before it. */
  take(rows) {
    const { operation } = this.call;
    if (isSignal(operation) && rows.length > 1) {
      throw new LayerProblem(`${operation} takes a signal: one row of numbers.`);
    }
    this.inputs.show(rows);
    this.change({ input: inputOf({ kind: "typed", rows }) });
    this.say(`Read ${rows.length} by ${rows[0].length} numbers.`);
  }

  /** A number for one element of the input, typed or drawn; what is no number is not taken. */
  type([row, col], text) {
    const value = readNumber(text);
    this.inputs.checkBrush();
    this.say(value === null ? NO_NUMBER : "");
    if (value === null) return;
    this.change({ input: withRows(this.input, replaced(this.input.rows, row, col, value)) });
  }

  /** A number for one weight, which is finite. */
  weigh([row, col], text) {
    const value = readNumber(text);
    const fits = Number.isFinite(value ?? NaN);
    this.say(fits ? "" : NO_NUMBER);
    if (fits) this.change({ weights: replaced(this.weights, row, col, value) });
  }

  fillWeights(kind) {
    const weights = attempt(
      () => madeWeights(this.call, kind, this.weightSeed + 1),
      (problem) => this.say(problem.message),
    );
    if (!weights) return;
    this.weightSeed += 1;
    this.say("");
    this.change({ weights });
  }

  // ---- The result.

  refresh(keep = true) {
    this.weights = fittingWeights(this.call, this.weights);
    // While the line holds no call, the call before it has no result to be shown, either.
    if (this.lineProblem) this.refuse(this.lineProblem);
    else this.compute();
    this.code.textContent = programOf(this.call, this.input, this.weights, this.bias);
    if (keep) this.remember();
  }

  compute() {
    const { operation, args } = this.call;
    const weights = hasWeights(operation) ? this.weights : null;
    const bias = weights && args.bias ? this.bias : null;
    const result = attempt(
      () => run(this.call, this.input.rows, weights, bias),
      (problem) => this.refuse(problem),
    );
    if (!result) return;
    showProblem(this.problem, null, this.up);
    this.showFacts(result);
    this.figure.show(result);
    this.operation.showBias(this.bias);
    this.view.style.minHeight = "";
  }

  /** The problem in the result's place: a refusal never leaves another call's result on show. */
  refuse(problem) {
    // What a message puts in the figure's place is as tall, so that no control moves away
    // from under a pointer that goes on clicking.
    if (this.figure.result) this.view.style.minHeight = `${this.view.offsetHeight}px`;
    showProblem(this.problem, problem, this.up);
    this.figure.showAlone(this.input.rows);
    this.facts.replaceChildren();
  }

  showFacts(result) {
    const lines = factsOf(result).flatMap(([name, ...rest]) => [
      make("dt", {}, name),
      ...rest.map((line) => make("dd", {}, line)),
    ]);
    this.sees = make("dd");
    this.facts.replaceChildren(...lines, make("dt", {}, "this output sees"), this.sees);
  }

  say(text) {
    this.notice.textContent = text;
  }
}
