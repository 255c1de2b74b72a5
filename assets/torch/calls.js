// The explorer's torch line, and its call on numbers: torch's refusals first, then the engine.

import { SIGNATURES } from "#generated/torch.js";
import { counted } from "../engine/numbers.js";
import { compute, isTransposed, KINDS, rankOf, stem } from "../engine/operations.js";
import { plainArguments } from "./arguments.js";
import { RULES } from "./layers.js";
import { LayerProblem } from "./problems.js";
import { readNetwork } from "./reading.js";

/** @typedef {import("../engine/operations.js").Call} Call */

const MOST_SIDE = 96; // rows or columns that a page can show, and step through at once
export const MOST_WEIGHTS = 4096;

/**
 * 'nn.MaxPool2d(3, stride=2)' to {operation, args}: every argument by name, in plain values.
 * @type {(text: string) => Call}
 */
export function parseCall(text) {
  const found = readNetwork(text);
  if (found.length !== 1) {
    throw new LayerProblem(
      `One layer at a time, not ${found.length}`,
      "The network calculator stacks layers.",
      "network/",
    );
  }
  const [call] = found;
  if (Object.hasOwn(RULES, call.name) && !Object.hasOwn(KINDS, stem(call.name))) {
    throw new LayerProblem(
      `nn.${call.name} slides no window`,
      "The explorer takes max, average, LP and adaptive pools, and convolutions.",
    );
  }
  return { operation: call.name, args: plainArguments(call) };
}

/**
 * The inverse: names for all but channels, and nothing that is torch's default.
 * @type {(call: Call) => string}
 */
export function formatCall({ operation, args }) {
  const words = [];
  for (const parameter of SIGNATURES[operation].parameters) {
    const [name, fallback] = parameter;
    if (parameter.length > 1 && args[name] === fallback) continue;
    words.push(name.endsWith("_channels") ? python(args[name]) : `${name}=${python(args[name])}`);
  }
  return `nn.${operation}(${words.join(", ")})`;
}

/** @type {(value: any) => string} */
function python(value) {
  if (value === null) return "None";
  if (value.float !== undefined) return String(value.float);
  if (typeof value === "boolean") return value ? "True" : "False";
  if (Array.isArray(value)) return `(${value.map(python).join(", ")})`;
  return typeof value === "string" ? `'${value}'` : String(value);
}

/** @type {(sizes: number[], shape: number[]) => void} */
function checkShown(sizes, shape) {
  const largest = Math.max(...sizes, ...shape);
  if (largest <= MOST_SIDE) return;
  throw new LayerProblem(
    `The explorer shows at most ${MOST_SIDE} rows and columns, not ${counted(largest)}`,
    "This counts the padding, the zeros inserted in between, and the output.",
  );
}

/**
 * Padded rows and columns, before anything so large is made.
 * @type {(call: Call, sizes: number[]) => number[]}
 */
function paddedSizes({ operation, args }, sizes) {
  /** @type {(value: any) => number[]} */
  const least = (value) => [value ?? 0].flat();
  const pads = Math.max(...least(typeof args.padding === "string" ? 0 : args.padding));
  const kernels = least(args.kernel_size).map((k, i) => {
    const dilations = least(args.dilation ?? 1);
    return (dilations[i] ?? dilations[0]) * (k - 1) + 1;
  });
  const extent = Math.max(0, ...kernels);
  if (isTransposed(operation)) {
    const stride = Math.max(...least(args.stride));
    return sizes.map((n) => stride * (n - 1) + 1 + 2 * Math.max(0, extent - 1 - pads));
  }
  return sizes.map((n) => n + (args.padding === "same" ? extent - 1 : 2 * pads));
}

/**
 * [rows, columns] of a call's kernel; a signal's has one row.
 * @type {(call: Call) => number[]}
 */
export function kernelSizeOf({ operation, args }) {
  const size = [args.kernel_size].flat();
  return rankOf(operation) === 1 ? [1, size[0]] : [size[0], size.at(-1)];
}

/** @type {(call: Call, kernel: number[][] | null) => void} */
function checkKernel(call, kernel) {
  const [height, width] = kernelSizeOf(call);
  if (height * width > MOST_WEIGHTS) {
    throw new LayerProblem(`The explorer shows at most ${MOST_WEIGHTS} weights`);
  }
  const fits = kernel && kernel.length === height && kernel.every((row) => row.length === width);
  if (!fits) throw new LayerProblem(`The weights are not ${height} by ${width} numbers`);
}

/**
 * What engine/operations.js computes, and what the layer's rule counts.
 * @typedef {import("../engine/operations.js").Result & { parameters: number, macs: number }} Result
 */

/**
 * A call on rows of numbers (one channel). Throws torch's own refusal, or one of ours, as a
 * LayerProblem.
 * @type {(call: Call, rows: number[][], kernel?: number[][] | null, bias?: number | null) => Result}
 */
export function run(call, rows, kernel = null, bias = null) {
  const { operation, args } = call;
  const sizes = [rows.length, rows[0].length].slice(2 - rankOf(operation));
  const made = RULES[operation](args, [1, ...sizes], { name: operation });
  const out = made.shape.slice(1);
  if (out.includes(0)) {
    throw new LayerProblem(`An output of ${out.join(" by ")} holds no number`);
  }
  checkShown(paddedSizes(call, sizes), out);
  if (KINDS[stem(operation)] === "convolution") checkKernel(call, kernel);
  const { parameters, macs } = made;
  return { ...compute(call, rows, kernel, bias), parameters, macs };
}
