// The network calculator: a stack of layers on a chosen input, its numbers and its funnel.

import { counted } from "../engine/numbers.js";
import { RULES } from "../torch/layers.js";
import { measure } from "../torch/network.js";
import { attempt, LayerProblem } from "../torch/problems.js";
import { readNetwork, readShape } from "../torch/reading.js";
import { addressKeeper, fromHash, toHash } from "./address.js";
import { button, copyText, make, mark, showProblem } from "./elements.js";
import { picture, tuple } from "./funnel.js";

const NAMES = ["layers", "input"];

const VGG = [
  64,
  64,
  "M",
  128,
  128,
  "M",
  256,
  256,
  256,
  "M",
  512,
  512,
  512,
  "M",
  512,
  512,
  512,
  "M",
];
const PRESETS = [
  {
    name: "Pools, no padding",
    input: [3, 110, 110],
    layers: [
      "nn.Conv2d(3, 8, 3)",
      "nn.MaxPool2d(2, 2)",
      "nn.Conv2d(8, 16, 3)",
      "nn.MaxPool2d(2, 2)",
    ],
  },
  {
    name: "Without the pools",
    input: [3, 110, 110],
    layers: ["nn.Conv2d(3, 8, 3)", "nn.Conv2d(8, 16, 3)"],
  },
  {
    name: "Strides instead",
    input: [3, 110, 110],
    layers: ["nn.Conv2d(3, 8, 3, stride=2)", "nn.Conv2d(8, 16, 3, stride=2)"],
  },
  {
    name: "Typical setup",
    input: [3, 112, 112],
    layers: [
      ...["nn.Conv2d(3, 8, 3, padding=1)", "nn.ReLU()", "nn.MaxPool2d(2)"],
      ...["nn.Conv2d(8, 16, 3, padding=1)", "nn.ReLU()", "nn.MaxPool2d(2)"],
      ...["nn.AdaptiveAvgPool2d(1)", "nn.Flatten()", "nn.Linear(16, 10)"],
    ],
  },
  {
    name: "Like LeNet-5",
    input: [1, 32, 32],
    layers: [
      ...["nn.Conv2d(1, 6, 5)", "nn.Tanh()", "nn.AvgPool2d(2)", "nn.Conv2d(6, 16, 5)", "nn.Tanh()"],
      ...["nn.AvgPool2d(2)", "nn.Flatten()", "nn.Linear(400, 120)", "nn.Tanh()"],
      ...["nn.Linear(120, 84)", "nn.Tanh()", "nn.Linear(84, 10)"],
    ],
  },
  { name: "VGG-16's features", input: [3, 224, 224], layers: vgg(VGG) },
  {
    name: "Shape mismatch",
    input: [3, 32, 32],
    layers: [
      ...["nn.Conv2d(3, 16, 5)", "nn.MaxPool2d(4)", "nn.Conv2d(16, 32, 5)", "nn.MaxPool2d(4)"],
      ...["nn.Flatten()", "nn.Linear(128, 10)"],
    ],
  },
];
const ADDABLE = [
  ...["Conv2d", "MaxPool2d", "AvgPool2d", "LPPool2d", "ConvTranspose2d", "AdaptiveAvgPool2d"],
  ...["AdaptiveMaxPool2d", "ReLU", "BatchNorm2d", "Dropout", "Flatten", "Linear", "Conv1d"],
  ...["MaxPool1d", "AvgPool1d", "ConvTranspose1d", "AdaptiveAvgPool1d", "BatchNorm1d", "Softmax"],
];

function vgg(plan) {
  const found = [];
  let channels = 3;
  for (const step of plan) {
    if (step === "M") found.push("nn.MaxPool2d(2)");
    else {
      found.push(`nn.Conv2d(${channels}, ${step}, 3, padding=1)`, "nn.ReLU()");
      channels = step;
    }
  }
  return found;
}

/** What a link holds, {input, layers}: null for none, "bad" for one that cannot be read. */
export function networkOf(hash) {
  const found = fromHash(hash, NAMES);
  if (!found || found === "bad") return found;
  if (!("layers" in found) || !("input" in found)) return "bad";
  try {
    const input = readShape(found.input);
    const calls = readNetwork(found.layers.replaceAll(";", "\n"));
    if (!calls.every(({ name }) => Object.hasOwn(RULES, name))) return "bad";
    return { input, layers: calls.map(({ text }) => text) };
  } catch (problem) {
    if (!(problem instanceof LayerProblem)) throw problem;
    return "bad";
  }
}

