// One operation on one small input, as plain numbers: what each window reads and makes of it, and
// what it hands back of a gradient. It says what the package's slide() says: core/moves.py,
// tracing/pooling.py, tracing/convolution.py.

import { arithmetic } from "./arithmetic.js";
import {
  axisOf,
  origin,
  range,
  samePadding,
  sizeWords,
  transposedAxis,
  unevenAxis,
  windowSize,
} from "./geometry.js";

/**
 * @typedef {import("./geometry.js").Axis} Axis
 * @typedef {number[][]} Rows
 *
 * A layer by torch's name, such as MaxPool2d, and its arguments by theirs.
 * @typedef {{ operation: string, args: Record<string, any> }} Call
 *
 * What a window reads at a position; weight: of a convolution.
 * @typedef {{ row: number, col: number, value: number, weight: number }} Tap
 *
 * winner: which tap a max pool took. blind: what a window reads that sees no input.
 * @typedef {{ taps: Tap[], value: number, winner: number | null, ties: number[], blind?: string,
 *   arithmetic: string }} Step
 *
 * What arithmetic.js writes out, and of which step.
 * @typedef {{ kind: string, call: { args: Record<string, any> }, axes: Axis[],
 *   bias: number | null }} Asked
 * @typedef {{ taps: Pick<Tap, "value" | "weight">[], value: number, blind?: string }} Told
 *
 * A call on an input: stretch: zeros between its elements, by axis; mode: how padding is copied;
 * plane: the input padded and stretched.
 * @typedef {Asked & { call: Call, rows: Rows, stretch: number[], mode: string | null, plane: Rows,
 *   kernel: Rows | null }} Ask
 *
 * @typedef {{ rows: Axis, cols: Axis, output: number[], untouched: Set<string>,
 *   formula: string[] }} Geometry
 * @typedef {{ ask: Ask, geometry: Geometry, plane: Rows, kernel: Rows | null, output: Rows,
 *   step: (n: number) => Step }} Result
 */

/** @type {Record<string, string>} */
export const KINDS = {
  MaxPool: "max",
  AvgPool: "average",
  LPPool: "lp",
  Conv: "convolution",
  ConvTranspose: "convolution",
  AdaptiveMaxPool: "max",
  AdaptiveAvgPool: "average",
};
/** @type {(operation: string) => string} */
export const stem = (operation) => operation.slice(0, -2);
/** @type {(operation: string) => number} */
export const rankOf = (operation) => Number(operation.at(-2));
/** @type {(operation: string) => boolean} */
export const isTransposed = (operation) => operation.startsWith("ConvTranspose");

/**
 * Rows and columns of a call on an input of (height, width); a signal is one row.
 * @type {(call: Call, sizes: number[]) => Axis[]}
 */
function axesOf({ operation, args }, sizes) {
  const rank = rankOf(operation);
  /** @param {any} value */
  const each = (value) => (Array.isArray(value) ? value : Array(rank).fill(value));
  const axes = sizes.slice(2 - rank).map((size, i) => {
    /** @param {string} name */
    const of = (name) => each(args[name])[i];
    if (operation.startsWith("Adaptive")) return unevenAxis(size, of("output_size") ?? size);
    const kernel = of("kernel_size");
    const dilation = of("dilation") ?? 1;
    if (isTransposed(operation)) {
      const extra = of("output_padding");
      const [stride, padding] = [of("stride"), of("padding")];
      return transposedAxis({ size, kernel, stride, padding, dilation, extra });
    }
    const given = of("padding");
    const same = args.padding === "same" && samePadding(kernel, dilation);
    const padding = same || (typeof given === "number" ? [given, given] : [0, 0]);
    const stride = args.stride === null ? kernel : of("stride");
    return axisOf({ size, kernel, stride, padding, dilation, ceil: args.ceil_mode });
  });
  return rank === 2 ? axes : [axisOf({ size: 1 }), ...axes];
}

/**
 * A call that torch takes, on rows of numbers (one channel). kernel: its weights, rows of columns,
 * as torch holds them; bias: a number or null. torch/calls.js says first what torch refuses.
 * Returns {geometry, plane, kernel, output, step(n)}; plane is the padded, stretched input.
 * @type {(call: Call, rows: Rows, kernel?: Rows | null, bias?: number | null) => Result}
 */
