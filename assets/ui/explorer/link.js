// What a link says of the explorer: words by name, read into a whole state, and written from one.

import { readNumber, short } from "../../engine/numbers.js";
import { formatCall, kernelSizeOf } from "../../torch/calls.js";
import { LayerProblem } from "../../torch/problems.js";
import { fromHash } from "../address.js";
import { fits } from "./kernel.js";
import { hasWeights, isSignal, readCall } from "./settings.js";
import { checkRows, checkSize, LARGEST_SEED } from "./source.js";

/**
 * at: [row, column] of the chosen output; gradient: of "all" outputs, of "one", or "" for none.
 * @typedef {import("./source.js").Rows} Rows
 * @typedef {import("./source.js").Source} Source
 * @typedef {{ call: import("./settings.js").Call, source: Source, weights: Rows | null,
 *   bias: number, at: number[], gradient: string }} State
 * @typedef {Record<string, string>} Words
 */

export const NAMES = ["call", "input", "weights", "bias", "at", "gradient"];

/**
 * The state that an address holds; null if it has no hash. Throws a LayerProblem for an invalid one.
 * @type {(hash: string) => State | null}
 */
export function stateIn(hash) {
  const words = fromHash(hash, NAMES);
  if (!words) return null;
  if (words === "bad" || !words.call || !words.input) {
    throw new LayerProblem("This link has no call and no input that can be read.");
  }
  return stateOf(words);
}

/**
 * A link's or a preset's words as a state. Throws a LayerProblem for invalid words.
 * @type {(words: Words) => State}
 */
export function stateOf(words) {
  const call = readCall(words.call);
  const source = readSource(words.input);
  if (isSignal(call.operation) && source.kind === "typed" && source.rows.length > 1) {
    throw new LayerProblem(`A signal has one row, and this link has ${source.rows.length}.`);
  }
  /** @type {State} */
  const state = { call, source, weights: null, bias: 0, at: [0, 0], gradient: "" };
  if (words.weights) state.weights = readWeights(words.weights, kernelSizeOf(call));
  if (words.bias !== undefined) state.bias = readBias(words.bias);
  if (words.at !== undefined) {
    if (!/^\d{1,3},\d{1,3}$/.test(words.at)) {
      throw new LayerProblem("The position in this link is not valid.");
    }
    state.at = words.at.split(",").map(Number);
  }
  if (words.gradient !== undefined) {
    if (!["all", "one"].includes(words.gradient)) {
      throw new LayerProblem("The gradient in this link does not exist.");
    }
    state.gradient = words.gradient;
  }
  return state;
}

/**
 * The inverse; what a call does not use is left out, and so are weights of another kernel's size.
 * @type {(state: State) => Words}
 */
export function wordsOf({ call, source, weights, bias, at, gradient }) {
  /** @type {Words} */
  const words = { call: formatCall(call), input: sourceWords(source) };
  if (fits(call, weights)) words.weights = gridWords(weights);
  if (hasWeights(call.operation) && call.args.bias) words.bias = short(bias);
  if (at[0] || at[1]) words.at = at.join(",");
  if (gradient) words.gradient = gradient;
  return words;
}

/** @type {(rows: Rows) => string} */
const gridWords = (rows) => rows.map((row) => row.map(short).join(",")).join(";");

/** @type {(source: Source) => string} */
function sourceWords(source) {
  if (source.kind === "typed") return gridWords(source.rows);
  const { kind, seed, size } = source;
  return `${kind}${kind === "random" ? `:${seed}` : ""}:${size.join("x")}`;
}

/**
 * 'random:7:5x5', 'arange:5x5', 'photo:16x16', or the numbers themselves.
 * @type {(text: string) => Source}
 */
function readSource(text) {
  const made = /^(random:(\d{1,10})|arange|photo):(\d{1,2})x(\d{1,2})$/.exec(text);
  if (!made) return { kind: "typed", rows: readGrid(text) };
  const [rows, cols] = [Number(made[3]), Number(made[4])];
  checkSize(rows, cols);
  const seed = Number(made[2] ?? 0);
  if (seed > LARGEST_SEED) {
    throw new LayerProblem(`A seed must be a whole number from 0 to ${LARGEST_SEED}.`);
  }
  const kind = /** @type {"random" | "arange" | "photo"} */ (made[1].split(":")[0]);
  return { kind, seed, size: [rows, cols] };
}

/**
 * Rows of numbers, '1,2;3,4'. What readers paste is pasted.js's.
 * @type {(text: string) => Rows}
 */
function readGrid(text) {
  const lines = text.split(";").filter(Boolean);
  const found = lines.map((line) => line.split(",").map(readNumber));
  const rows = found.map((row) =>
    row.map((value) => {
      if (value !== null) return value;
      throw new LayerProblem("Enter numbers between −1,000,000 and 1,000,000.");
    }),
  );
  checkRows(rows);
  return rows;
}

/** @type {(text: string, kernel: number[]) => Rows} */
function readWeights(text, kernel) {
  const weights = readGrid(text);
  if (!weights.flat().every(Number.isFinite)) throw new LayerProblem("Weights must be finite.");
  const given = [weights.length, weights[0].length];
  if (`${kernel}` !== `${given}`) {
    throw new LayerProblem(
      `The kernel is ${kernel.join(" by ")}, and this link has ${given.join(" by ")} weights.`,
    );
  }
  return weights;
}

/** @type {(text: string) => number} */
function readBias(text) {
  const bias = readNumber(text);
  if (bias !== null && Number.isFinite(bias)) return bias;
  throw new LayerProblem("The bias in this link is not a number.");
}
