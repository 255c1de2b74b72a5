// What the explorer says of a result in words: its facts, what one output sees, and the legend.

import { counted } from "../../engine/numbers.js";
import { isTransposed } from "../../engine/operations.js";
import { extentOf, placeOf } from "./places.js";
import { isSignal } from "./settings.js";

/**
 * @typedef {import("../../engine/operations.js").Step} Step
 * @typedef {import("../../torch/calls.js").Result} Result
 */

/**
 * Sizes of an image, or of a signal's only axis: '5×7', '7'.
 * @type {(sizes: number[], signal: boolean) => string}
 */
export const sizeOf = (sizes, signal) => sizes.slice(signal ? 1 : 0).join("×");

/**
 * Names and lines of what holds for every output.
 * @type {(result: Result) => [string, ...string[]][]}
 */
export function factsOf({ ask, geometry, parameters, macs }) {
  const { rows, stretch, call } = ask;
  const elements = rows.length * rows[0].length;
  const extents = [extentOf(geometry.rows, stretch[0]), extentOf(geometry.cols, stretch[1])];
  const even = extents.filter((extent) => extent !== null);
  return [
    ["output size", ...geometry.formula],
    ["parameters", counted(parameters)],
    ["multiply-accumulates", counted(macs)],
    ["never read", `${counted(geometry.untouched.size)} of ${counted(elements)} input elements`],
    [
      "receptive field",
      even.length === 2 ? sizeOf(even, isSignal(call.operation)) : "not the same everywhere",
    ],
  ];
}

/**
 * Which elements of the input one output sees.
 * @type {(result: Result, step: Step) => string}
 */
export function seenBy({ ask }, { taps }) {
  const places = taps.flatMap(({ row, col }) => {
    const place = placeOf(ask.rows, ask.stretch, row, col);
    return place ? [place] : [];
  });
  if (!places.length) return "none of the input";
  /** @type {(numbers: number[]) => string} */
  const words = (numbers) => {
    const [low, high] = [Math.min(...numbers), Math.max(...numbers)];
    return low === high ? `${low}` : `${low} to ${high}`;
  };
  const rows = words(places.map(([r]) => r));
  const cols = words(places.map(([, c]) => c));
  const where = isSignal(ask.call.operation) ? cols : `rows ${rows}, columns ${cols}`;
  return `${where}: ${places.length} element${places.length === 1 ? "" : "s"} of the input`;
}

/**
 * How many windows read a cell of the figure's input, by its place in torch's own counting.
 * @type {(result: Result, row: number, col: number, count: number) => string}
 */
export function readerWords({ ask }, row, col, count) {
  const place = isSignal(ask.call.operation) ? col : `(${row}, ${col})`;
  const what = placeOf(ask.rows, ask.stretch, row, col) ? "input" : "padding";
  const windows = count ? `${counted(count)} window${count === 1 ? "" : "s"}` : "no window";
  return `${what} ${place} is read by ${windows}`;
}

/**
 * Classes of cells that a figure may hold, and what they mean.
 * @type {(result: Result) => [string, string][]}
 */
export function legendOf(result) {
  const { ask, geometry } = result;
  /** @type {[string, string][]} */
  const entries = [];
  const padding = paddingWords(result);
  if (padding) entries.push(["sw-pad", padding]);
  if (geometry.untouched.size) entries.push(["sw-untouched", "never read"]);
  if (ask.kind === "max") {
    entries.push(["sw-winner", "the largest"], ["sw-tie", "just as large, but later"]);
  }
  return entries;
}

/**
 * What the cells hold that are not the input's own, if there are any. It says what the package's
 * padding_words() says (words/trace.py).
 * @type {(result: Result) => string}
 */
function paddingWords({ ask, geometry }) {
  const { operation, args } = ask.call;
  const padded = [geometry.rows, geometry.cols].some((axis) => axis.padding.some(Boolean));
  const strides = [...new Set(ask.stretch.filter((stride) => stride > 1))];
  if (!padded && !strides.length) return "";
  if (isTransposed(operation)) {
    if (!strides.length) return "zeros put around";
    const by = strides.length === 1 ? `stride ${strides[0]}` : "the strides";
    return `zeros put ${padded ? "around and " : ""}between, by ${by}`;
  }
  if (ask.mode) return `padding (${ask.mode})`;
  if (args.count_include_pad === false) return "padding is not counted";
  return `padding holds ${ask.kind === "max" ? "−∞" : "0"}`;
}