export function compute(call, rows, kernel = null, bias = null) {
  const { operation, args } = call;
  const axes = axesOf(call, [rows.length, rows[0].length]);
  /** @type {Ask} */
  const ask = {
    ...{ call, kind: KINDS[stem(operation)], rows, axes, bias, plane: [] },
    stretch: stretchOf(call),
    mode: (args.padding_mode ?? "zeros") === "zeros" ? null : args.padding_mode,
    kernel: kernel && isTransposed(operation) ? turned(kernel) : kernel,
  };
  ask.plane = planeOf(ask);
  const geometry = {
    rows: axes[0],
    cols: axes[1],
    output: axes.map((axis) => axis.windows.length),
    untouched: untouched(ask),
    formula: sizeWords(axes, rankOf(operation)),
  };
  const [height, width] = geometry.output;
  const output = range(height, (r) => range(width, (c) => outputOf(ask, tapsOf(ask, r, c))));
  /** @param {number} n */
  const step = (n) => stepOf(ask, Math.floor(n / width), n % width, output);
  return { ask, geometry, plane: ask.plane, kernel: ask.kernel, output, step };
}

/** @type {(call: Call) => number[]} */
function stretchOf({ operation, args }) {
  if (!isTransposed(operation)) return [1, 1];
  const strides = [args.stride].flat();
  return rankOf(operation) === 1 ? [1, strides[0]] : [strides[0], strides.at(-1)];
}

/** @type {(rows: Rows) => Rows} */
const turned = (rows) => rows.map((row) => [...row].reverse()).reverse();

/**
 * Where a position of the plane lies in the input itself; null in padding and between.
 * @type {(ask: Ask, row: number, col: number) => number[] | null}
 */
function home(ask, row, col) {
  const place = [row, col].flatMap((position, i) => {
    const found = origin(position, ask.axes[i].size, ask.mode);
    return found === null || found % ask.stretch[i] ? [] : [found / ask.stretch[i]];
  });
  return place.length === 2 ? place : null;
}

/** @type {(ask: Ask) => Rows} */
function planeOf(ask) {
  const filling = ask.kind === "max" ? -Infinity : 0;
  const [down, across] = ask.axes;
  /** @param {Axis} axis */
  const length = ({ size, padding }) => size + padding[0] + padding[1];
  return range(length(down), (r) =>
    range(length(across), (c) => {
      const place = home(ask, r - down.padding[0], c - across.padding[0]);
      return place ? ask.rows[place[0]][place[1]] : filling;
    }),
  );
}

/**
 * Elements of the input that no window reads, as 'row,column' of the plane.
 * @type {(ask: Ask) => Set<string>}
 */
function untouched(ask) {
  const read = ask.axes.map((axis) => new Set(axis.windows.flat()));
  const found = new Set();
  for (let r = 0; r < ask.axes[0].size; r += ask.stretch[0]) {
    for (let c = 0; c < ask.axes[1].size; c += ask.stretch[1]) {
      if (!read[0].has(r) || !read[1].has(c)) found.add(`${r},${c}`);
    }
  }
  return found;
}

/**
 * What the window of one output reads, row by row.
 * @type {(ask: Ask, row: number, col: number) => Tap[]}
 */
function tapsOf(ask, row, col) {
  const [down, across] = ask.axes;
  const leaves = ask.call.args.count_include_pad === false;
  /** @type {Tap[]} */
  const taps = [];
  down.windows[row].forEach((r, i) => {
    across.windows[col].forEach((c, j) => {
      if (leaves && !home(ask, r, c)) return;
      const value = ask.plane[r + down.padding[0]][c + across.padding[0]];
      taps.push({ row: r, col: c, value, weight: ask.kernel?.[i][j] ?? 1 });
    });
  });
  return taps;
}

/**
 * As torch adds: each sum is a float32, which holds no more than 3.4e38.
 * @type {(numbers: number[]) => number}
 */
const sum = (numbers) => numbers.reduce((a, b) => Math.fround(a + b), 0);
/** @type {(ask: Ask, taps: Tap[]) => number} */
const divisorOf = (ask, taps) => ask.call.args.divisor_override ?? taps.length;

/** @type {(ask: Ask, taps: Tap[]) => number} */
function outputOf(ask, taps) {
  const { args } = ask.call;
  if (ask.kind === "max") return taps.reduce((most, tap) => Math.max(most, tap.value), -Infinity);
  if (ask.kind === "average") {
    return Math.fround(sum(taps.map((tap) => tap.value)) / divisorOf(ask, taps));
  }
  if (ask.kind === "convolution") {
    const products = taps.map((tap) => Math.fround(tap.value * tap.weight));
    return Math.fround(sum(products) + (ask.bias ?? 0));
  }
  return power(powersOf(ask, taps), 1 / args.norm_type);
}