export class Calculator {
  constructor(root) {
    this.root = root;
    this.up = root.dataset.up;
    this.keep = addressKeeper(root, (hash) => this.fromHash(hash));
    this.notice = make("p", { class: "sw-notice", role: "status" });
    this.shape = make("input", { id: "sw-shape", class: "sw-code", autocomplete: "off" });
    this.shape.spellcheck = false;
    this.shape.addEventListener("input", () => this.refresh());
    this.shapeProblem = make("div", { class: "sw-problem", role: "alert", hidden: true });
    this.picture = make("div", { class: "sw-funnel" });
    this.totals = make("p", { class: "sw-totals" });
    const head = ["layer", "output", "parameters", "MACs", "receptive field", "jump", "change"];
    const titles = head.map((text) => make("th", { scope: "col" }, text));
    // One body a layer: its row, and a row for what is wrong with it.
    this.table = make(
      "table",
      { class: "sw-stack", role: "table" },
      make(
        "caption",
        {},
        "Layers, first to last. MACs are multiply-accumulates. Change a call and everything below follows.",
      ),
      make("thead", { role: "rowgroup" }, make("tr", { role: "row" }, ...titles)),
    );
    this.kind = make("select", { id: "sw-kind" }, ...ADDABLE.map((n) => make("option", {}, n)));
    this.paste = make("textarea", { id: "sw-paste", class: "sw-code", rows: "6" });
    this.paste.placeholder = "nn.Sequential(\n    nn.Conv2d(3, 8, 3),\n    nn.ReLU(),\n)";
    this.paste.spellcheck = false;
    this.pasteProblem = make("div", { class: "sw-problem", role: "alert", hidden: true });
    const copyCode = button("Copy as nn.Sequential", () => copyText(this.code(), copyCode));
    const copyLink = button("Copy link", () => {
      history.replaceState(history.state, "", `#${toHash(this.state())}`);
      copyText(location.href, copyLink);
    });
    root.replaceChildren(
      make(
        "div",
        { class: "sw-chips", role: "group", "aria-label": "Begin with" },
        ...PRESETS.map((preset) =>
          button(preset.name, () => {
            this.set(preset.input, preset.layers);
            this.say(`${preset.name}: ${preset.layers.length} layers.`);
          }),
        ),
      ),
      make(
        "p",
        { class: "sw-field" },
        make("label", { for: "sw-shape" }, "input (channels, height, width)"),
        this.shape,
      ),
      this.shapeProblem,
      this.picture,
      this.totals,
      this.table,
      make(
        "p",
        { class: "sw-field" },
        make("label", { for: "sw-kind" }, "one more layer"),
        this.kind,
        button("Add", () => this.add(this.kind.value)),
      ),
      make("p", { class: "sw-actions" }, copyCode, copyLink),
      make(
        "details",
        { class: "sw-paste" },
        make("summary", {}, "Paste an nn.Sequential"),
        make("label", { for: "sw-paste" }, "Its code, or what torch prints for it"),
        this.paste,
        button("Use it", () => this.read()),
        this.pasteProblem,
      ),
      this.notice,
    );
    this.table.addEventListener("focusin", (event) => this.light(event.target));
    this.table.addEventListener("pointerover", (event) => this.light(event.target));
    new ResizeObserver(() => this.draw()).observe(this.picture);
    this.set(PRESETS[0].input, PRESETS[0].layers, false);
    this.fromHash(location.hash);
  }

  say(text) {
    this.notice.textContent = text;
  }

  get rows() {
    return [...this.table.tBodies];
  }

  put(rows) {
    for (const row of this.rows) row.remove();
    this.table.append(...rows);
  }

  texts() {
    return this.rows.map((row) => row.querySelector("input").value);
  }

  code() {
    const lines = this.texts().map(
      (text) => `    ${text.replace(/^(?:(?:torch\.)?nn\.)?(?=[A-Z])/, "nn.")},\n`,
    );
    return `nn.Sequential(\n${lines.join("")})\n`;
  }

  state() {
    return { layers: this.texts().join(";"), input: this.shape.value };
  }

  /** All of a link is read before anything changes. */
  fromHash(hash) {
    const found = networkOf(hash);
    if (!found) return;
    if (found === "bad") {
      this.say("The network in this link could not be read, so nothing was changed.");
      return;
    }
    this.set(found.input, found.layers, false);
    this.say("");
  }

  set(input, texts, keep = true) {
    this.shape.value = input.join(", ");
    this.put(texts.map((text) => this.row(text)));
    this.refresh(keep);
  }

  row(text) {
    const field = make("input", { class: "sw-code", autocomplete: "off" });
    field.spellcheck = false;
    field.value = text;
    field.addEventListener("input", () => this.refresh());
    const problem = make("div", { class: "sw-problem", hidden: true });
    const cell = (name) => make("td", { role: "cell", "data-name": name });
    const line = make(
      "tr",
      { role: "row" },
      make("td", { role: "cell", class: "sw-call" }, field),
      ...["output", "parameters", "MACs", "receptive field", "jump"].map(cell),
      make(
        "td",
        { role: "cell", class: "sw-change" },
        button("↑", () => this.move(row, -1), { title: "Earlier" }),
        button("↓", () => this.move(row, 1), { title: "Later" }),
        button("×", () => this.remove(row), { title: "Remove" }),
      ),
    );
    const why = make("td", { role: "cell", class: "sw-call", colspan: "7" }, problem);
    const row = make(
      "tbody",
      { role: "rowgroup" },
      line,
      make("tr", { role: "row", class: "sw-why", hidden: true }, why),
    );
    return row;
  }

