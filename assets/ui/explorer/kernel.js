// A convolution's weights: what they begin with, and what is kept of them when the kernel grows.

import { grid } from "../../engine/numbers.js";
import { randint } from "../../engine/random.js";
import { kernelSizeOf, MOST_WEIGHTS } from "../../torch/calls.js";
import { LayerProblem } from "../../torch/problems.js";
import { hasWeights } from "./settings.js";

/**
 * @typedef {import("../../engine/operations.js").Call} Call
 * @typedef {number[][]} Rows
 */

const SOBEL = [
  [-1, 0, 1],
  [-2, 0, 2],
  [-1, 0, 1],
];

/** @type {(size: number[]) => boolean} */
const canBeShown = ([height, width]) => height >= 1 && width >= 1 && height * width <= MOST_WEIGHTS;

/**
 * Whether a call takes these weights.
 * @type {(call: Call, weights: Rows | null) => weights is Rows}
 */
export function fits(call, weights) {
  if (!weights || !hasWeights(call.operation)) return false;
  return `${kernelSizeOf(call)}` === `${[weights.length, weights[0].length]}`;
}

/**
 * Weights of the call's size, if it has any that can be shown; numbers that are there already stay.
 * @type {(call: Call, old: Rows | null) => Rows | null}
 */
export function fittingWeights(call, old) {
  const size = kernelSizeOf(call);
  if (!hasWeights(call.operation) || !canBeShown(size) || fits(call, old)) return old;
  const [height, width] = size;
  const fresh = randint(0, -2, 2, height * width);
  return grid(height, width, (r, c) => old?.[r]?.[c] ?? fresh[r * width + c]);
}

/**
 * Weights of a kind, of the call's size; null if that cannot be shown. seed: of random ones. Throws
 * a LayerProblem if the kind has another size.
 * @type {(call: Call, kind: "random" | "ones" | "mean" | "sobel", seed: number) => Rows | null}
 */
export function madeWeights(call, kind, seed) {
  const size = kernelSizeOf(call);
  if (!canBeShown(size)) return null;
  const [height, width] = size;
  if (kind === "sobel" && !(width === 3 && (height === 3 || height === 1))) {
    throw new LayerProblem("Sobel's kernel is 3×3, or 3 for a signal.");
  }
  const numbers = randint(seed, -2, 2, height * width);
  /** @type {Record<string, (row: number, col: number) => number>} */
  const makers = {
    random: (r, c) => numbers[r * width + c],
    ones: () => 1,
    mean: () => Math.fround(1 / (height * width)),
    sobel: (r, c) => SOBEL[height === 1 ? 0 : r][c],
  };
  return grid(height, width, makers[kind]);
}
