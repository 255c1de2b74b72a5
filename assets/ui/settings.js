// What the explorer's page knows of an operation: its controls, what it begins with, what links hold.

import { grid, readNumber } from "../engine/numbers.js";
import { randint } from "../engine/random.js";
import { shared } from "./shared.js";

export const NAMES = ["call", "input", "weights", "bias", "at", "gradient"];
export const LARGEST_SIDE = 64;
export const FRAME = 700; // ms a window while playing

/** @type {[string, string[]][]} */
export const OPERATIONS = [
  ["Max", ["MaxPool2d", "MaxPool1d"]],
  ["Average", ["AvgPool2d", "AvgPool1d"]],
  ["LP", ["LPPool2d", "LPPool1d"]],
  ["Convolution", ["Conv2d", "Conv1d"]],
  ["Transposed convolution", ["ConvTranspose2d", "ConvTranspose1d"]],
  [
    "Adaptive",
    ["AdaptiveMaxPool2d", "AdaptiveMaxPool1d", "AdaptiveAvgPool2d", "AdaptiveAvgPool1d"],
  ],
];
export const PAIRS = [
  "output_size",
  "kernel_size",
  "stride",
  "padding",
  "output_padding",
  "dilation",
];
export const FLAGS = ["ceil_mode", "count_include_pad", "bias"];
export const MODES = ["zeros", "reflect", "replicate", "circular"];
const FIELDS = {
  Max: ["kernel_size", "stride", "padding", "dilation", "ceil_mode"],
  Avg: ["kernel_size", "stride", "padding", "ceil_mode", "count_include_pad", "divisor_override"],
  LP: ["norm_type", "kernel_size", "stride", "ceil_mode"],
  Conv: ["kernel_size", "stride", "padding", "dilation", "padding_mode", "bias"],
  ConvTranspose: ["kernel_size", "stride", "padding", "output_padding", "dilation", "bias"],
  Adaptive: ["output_size"],
};
export const DEFAULTS = {
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
export const SOBEL = [
  [-1, 0, 1],
  [-2, 0, 2],
  [-1, 0, 1],
];
export const START = {
  call: "nn.MaxPool2d(kernel_size=3, stride=2, padding=1)",
  input: "random:1:5x5",
};
export const PRESETS = [
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

/** A link's rows of numbers, '1,2;3,4'. What readers paste is ui/pasted.js's. */
export function readGrid(text) {
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

export const plainProblem = (message, why = "", lesson = "") =>
  Object.assign(new Error(message), { why, lesson, ours: true });
const tooLarge = () => plainProblem(`An input has 1 to ${LARGEST_SIDE} rows and columns here.`);
/** Problems are shown; anything else is a fault of ours and must be heard of. */
export const isProblem = (error) => error?.ours || "lesson" in Object(error);

/** 'random:7:5x5', 'arange:5x5', 'photo:16x16', or the numbers themselves. */
export function readSource(text) {
  const made = /^(random:(\d{1,10})|arange|photo):(\d{1,2})x(\d{1,2})$/.exec(text);
  if (!made) return { kind: "typed", rows: readGrid(text) };
  const [rows, cols] = [Number(made[3]), Number(made[4])];
  checkSize(rows, cols);
  const seed = Number(made[2] ?? 0);
  if (seed > 0xffffffff) throw plainProblem("A seed must be a whole number from 0 to 4294967295.");
  return { kind: made[2] === undefined ? made[1] : "random", seed, size: [rows, cols] };
}

export function checkSize(rows, cols) {
  const fits = (n) => Number.isInteger(n) && n >= 1 && n <= LARGEST_SIDE;
  if (!fits(rows) || !fits(cols)) throw tooLarge();
}

export function valuesOf(source) {
  if (source.kind === "typed") return source.rows;
  const [rows, cols] = source.size;
  if (source.kind === "photo") return shrunk(shared.photo, rows, cols);
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

export const familyOf = (operation) =>
  operation.startsWith("Adaptive")
    ? "Adaptive"
    : operation.startsWith("ConvTranspose")
      ? "ConvTranspose"
      : /^(Max|Avg|LP|Conv)/.exec(operation)[0];
export const isSignal = (operation) => operation.endsWith("1d");
export const hasWeights = (operation) => operation.startsWith("Conv");

export function fieldsOf(operation) {
  const signal = isSignal(operation);
  return FIELDS[familyOf(operation)].filter((name) => !signal || name !== "divisor_override");
}

/** A pair as readers type it, in torch's spelling. */
export function spelled(pair, signal) {
  const words = pair.map((word) => word.trim().replace(/^[−–]/, "-")).map((w) => w || "None");
  return signal || words[0] === words[1] ? words[0] : `(${words.join(", ")})`;
}