  move(row, by) {
    const other = this.rows[this.rows.indexOf(row) + by];
    if (!other) return;
    const focused = /** @type {HTMLElement} */ (document.activeElement);
    if (by < 0) other.before(row);
    else other.after(row);
    focused.focus();
    this.refresh();
    this.say(`Moved to layer ${this.rows.indexOf(row) + 1}.`);
  }

  remove(row) {
    const at = this.rows.indexOf(row);
    row.remove();
    const next = this.rows[Math.min(at, this.rows.length - 1)];
    this.refresh();
    (next?.querySelector(".sw-change button:last-child") ?? this.kind).focus();
    this.say("Removed.");
  }

  /** A layer that fits the last one's output. */
  add(name) {
    const shape = this.made?.stages.findLast((stage) => stage.shape)?.shape ?? [1];
    const [channels] = shape;
    const calls = {
      Conv: `nn.${name}(${channels}, ${channels * 2}, kernel_size=3, padding=1)`,
      ConvTranspose: `nn.${name}(${channels}, ${channels}, kernel_size=2, stride=2)`,
      MaxPool: `nn.${name}(kernel_size=2)`,
      AvgPool: `nn.${name}(kernel_size=2)`,
      LPPool: `nn.${name}(2, kernel_size=2)`,
      AdaptiveAvgPool: `nn.${name}(1)`,
      AdaptiveMaxPool: `nn.${name}(1)`,
      BatchNorm: `nn.${name}(${channels})`,
      Linear: `nn.Linear(${shape.at(-1)}, 10)`,
      Softmax: "nn.Softmax(dim=1)",
    };
    const row = this.row(calls[name.replace(/\dd$/, "")] ?? `nn.${name}()`);
    this.table.append(row);
    this.refresh();
    row.querySelector("input").focus();
    this.say(`Added layer ${this.rows.length}.`);
  }

  read() {
    const tell = (problem) => showProblem(this.pasteProblem, problem, this.up);
    tell(null);
    const calls = attempt(() => readNetwork(this.paste.value), tell);
    if (!calls) return;
    this.put(calls.map(({ text }) => this.row(text)));
    this.refresh();
    this.say(`Read ${calls.length} layer${calls.length === 1 ? "" : "s"}.`);
  }

  refresh(keep = true) {
    const tell = (problem) => showProblem(this.shapeProblem, problem, this.up);
    tell(null);
    const input = attempt(() => readShape(this.shape.value), tell);
    mark(this.shape, input);
    this.made = input ? measure(this.texts(), input) : null;
    for (const [at, row] of this.rows.entries()) this.fill(row, at);
    this.tellTotals();
    this.draw();
    if (keep) this.keep(() => this.state());
  }

  fill(row, at) {
    /** @type {import("../torch/network.js").Stage} */
    const stage = this.made?.stages[at + 1] ?? { call: "", unreached: true };
    const values = stage.shape
      ? [tuple(stage.shape), counted(stage.parameters), counted(stage.macs), stage.sees, stage.jump]
      : Array(5).fill("");
    for (const [i, cell] of row.querySelectorAll("td[data-name]").entries()) {
      cell.textContent = values[i];
    }
    const box = row.querySelector(".sw-problem");
    showProblem(box, stage.problem ?? null, this.up);
    box.id = `sw-problem-${at + 1}`;
    box.closest("tr").hidden = !stage.problem;
    row.classList.toggle("sw-broken", Boolean(stage.problem));
    row.classList.toggle("sw-unreached", Boolean(stage.unreached));
    const field = row.querySelector("input");
    field.setAttribute("aria-label", `layer ${at + 1}`);
    mark(field, !stage.problem);
    if (stage.problem) field.setAttribute("aria-describedby", box.id);
    else field.removeAttribute("aria-describedby");
    const [earlier, later, gone] = row.querySelectorAll(".sw-change button");
    earlier.setAttribute("aria-label", `Move layer ${at + 1} earlier`);
    later.setAttribute("aria-label", `Move layer ${at + 1} later`);
    gone.setAttribute("aria-label", `Remove layer ${at + 1}`);
  }

  tellTotals() {
    if (!this.made) {
      this.totals.textContent = "";
      return;
    }
    const { stages, parameters, macs, whole } = this.made;
    const last = stages.findLast((stage) => stage.shape);
    const broken = stages.findIndex((stage) => stage.problem);
    const totals = `${counted(parameters)} parameters, ${counted(macs)} multiply-accumulates.`;
    this.totals.textContent = whole
      ? `From ${tuple(stages[0].shape)} to ${tuple(last.shape)}. ${totals}`
      : `Layer ${broken} does not fit. Before it: ${tuple(last.shape)}, ${totals}`;
    this.totals.classList.toggle("sw-broken", !whole);
  }

  light(target) {
    const at = this.rows.indexOf(target.closest("tbody")) + 1;
    for (const stage of this.picture.querySelectorAll("g[data-first]")) {
      const { first, last } = stage.dataset;
      stage.classList.toggle("sw-lit", at >= Number(first) && at <= Number(last));
    }
  }

  draw() {
    const width = Math.floor(this.picture.clientWidth);
    if (!this.made || width < 50) this.picture.replaceChildren();
    else this.picture.replaceChildren(...picture(this.made, width));
  }
}
