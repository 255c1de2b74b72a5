// Layers without windows: shapes, numbers, and what torch refuses.

import { decimal, rankOf, real, truth, whole } from "./arguments.js";
import { LayerProblem, list, many, product, SETUP } from "./problems.js";
import { refusal } from "./refusals.js";
import { checkNegative, outOfRange, plainResult, pointwise, pythonNumber } from "./shared.js";

/**
 * @typedef {import("./shared.js").Args} Args
 * @typedef {import("./shared.js").Made} Made
 * @typedef {import("./shared.js").Named} Named
 */

/** @type {(args: Args, shape: number[], call: Named) => Made} */
export function elementWise(args, shape, call) {
  if (call.name === "GELU" && typeof args.approximate !== "string") {
    throw new LayerProblem("GELU: approximate must be 'none' or 'tanh'");
  }
  if (call.name === "GELU" && !["none", "tanh"].includes(args.approximate)) {
    throw refusal("approximate");
  }
  if (call.name === "CELU" && real(args.alpha) === 0) {
    throw refusal("alpha");
  }
  if (call.name === "Hardtanh") {
    const [low, high] = [args.min_value ?? args.min_val, args.max_value ?? args.max_val];
    if (!(real(high) > real(low))) {
      throw new LayerProblem("Hardtanh: max_val must be greater than min_val");
    }
  }
  return { ...plainResult(shape, pointwise(shape)), way: { flat: isFlat(args) } };
}

/**
 * Whether it gives one number for all that a network's numbers usually are; of Hardtanh, for others
 * have no limits.
 * @type {(args: Args) => boolean}
 */
function isFlat(args) {
  const low = real(args.min_value ?? args.min_val);
  const high = real(args.max_value ?? args.max_val);
  return high - low < 0.2 || low >= 10 || high <= -10;
}

/** @type {(args: Args, shape: number[], call: Named) => Made} */
export function dropout(args, shape, call) {
  const p = decimal(args, "p", call);
  if (p < 0 || p > 1) {
    throw refusal(
      "p",
      { p: pythonNumber(args.p) },
      "It is the share of numbers that are set to zero while training.",
    );
  }
  if (call.name === "Dropout1d" && ![2, 3].includes(shape.length)) {
    throw refusal(
      "dimensions of Dropout1d",
      { rank: `${shape.length}D` },
      "For images there is Dropout2d.",
    );
  }
  return plainResult(shape, pointwise(shape));
}

/** @type {(args: Args, shape: number[], call: Named) => Made} */
export function prelu(args, shape, call) {
  const parameters = whole(args, "num_parameters", call);
  checkNegative([parameters]);
  if (parameters !== 1 && parameters !== shape[1]) {
    throw refusal(
      "num_parameters",
      { parameters, channels: shape[1] },
      "PReLU holds one slope for all channels, or one for each.",
    );
  }
  return { ...plainResult(shape, pointwise(shape)), parameters };
}

/** @type {(args: Args, shape: number[], call: Named) => Made} */
export function softmax(args, shape, call) {
  if (args.dim !== null) {
    const dim = whole(args, "dim", call);
    if (dim < -shape.length || dim >= shape.length) throw outOfRange(dim, shape.length);
    const axis = dim < 0 ? dim + shape.length : dim;
    const centres = axis > 1 && call.name === "Softmax";
    const along = axis > 1 ? { mixes: [axis - 2], centres } : { same: true };
    const compared = { compares: true, shares: call.name === "Softmax" };
    const way = shape.length === 2 ? { gathers: true } : along;
    if (shape[axis] > 1) return { ...plainResult(shape, null), way: { ...way, ...compared } };
  }
  return plainResult(shape, null); // a softmax of one number is 1
}

/** @type {(args: Args, shape: number[], call: Named) => Made} */
export function batchNorm(args, shape, call) {
  const rank = rankOf(call);
  const features = whole(args, "num_features", call);
  const [affine, tracked] = [truth(args, "affine", call), truth(args, "track_running_stats", call)];
  const bias = truth(args, "bias", call);
  if (affine) checkNegative([features]);
  if (tracked && features < 0) {
    throw refusal("zeros");
  }
  const fits = rank === 2 ? [4] : [2, 3];
  if (!fits.includes(shape.length)) {
    throw refusal(
      `dimensions of ${call.name}`,
      { rank: `${shape.length}D` },
      `With the batch, the input has ${shape.length} sizes.`,
    );
  }
  if (real(args.eps) < 0) {
    throw refusal("eps", { eps: pythonNumber(args.eps) });
  }
  if (!tracked && product(shape) === shape[1]) {
    throw refusal(
      "one value",
      { input: list(shape) },
      "Without stored statistics it uses this one input's.",
    );
  }
  if (shape[1] !== features && (tracked || affine)) {
    throw refusal(
      "num_features",
      { what: tracked ? "running_mean" : "weight", got: shape[1], features },
      `The input has ${many(shape[1], "channel")}: say num_features=${shape[1]}.`,
      SETUP,
    );
  }
  return {
    ...plainResult(shape, tracked ? pointwise(shape) : null),
    parameters: affine ? features * (bias ? 2 : 1) : 0,
    way: tracked
      ? {}
      : { mixes: shape.slice(2).map((_, axis) => axis), centres: true, compares: true },
  };
}

/** @type {(args: Args, shape: number[], call: Named) => Made} */
export function flatten(args, shape, call) {
  const rank = shape.length;
  const [start, end] = ["start_dim", "end_dim"].map((name) => {
    const dim = whole(args, name, call);
    if (dim < -rank || dim >= rank) throw outOfRange(dim, rank);
    return dim < 0 ? dim + rank : dim;
  });
  if (start > end) {
    throw refusal("flatten");
  }
  const middle = product(shape.slice(start, end + 1));
  const result = [...shape.slice(0, start), middle, ...shape.slice(end + 1)];
  return { ...plainResult(result, null), way: { reshapes: true } };
}

/** @type {(args: Args, shape: number[], call: Named) => Made} */
export function linear(args, shape, call) {
  const [into, out] = [whole(args, "in_features", call), whole(args, "out_features", call)];
  const bias = truth(args, "bias", call);
  checkNegative([out, into]);
  const last = shape[shape.length - 1];
  if (last !== into) {
    const rows = product(shape.slice(0, -1));
    throw refusal(
      "linear",
      { rows: `${rows}x${last}`, weight: `${into}x${out}` },
      shape.length > 2
        ? `The input's last size is ${last}. Is an nn.Flatten() missing before this layer?`
        : `The input has ${many(last, "number")}: say in_features=${last}.`,
      SETUP,
    );
  }
  const result = [...shape.slice(0, -1), out];
  return {
    shape: result,
    parameters: into * out + (bias ? out : 0),
    macs: product(result) * into,
    windows: null,
    way: shape.length === 2 ? { gathers: true } : { mixes: [shape.length - 3], linear: true },
  };
}
