// The network calculator: a stack of layers on a chosen input, its numbers and its funnel.
// A classic script for its own page alone; it brings layers.js, sight.js and play.js in beside itself.
// Material's instant navigation runs a page's own script again each time the page is shown.

(() => {
  "use strict";
  const SW = (globalThis.SlidingWindows ??= {});
  const HERE = document.currentScript.src;
  const NS = "http://www.w3.org/2000/svg";
  const NAMES = ["layers", "input"];

  const VGG = [64, 64, "M", 128, 128, "M", 256, 256, 256, "M", 512, 512, 512, "M", 512, 512, 512, "M"];
  const PRESETS = [
    {
      name: "Typical setup: pools",
      input: [3, 110, 110],
      layers: ["nn.Conv2d(3, 8, 3)", "nn.MaxPool2d(2, 2)", "nn.Conv2d(8, 16, 3)", "nn.MaxPool2d(2, 2)"],
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

  const counted = (n) => n.toLocaleString("en-US");
  const tuple = (shape) => `(${shape.join(", ")}${shape.length === 1 ? "," : ""})`;

  class Calculator {
    constructor(root) {
      this.root = root;
      this.up = root.dataset.up;
      const { make, button } = SW.play;
      this.keep = SW.play.addressKeeper(root, (hash) => this.fromHash(hash));
      this.notice = make("p", { class: "sw-notice", role: "status" });
      this.shape = make("input", { id: "sw-shape", class: "sw-code", autocomplete: "off" });
      this.shape.spellcheck = false;
      this.shape.addEventListener("input", () => this.refresh());
      this.shapeProblem = make("div", { class: "sw-problem", role: "alert", hidden: true });
      this.picture = make("div", { class: "sw-funnel" });
      this.totals = make("p", { class: "sw-totals" });
      const head = ["layer", "output", "parameters", "MACs", "sees", "jump", "change"];
      const titles = head.map((text) => make("th", { scope: "col" }, text));
      // One body a layer: its row, and a row for what is wrong with it.
      this.table = make(
        "table",
        { class: "sw-stack", role: "table" },
        make("caption", {}, "Layers, first to last. Change a call and all below follows."),
        make("thead", { role: "rowgroup" }, make("tr", { role: "row" }, ...titles)),
      );
      this.kind = make("select", { id: "sw-kind" }, ...ADDABLE.map((n) => make("option", {}, n)));
      this.paste = make("textarea", { id: "sw-paste", class: "sw-code", rows: "6" });
      this.paste.placeholder = "nn.Sequential(\n    nn.Conv2d(3, 8, 3),\n    nn.ReLU(),\n)";
      this.paste.spellcheck = false;
      this.pasteProblem = make("div", { class: "sw-problem", role: "alert", hidden: true });
      const copyCode = button("Copy as nn.Sequential", () => SW.play.copy(this.code(), copyCode));
      const copyLink = button("Copy link", () => {
        history.replaceState(history.state, "", `#${SW.play.toHash(this.state())}`);
        SW.play.copy(location.href, copyLink);
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
          make("label", { for: "sw-paste" }, "Its code, or what torch prints of it"),
          this.paste,
          button("Read it", () => this.read()),
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
      this.rows.forEach((row) => row.remove());
      this.table.append(...rows);
    }

    texts() {
      return this.rows.map((row) => row.querySelector("input").value);
    }

    code() {
      const lines = this.texts().map((text) => `    ${text.replace(/^(?:(?:torch\.)?nn\.)?(?=[A-Z])/, "nn.")},\n`);
      return `nn.Sequential(\n${lines.join("")})\n`;
    }

    state() {
      return { layers: this.texts().join(";"), input: this.shape.value };
    }

    /** All of a link is read before anything changes. */
    fromHash(hash) {
      const found = SW.play.fromHash(hash, NAMES);
      if (!found) return;
      try {
        if (found === "bad" || !("layers" in found) || !("input" in found)) throw "bad";
        const input = SW.layers.readShape(found.input);
        const calls = SW.layers.readNetwork(found.layers.replaceAll(";", "\n"));
        if (!calls.every(({ name }) => Object.hasOwn(SW.layers.LAYERS, name))) throw "bad";
        this.set(input, calls.map(({ text }) => text), false);
        this.say("");
      } catch (problem) {
        if (problem !== "bad" && !(problem instanceof SW.layers.LayerProblem)) throw problem;
        this.say("This link holds no network that can be read, so nothing was changed.");
      }
    }

    set(input, texts, keep = true) {
      this.shape.value = input.join(", ");
      this.put(texts.map((text) => this.row(text)));
      this.refresh(keep);
    }

    row(text) {
      const { make, button } = SW.play;
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
        ...["output", "parameters", "MACs", "sees", "jump"].map(cell),
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
      const focused = document.activeElement;
      if (by < 0) other.before(row);
      else other.after(row);
      focused.focus();
      this.refresh();
      this.say(`Now layer ${this.rows.indexOf(row) + 1}.`);
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
      try {
        const calls = SW.layers.readNetwork(this.paste.value);
        SW.play.showProblem(this.pasteProblem, null, this.up);
        this.put(calls.map(({ text }) => this.row(text)));
        this.refresh();
        this.say(`Read ${calls.length} layer${calls.length === 1 ? "" : "s"}.`);
      } catch (problem) {
        if (!(problem instanceof SW.layers.LayerProblem)) throw problem;
        SW.play.showProblem(this.pasteProblem, problem, this.up);
      }
    }

    refresh(keep = true) {
      let input = null;
      try {
        input = SW.layers.readShape(this.shape.value);
        SW.play.showProblem(this.shapeProblem, null, this.up);
      } catch (problem) {
        if (!(problem instanceof SW.layers.LayerProblem)) throw problem;
        SW.play.showProblem(this.shapeProblem, problem, this.up);
      }
      this.shape.setAttribute("aria-invalid", String(!input));
      this.made = input ? SW.layers.measure(this.texts(), input) : null;
      this.rows.forEach((row, at) => this.fill(row, at));
      this.tellTotals();
      this.draw();
      if (keep) this.keep(() => this.state());
    }

    fill(row, at) {
      const stage = this.made?.stages[at + 1] ?? { unreached: true };
      const values = stage.shape
        ? [tuple(stage.shape), counted(stage.parameters), counted(stage.macs), stage.sees, stage.jump]
        : Array(5).fill("");
      row.querySelectorAll("td[data-name]").forEach((cell, i) => (cell.textContent = values[i]));
      const box = row.querySelector(".sw-problem");
      SW.play.showProblem(box, stage.problem ?? null, this.up);
      box.id = `sw-problem-${at + 1}`;
      box.closest("tr").hidden = !stage.problem;
      row.classList.toggle("sw-broken", Boolean(stage.problem));
      row.classList.toggle("sw-unreached", Boolean(stage.unreached));
      const field = row.querySelector("input");
      field.setAttribute("aria-label", `layer ${at + 1}`);
      field.setAttribute("aria-invalid", String(Boolean(stage.problem)));
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
        : `Layer ${broken} does not fit. Up to there ${tuple(last.shape)}, ${totals}`;
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

  // ---- The funnel: areas to one scale, channels as depth to another, vectors as bars.

  function svg(tag, attributes, ...children) {
    const element = document.createElementNS(NS, tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.append(...children);
    return element;
  }

  /** Layers with one shape make one solid. */
  function solids(stages) {
    const found = [];
    stages.forEach((stage, at) => {
      const shape = stage.shape ?? null;
      const before = found.at(-1);
      if (stage.unreached) return;
      if (shape && before?.shape && String(before.shape) === String(shape)) before.last = at;
      else found.push({ shape, first: at, last: at });
    });
    return found;
  }

  const TALLEST = 230;
  const DEEPEST = 64; // pixels along the edge that goes back
  const SLANT = [0.72, 0.5];
  const GAP = 22;
  const LABEL = 44;

  function sized(found, width) {
    const maps = found.filter(({ shape }) => shape?.length === 3);
    const flat = found.filter(({ shape }) => shape && shape.length < 3);
    const deepest = Math.max(1, ...maps.map(({ shape }) => shape[0]));
    const longest = Math.max(1, ...maps.flatMap(({ shape }) => shape.slice(1)));
    const flattest = Math.max(1, ...flat.flatMap(({ shape }) => shape));
    const deep = (shape) => Math.max(2, (shape[0] / deepest) * Math.min(DEEPEST, width / 8));
    const place = (scale) =>
      found.map((one) => {
        const { shape } = one;
        let box = { w: 40, h: 40, d: 0 };
        if (shape?.length === 3) box = { w: shape[2] * scale, h: shape[1] * scale, d: deep(shape) };
        if (shape?.length === 2) {
          const each = Math.min(TALLEST, width * 0.6) / flattest;
          box = { w: Math.max(2, shape[1] * each), h: Math.max(2, shape[0] * each), d: 0 };
        }
        if (shape?.length === 1) box = { w: 10, h: Math.max(3, (shape[0] / flattest) * TALLEST * 0.7), d: 0 };
        const text = label(one).map((line) => line.length * 7.2);
        return { ...one, ...box, outer: Math.max(box.w + box.d * SLANT[0], ...text) + GAP };
      });
    const scale = Math.min(TALLEST, width * 0.36) / longest;
    const total = (boxes) => boxes.reduce((sum, box) => sum + box.outer, 0);
    // One row, if that needs no more than half the size.
    for (let tries = 0, smaller = scale; tries < 12; tries += 1, smaller *= 0.94) {
      if (total(place(smaller)) <= width) return place(smaller);
    }
    return place(scale);
  }

  function label({ shape, first }) {
    if (!shape) return ["does not fit", `layer ${first}`];
    if (shape.length === 1) return [counted(shape[0]), "numbers"];
    return [counted(shape[0]), shape.slice(1).join("×")];
  }

  function picture(made, width) {
    const boxes = sized(solids(made.stages), width);
    const lines = [[]];
    let used = 0;
    for (const box of boxes) {
      if (used + box.outer > width && lines.at(-1).length) {
        lines.push([]);
        used = 0;
      }
      lines.at(-1).push(box);
      used += box.outer;
    }
    const groups = [];
    let top = 4;
    for (const line of lines) {
      const height = Math.max(...line.map((box) => box.h + box.d * SLANT[1]));
      const free = width - line.reduce((sum, box) => sum + box.outer, 0);
      let left = Math.max(0, free / 2) + GAP / 2;
      for (const box of line) {
        const inner = box.outer - GAP;
        groups.push(solid(box, left + inner / 2, top + height));
        left += box.outer;
      }
      top += height + LABEL + 10;
    }
    const shapes = boxes.map(({ shape, first }) => (shape ? tuple(shape) : `layer ${first} does not fit`));
    const root = svg(
      "svg",
      { viewBox: `0 0 ${width} ${Math.ceil(top)}`, width, height: Math.ceil(top), role: "img" },
      ...groups,
    );
    root.setAttribute("aria-label", `The funnel: ${shapes.join(", then ")}.`);
    return [root];
  }

  function solid(box, middle, bottom) {
    const { w, h, d, shape } = box;
    const [dx, dy] = [d * SLANT[0], d * SLANT[1]];
    const x = middle - (w + dx) / 2;
    const y = bottom - h;
    const group = svg("g", { "data-first": box.first, "data-last": box.last });
    const points = (...list) => list.map((point) => point.map((n) => n.toFixed(1)).join(",")).join(" ");
    if (!shape) {
      group.append(
        svg("rect", { x, y, width: w, height: h, class: "sw-missing" }),
        svg("path", { d: `M${x + 10},${y + 10}l20,20m0,-20l-20,20`, class: "sw-missing" }),
      );
    } else {
      if (d) {
        group.append(
          svg("polygon", {
            class: "sw-side",
            points: points([x, y], [x + dx, y - dy], [x + w + dx, y - dy], [x + w, y]),
          }),
          svg("polygon", {
            class: "sw-side",
            points: points([x + w, y], [x + w + dx, y - dy], [x + w + dx, bottom - dy], [x + w, bottom]),
          }),
        );
      }
      group.append(svg("rect", { x, y, width: w, height: h, class: "sw-front" }));
      // Few channels can be told apart, so their edges are drawn.
      for (let sheet = 1; d && sheet < shape[0] && shape[0] <= d / 3; sheet += 1) {
        const [sx, sy] = [(dx * sheet) / shape[0], (dy * sheet) / shape[0]];
        const path = `M${x + sx},${y - sy}h${w}v${h}`;
        group.append(svg("path", { d: path, class: "sw-sheet" }));
      }
    }
    const [big, small] = label(box);
    const text = (content, at, name) => {
      const element = svg("text", { x: middle, y: bottom + at, "text-anchor": "middle", class: name });
      element.textContent = content;
      return element;
    };
    group.append(text(big, 20, "sw-big"), text(small, 38, "sw-small"));
    return group;
  }

  // ---- Start.

  function load(name, ready) {
    if (ready()) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const script = document.createElement("script");
      Object.assign(script, { src: new URL(name, HERE).href, onload: resolve, onerror: reject });
      document.head.append(script);
    });
  }

  async function start() {
    await Promise.all([
      load("play.js", () => SW.play),
      load("layers.js", () => SW.layers),
      load("sight.js", () => SW.sight),
    ]);
    const root = document.querySelector("#network");
    if (!root || root.dataset.ready) return;
    root.dataset.ready = "1";
    SW.network = new Calculator(root);
  }

  if (document.readyState === "loading") addEventListener("DOMContentLoaded", start, { once: true });
  else start();
})();