/**
 * Torch averages the powers, then multiplies by the whole kernel's size.
 * @type {(ask: Ask, taps: Tap[]) => number}
 */
function powersOf(ask, taps) {
  const powers = taps.map((tap) => power(tap.value, ask.call.args.norm_type));
  return Math.fround(Math.fround(sum(powers) / taps.length) * windowSize(ask.axes));
}

/**
 * base to an exponent as torch gives it, a float32: it multiplies, or takes the square root.
 * @type {(base: number, exponent: number) => number}
 */
function power(base, exponent) {
  const square = Math.fround(base * base);
  if (exponent === 2) return square;
  if (exponent === 3) return Math.fround(square * base);
  if (exponent === -2) return Math.fround(1 / square);
  if (Math.abs(exponent) !== 0.5 || base > 0) return Math.fround(base ** exponent);
  const root = base < 0 ? NaN : base;
  return exponent > 0 ? root : 1 / root;
}

/** @type {(ask: Ask, row: number, col: number, output: Rows) => Step} */
function stepOf(ask, row, col, output) {
  const taps = tapsOf(ask, row, col);
  const value = output[row][col];
  /** @type {Step} */
  const step = { taps, value, winner: null, ties: [], arithmetic: "" };
  const reads = taps.some((tap) => home(ask, tap.row, tap.col)); // else of padding alone
  if (!reads) step.blind = isTransposed(ask.call.operation) ? "added zeros" : "padding";
  if (ask.kind === "max") {
    const real = taps.map((tap) => home(ask, tap.row, tap.col) !== null);
    const wins = Number.isNaN(value)
      ? taps.findLastIndex((tap) => Number.isNaN(tap.value)) // each nan wins over what was before
      : taps.findIndex((tap, i) => real[i] && tap.value === value);
    if (wins >= 0) step.winner = wins; // none in padding alone
    step.ties = taps.flatMap((tap, i) => (tap.value === value && i !== step.winner ? [i] : []));
  }
  step.arithmetic = arithmetic(ask, step);
  return step;
}

// ---- The way back.

/**
 * The gradient of each input element, for an upstream gradient of each output.
 * @type {(result: Result, upstream: Rows) => Rows}
 */
export function gradient({ ask, output }, upstream) {
  const found = ask.rows.map((row) => row.map(() => 0));
  const norm = ask.kind === "lp" ? ask.call.args.norm_type : null;
  output.forEach((line, r) => {
    line.forEach((_, c) => {
      const step = stepOf(ask, r, c, output);
      sharesOf(ask, step, upstream[r][c]).forEach((share, i) => {
        if (share === null) return;
        const place = home(ask, step.taps[i].row, step.taps[i].col);
        if (place) found[place[0]][place[1]] += share;
      });
    });
  });
  if (norm === null) return found.map((row) => row.map(Math.fround));
  // Torch multiplies by a power's slope last, and where nothing arrives, too: nan, if there is none.
  return found.map((row, r) =>
    row.map((arrived, c) => Math.fround(arrived * slope(ask.rows[r][c], norm)) + 0),
  );
}

/**
 * Of a power, as float32 holds it.
 * @type {(value: number, exponent: number) => number}
 */
const slope = (value, exponent) => Math.fround(exponent * power(value, exponent - 1));

/**
 * What each tap receives of a gradient, of LP pools its power; null for nothing at all.
 * @type {(ask: Ask, step: Step, arriving: number) => (number | null)[]}
 */
function sharesOf(ask, { taps, winner }, arriving) {
  if (ask.kind === "max") return taps.map((_, i) => (i === winner ? arriving : null));
  if (ask.kind === "average") return taps.map(() => arriving / divisorOf(ask, taps));
  if (ask.kind === "convolution") return taps.map((tap) => arriving * tap.weight);
  // d/ds of (scale · s)^(1/p), s = Σ x^p, in torch's order; torch multiplies by the sign of the sum
  // twice, and that of zero and of nan is 0.
  const norm = ask.call.args.norm_type;
  const scale = windowSize(ask.axes) / taps.length;
  const total = powersOf(ask, taps);
  if (total === 0) return taps.map(() => 0);
  const sign = Number.isNaN(total) ? 0 : 1;
  const common = Math.fround(arriving * slope(total, 1 / norm)) * scale * sign;
  return taps.map(() => common);
}
