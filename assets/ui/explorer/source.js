// The input's numbers: made of a kind, a seed and a size, or typed; cut to a signal and grown back.

import { LIMITS } from "#generated/torch.js";
import { grid } from "../../engine/numbers.js";
import { randint } from "../../engine/random.js";
import { LayerProblem } from "../../torch/problems.js";
import { shared } from "../shared.js";

/**
 * What numbers are made of, or the numbers themselves. size: [rows, columns]; seed: of random ones.
 * @typedef {number[][]} Rows
 * @typedef {{ kind: "typed", rows: Rows }} Typed
 * @typedef {{ kind: "random" | "arange" | "photo", seed: number, size: number[] }} Made
 * @typedef {Typed | Made} Source
 *
 * folded: the grid of which a signal was the first row, until it is a grid again.
 * @typedef {{ source: Source, rows: Rows, folded: Rows | null }} Input
 */

export const LARGEST_SIDE = LIMITS.side;
export const LARGEST_SEED = 0xffffffff;

/** @type {(side: number) => boolean} */
export const fitsSide = (side) => Number.isInteger(side) && side >= 1 && side <= LARGEST_SIDE;

/**
 * Throws a LayerProblem for what is no size of an input.
 * @type {(rows: number, cols: number) => void}
 */
export function checkSize(rows, cols) {
  if (fitsSide(rows) && fitsSide(cols)) return;
  throw new LayerProblem(`An input has 1 to ${LARGEST_SIDE} rows and columns here.`);
}

/**
 * Throws a LayerProblem for rows that are not a grid, or not one of a size that an input has.
 * @type {(rows: Rows) => void}
 */
export function checkRows(rows) {
  if (!rows.length || !rows[0].length) throw new LayerProblem("There are no numbers in this text.");
  const lengths = [...new Set(rows.map((row) => row.length))];
  if (lengths.length > 1) {
    throw new LayerProblem(`The rows have different lengths: ${lengths.join(", ")}.`);
  }
  checkSize(rows.length, rows[0].length);
}

/** @type {(source: Source) => Input} */
export const inputOf = (source) => ({ source, rows: valuesOf(source), folded: null });

/**
 * An input whose numbers are others, all of them or some; a signal's grid is kept.
 * @type {(input: Input, source: Source) => Input}
 */
export const withSource = ({ folded }, source) => ({ ...inputOf(source), folded });

/** @type {(input: Input, rows: Rows) => Input} */
export const withRows = (input, rows) => withSource(input, { kind: "typed", rows });

/**
 * Every number is zero, those that a signal was cut from, too.
 * @type {(input: Input) => Input}
 */
export function zeroed({ rows, folded }) {
  /** @type {(rows: Rows) => Rows} */
  const zeros = (some) => some.map((row) => row.map(() => 0));
  return { ...inputOf({ kind: "typed", rows: zeros(rows) }), folded: folded && zeros(folded) };
}

/**
 * Typed numbers keep their places, and zeros fill up; others are made for the new size. Throws a
 * LayerProblem for what is no size.
 * @type {(input: Input, rows: number, cols: number) => Input}
 */
export function resized(input, rows, cols) {
  checkSize(rows, cols);
  const { source } = input;
  if (source.kind !== "typed") return withSource(input, { ...source, size: [rows, cols] });
  return withRows(
    input,
    grid(rows, cols, (r, c) => input.rows[r]?.[c] ?? 0),
  );
}

/**
 * A signal is one row; the grid that it was cut from comes back with the next 2-D operation.
 * @type {(input: Input, signal: boolean) => Input}
 */
export function fitted(input, signal) {
  const { rows, folded } = input;
  if (signal) {
    return rows.length > 1 ? { ...resized(input, 1, rows[0].length), folded: rows } : input;
  }
  if (!folded) return input;
  // What has been typed into the signal, or made of it, is the grid's first row.
  const whole = { ...input, rows: [rows[0], ...folded.slice(1)], folded: null };
  return resized(whole, folded.length, rows[0].length);
}

/** @type {(source: Source) => Rows} */
function valuesOf(source) {
  if (source.kind === "typed") return source.rows;
  const [rows, cols] = source.size;
  if (source.kind === "photo") return shrunk(shared.photo, rows, cols);
  if (source.kind === "arange") return grid(rows, cols, (r, c) => r * cols + c);
  const numbers = randint(source.seed, 0, 9, rows * cols);
  return grid(rows, cols, (r, c) => numbers[r * cols + c]);
}

/**
 * The photo's square shrunk, or repeated, to a size: each number the mean of what it covers.
 * @type {(photo: Rows, rows: number, cols: number) => Rows}
 */
function shrunk(photo, rows, cols) {
  /** @type {(n: number, count: number, at: number) => [number, number]} */
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
