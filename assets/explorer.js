// The explorer: one operation on one small input, every setting at hand, every window to be seen.
// The torch line is the one source of truth: controls write it, the engine (windows.js) reads it.
// A classic script for its own page alone; it brings what it needs in beside itself (see play.js).

(() => {
  "use strict";
  const SW = (globalThis.SlidingWindows ??= {});
  const HERE = document.currentScript.src;
  const NAMES = ["call", "input", "weights", "bias", "at", "gradient"];
  const LARGEST_SIDE = 64;
  const LARGEST_VALUE = 1e6;
  const FRAME = 700; // ms a window while playing

  const OPERATIONS = [
    ["Max", ["MaxPool2d", "MaxPool1d"]],
    ["Average", ["AvgPool2d", "AvgPool1d"]],
    ["LP", ["LPPool2d", "LPPool1d"]],
    ["Convolution", ["Conv2d", "Conv1d"]],
    ["Transposed convolution", ["ConvTranspose2d", "ConvTranspose1d"]],
    ["Adaptive", ["AdaptiveMaxPool2d", "AdaptiveMaxPool1d", "AdaptiveAvgPool2d", "AdaptiveAvgPool1d"]],
  ];
  const PAIRS = ["output_size", "kernel_size", "stride", "padding", "output_padding", "dilation"];
  const FLAGS = ["ceil_mode", "count_include_pad", "bias"];
  const MODES = ["zeros", "reflect", "replicate", "circular"];
  const FIELDS = {
    Max: ["kernel_size", "stride", "padding", "dilation", "ceil_mode"],
    Avg: ["kernel_size", "stride", "padding", "ceil_mode", "count_include_pad", "divisor_override"],
    LP: ["norm_type", "kernel_size", "stride", "ceil_mode"],
    Conv: ["kernel_size", "stride", "padding", "dilation", "padding_mode", "bias"],
    ConvTranspose: ["kernel_size", "stride", "padding", "output_padding", "dilation", "bias"],
    Adaptive: ["output_size"],
  };
  const DEFAULTS = {
    stride: "1",
    padding: "0",
    dilation: "1",
    output_padding: "0",
    divisor_override: "",
    norm_type: "2",
    output_size: "2",
    kernel_size: "2",
    padding_mode: "zeros",
    ceil_mode: false,
    count_include_pad: true,
    bias: true,
  };
  const SOBEL = [
    [-1, 0, 1],
    [-2, 0, 2],
    [-1, 0, 1],
  ];
  const START = { call: "nn.MaxPool2d(kernel_size=3, stride=2, padding=1)", input: "random:1:5x5" };
  const PRESETS = [
    ["Max pooling", { call: "nn.MaxPool2d(2)", input: "random:0:6x6" }],
    ["Overlap and padding", START],
    [
      "Average, padding left out",
      {
        call: "nn.AvgPool2d(3, stride=1, padding=1, count_include_pad=False)",
        input: "random:3:4x4",
      },
    ],
    ["A lost row", { call: "nn.MaxPool2d(2)", input: "random:5:5x7" }],
    ["ceil_mode", { call: "nn.MaxPool2d(2, ceil_mode=True)", input: "random:5:5x7" }],
    ["Dilation", { call: "nn.MaxPool2d(2, stride=1, dilation=3)", input: "random:2:6x6" }],
    [
      "Edges in a photo",
      {
        call: "nn.Conv2d(1, 1, kernel_size=3, bias=False)",
        input: "photo:40x40",
        weights: "-1,0,1;-2,0,2;-1,0,1",
      },
    ],
    [
      "Transposed",
      {
        call: "nn.ConvTranspose2d(1, 1, kernel_size=3, stride=2, padding=1, bias=False)",
        input: "random:4:3x3",
        weights: "1,2,1;2,4,2;1,2,1",
      },
    ],
    ["Adaptive", { call: "nn.AdaptiveAvgPool2d(output_size=(3, 4))", input: "random:6:5x7" }],
    ["Too much padding", { call: "nn.MaxPool2d(2, padding=2)", input: "random:0:6x6" }],
  ];

  // ---- Numbers.

  /** Torch's own generator: the whole numbers of manual_seed(seed); randint(low, high + 1, ...). */
  function randint(seed, low, high, count) {
    const state = new Uint32Array(624);
    state[0] = seed;
    for (let i = 1; i < 624; i += 1) {
      const last = state[i - 1] ^ (state[i - 1] >>> 30);
      state[i] = Math.imul(last, 1812433253) + i;
    }
    let at = 624;
    const next = () => {
      if (at === 624) {
        for (let i = 0; i < 624; i += 1) {
          const y = (state[i] & 0x80000000) | (state[(i + 1) % 624] & 0x7fffffff);
          state[i] = state[(i + 397) % 624] ^ (y >>> 1) ^ (y & 1 ? 0x9908b0df : 0);
        }
        at = 0;
      }
      let y = state[at];
      at += 1;
      y ^= y >>> 11;
      y ^= (y << 7) & 0x9d2c5680;
      y ^= (y << 15) & 0xefc60000;
      return (y ^ (y >>> 18)) >>> 0;
    };
    return Array.from({ length: count }, () => (next() % (high - low + 1)) + low);
  }

  const grid = (rows, cols, value) =>
    Array.from({ length: rows }, (_, r) => Array.from({ length: cols }, (_, c) => value(r, c)));

  /** A number typed by a reader, as float32 holds it, nan and inf too; null if it is none. */
  function readNumber(text) {
    const plain = String(text).trim().replace(/^[−–]/, "-");
    const special = /^([-+]?)(nan|inf|infinity|∞)$/i.exec(plain);
    if (special) return special[2].toLowerCase() === "nan" ? NaN : Number(`${special[1]}Infinity`);
    if (!/^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d{1,3})?$/i.test(plain)) return null;
    const value = Number(plain);
    return Math.abs(value) <= LARGEST_VALUE ? Math.fround(value) : null;
  }

  /** The fewest digits that are this float32. */
  function short(value) {
    if (Number.isInteger(value) || !Number.isFinite(value)) return String(value);
    for (let digits = 1; digits < 9; digits += 1) {
      const text = Number(value.toPrecision(digits));
      if (Math.fround(text) === Math.fround(value)) return String(text);
    }
    return String(value);
  }

  /** A link's rows of numbers, '1,2;3,4'. What readers paste is pasted.js's. */
  function readGrid(text) {
    const rows = text
      .split(";")
      .filter(Boolean)
      .map((line) => line.split(",").map(readNumber));
    if (!rows.length) throw plainProblem("There are no numbers in this text.");
    if (rows.length > LARGEST_SIDE || rows[0].length > LARGEST_SIDE) throw tooLarge();
    if (rows.some((row) => row.includes(null))) {
      throw plainProblem("Enter numbers between −1,000,000 and 1,000,000.");
    }
    const lengths = [...new Set(rows.map((row) => row.length))];
    if (lengths.length > 1) {
      throw plainProblem(`The rows have different lengths: ${lengths.join(", ")}.`);
    }
    return rows;
  }

  const plainProblem = (message, why = "", lesson = "") =>
    Object.assign(new Error(message), { why, lesson, ours: true });
  const tooLarge = () =>
    plainProblem(`An input has 1 to ${LARGEST_SIDE} rows and columns here.`);
  /** Problems are shown; anything else is a fault of ours and must be heard of. */
  const isProblem = (error) => error?.ours || "lesson" in Object(error);

  /** 'random:7:5x5', 'arange:5x5', 'photo:16x16', or the numbers themselves. */
  function readSource(text) {
    const made = /^(random:(\d{1,10})|arange|photo):(\d{1,2})x(\d{1,2})$/.exec(text);
    if (!made) return { kind: "typed", rows: readGrid(text) };
    const [rows, cols] = [Number(made[3]), Number(made[4])];
    checkSize(rows, cols);
    const seed = Number(made[2] ?? 0);
    if (seed > 0xffffffff) throw plainProblem("A seed is from 0 to 4294967295.");
    return { kind: made[2] === undefined ? made[1] : "random", seed, size: [rows, cols] };
  }

  function checkSize(rows, cols) {
    const fits = (n) => Number.isInteger(n) && n >= 1 && n <= LARGEST_SIDE;
    if (!fits(rows) || !fits(cols)) throw tooLarge();
  }

  function valuesOf(source) {
    if (source.kind === "typed") return source.rows;
    const [rows, cols] = source.size;
    if (source.kind === "photo") return shrunk(SW.photo, rows, cols);
    if (source.kind === "arange") return grid(rows, cols, (r, c) => r * cols + c);
    const numbers = randint(source.seed, 0, 9, rows * cols);
    return grid(rows, cols, (r, c) => numbers[r * cols + c]);
  }

  /** The photo's square shrunk, or repeated, to a size: each number the mean of what it covers. */
  function shrunk(photo, rows, cols) {
    const span = (n, count, at) => {
      const start = Math.floor((at * n) / count);
      return [start, Math.max(start + 1, Math.floor(((at + 1) * n) / count))];
    };
    return grid(rows, cols, (r, c) => {
      const [top, bottom] = span(photo.length, rows, r);
      const [left, right] = span(photo[0].length, cols, c);
      let total = 0;
      for (let y = top; y < bottom; y += 1) {
        for (let x = left; x < right; x += 1) total += photo[y][x];
      }
      return Math.round(total / ((bottom - top) * (right - left)));
    });
  }

  // ---- What the page knows of an operation.

  const familyOf = (operation) =>
    operation.startsWith("Adaptive")
      ? "Adaptive"
      : operation.startsWith("ConvTranspose")
        ? "ConvTranspose"
        : /^(Max|Avg|LP|Conv)/.exec(operation)[0];
  const isSignal = (operation) => operation.endsWith("1d");
  const hasWeights = (operation) => operation.startsWith("Conv");

  function fieldsOf(operation) {
    const signal = isSignal(operation);
    return FIELDS[familyOf(operation)].filter((name) => !signal || name !== "divisor_override");
  }

  /** A pair as readers type it, in torch's spelling. */
  function spelled(pair, signal) {
    const words = pair.map((word) => word.trim().replace(/^[−–]/, "-")).map((w) => w || "None");
    return signal || words[0] === words[1] ? words[0] : `(${words.join(", ")})`;
  }

  SW.explorer = {
    ...{ OPERATIONS, PAIRS, FLAGS, MODES, DEFAULTS, SOBEL, START, PRESETS, NAMES, FRAME },
    ...{ LARGEST_SIDE, randint, grid, readNumber, readGrid, plainProblem, isProblem, readSource },
    ...{ checkSize, valuesOf, familyOf, isSignal, hasWeights, fieldsOf, spelled, short },
  };

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
      load("layers.js", () => SW.layers),
      load("play.js", () => SW.play),
      load("grids.js", () => SW.Grid),
      load("arithmetic.js", () => SW.arithmetic),
    ]);
    await load("windows.js", () => SW.run);
    await load("pasted.js", () => SW.readPasted);
    await load("explorer-figure.js", () => SW.ExplorerFigure);
    await load("explorer-page.js", () => SW.Explorer);
    const root = document.querySelector("#sw-explorer");
    if (!root || root.dataset.ready) return;
    root.dataset.ready = "1";
    SW.explorer.page = new SW.Explorer(root, () => load("photo.js", () => SW.photo));
  }

  if (document.readyState === "loading") addEventListener("DOMContentLoaded", start, { once: true });
  else start();
})();
