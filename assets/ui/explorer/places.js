// Where the figure's cells and windows lie: in the reader's own input and kernel, or outside.

import { isTransposed } from "../../engine/operations.js";

/**
 * @typedef {import("../../engine/geometry.js").Axis} Axis
 * @typedef {import("../../engine/geometry.js").Span} Span
 * @typedef {import("../../torch/calls.js").Result} Result
 */

/**
 * Where a position of the padded, stretched input lies in its rows; null in padding and between.
 * stretch: as the engine's, of rows and columns.
 * @type {(rows: number[][], stretch: number[], row: number, col: number) => Span | null}
 */
export function placeOf(rows, [down, across], row, col) {
  const [r, c] = [row / down, col / across];
  return rows[r]?.[c] === undefined ? null : [r, c];
}

/**
 * Where a weight of the figure lies in torch's: a transposed convolution's meet the input turned.
 * @type {(result: Result, row: number, col: number) => Span}
 */
export function weightOf({ ask, kernel }, row, col) {
  if (!kernel || !isTransposed(ask.call.operation)) return [row, col];
  return [kernel.length - 1 - row, kernel[0].length - 1 - col];
}

/**
 * (start, stop) of a window along an axis, stop excluded.
 * @type {(axis: Axis, at: number) => Span}
 */
export function spanOf(axis, at) {
  if ("spans" in axis) return axis.spans[at];
  return [axis.starts[at], axis.starts[at] + axis.extent];
}

/**
 * Rows or columns that the last window reaches past the padding.
 * @type {(axis: Axis) => number}
 */
export function overhang(axis) {
  const [, stop] = spanOf(axis, axis.windows.length - 1);
  return Math.max(0, stop - axis.size - axis.padding[1]);
}

/**
 * Numbers of the windows along an axis that read a position.
 * @type {(axis: Axis, position: number) => number[]}
 */
export const readersOf = ({ windows }, position) =>
  [...windows.keys()].filter((j) => windows[j].includes(position));

/**
 * Input elements from the first to the last that an output along an axis may see; null if some
 * outputs see more than others. stretch: the axis's own.
 * @type {(axis: Axis, stretch: number) => number | null}
 */
export function extentOf(axis, stretch) {
  if (stretch > 1) return null;
  if (!("spans" in axis)) return axis.extent;
  const lengths = new Set(axis.spans.map(([start, stop]) => stop - start));
  return lengths.size === 1 ? [...lengths][0] : null;
}
