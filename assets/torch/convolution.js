// Convolutions and transposed convolutions: shapes, parameters, multiply-accumulates, and what
// torch refuses.

import { samePadding } from "../engine/geometry.js";
import { paddingMode, paddingWord, rankOf, several, truth, whole } from "./arguments.js";
import {
  by,
  LayerProblem,
  list,
  many,
  PADDING,
  product,
  SETUP,
  SIZE,
  STRIDE,
  spaced,
} from "./problems.js";
import { refusal } from "./refusals.js";
import { batched, checkNegative, unbatched } from "./shared.js";

/**
 * @typedef {import("./shared.js").Args} Args
 * @typedef {import("./shared.js").Made} Made
 * @typedef {import("./shared.js").Named} Named
 */

/** @type {(channels: number, out: number, groups: number) => void} */
function checkGroups(channels, out, groups) {
  const why = "Each group takes an equal share of the channels.";
  if (groups <= 0) throw refusal("groups", {}, why);
  if (channels % groups) throw refusal("in_channels", {}, why);
  if (out % groups) throw refusal("out_channels", {}, why);
}

/** @type {(call: Named, shape: number[], rank: number) => void} */
function expectedDims(call, shape, rank) {
  if (shape.length === rank + 1 || shape.length === rank + 2) return;
  throw refusal(
    `dimensions of ${call.name}`,
    { input: list(shape) },
    `${call.name} needs channels and ${rank === 2 ? "a height and a width" : "a length"}; ` +
      `the output of the layer before has ${many(shape.length - 1, "size")}.`,
  );
}

/** @type {(kind: string, groups: number, weight: number[], shape: number[], wanted: number) => import("./problems.js").LayerProblem} */
function channelsMismatch(kind, groups, weight, shape, wanted) {
  return refusal(
    `channels of ${kind}`,
    { groups, weight: list(weight), input: list(shape), wanted, got: shape[1] },
    `The input has ${many(shape[1], "channel")}: say in_channels=${shape[1]}, or change the layer before.`,
    SETUP,
  );
}

/** @type {(args: Args, shape: number[], call: Named) => Made} */
export function convolution(args, shape, call) {
  const rank = rankOf(call);
  const [channels, out, groups] = ["in_channels", "out_channels", "groups"].map((name) =>
    whole(args, name, call),
  );
  const kernel = several(args, "kernel_size", call, rank);
  const stride = several(args, "stride", call, rank);
  const dilation = several(args, "dilation", call, rank);
  const bias = truth(args, "bias", call);
  checkGroups(channels, out, groups);
  const text = paddingWord(args, call);
  const padding = text ? Array(rank).fill(0) : several(args, "padding", call, rank);
  if (text === "same" && stride.some((s) => s !== 1)) {
    throw refusal(
      "same",
      {},
      "A stride makes the output smaller, so it cannot be the same size; give numbers instead.",
      "lessons/padding/#same-with-a-stride",
    );
  }
  const mode = paddingMode(args, call);
  const weight = [out, Math.trunc(channels / groups), ...kernel];
  checkNegative(weight);
  let pads = padding.map((p) => [p, p]);
  if (text === "same") {
    pads = kernel.map((k, i) => samePadding(k, dilation[i]));
  }
  const full = batched(shape, rank);
  if (mode !== "zeros") checkCopied(shape, pads, mode, rank);
  expectedDims(call, shape, rank);
  if (text !== "same" && mode === "zeros" && padding.some((p) => p < 0)) {
    throw refusal("negative padding", {}, "Crop the input instead.", PADDING);
  }
  if (stride.some((s) => s <= 0)) {
    throw refusal("non-positive stride", {}, "A window must move.", STRIDE);
  }
  checkDilation(dilation);
  const sizes = full.slice(2);
  // Copied padding, and the odd element of padding='same', are put on before the checks.
  const early = pads.map(([a, b]) => (mode !== "zeros" ? a + b : b - a));
  const seen = [...full.slice(0, 2), ...sizes.map((n, i) => n + early[i])];
  checkWeight("Conv", weight, seen, channels, groups);
  const padded = sizes.map((n, i) => n + pads[i][0] + pads[i][1]);
  const extent = kernel.map((k, i) => dilation[i] * (k - 1) + 1);
  if (padded.some((n, i) => n < extent[i])) {
    throw refusal(
      "kernel too large",
      { padded: spaced(padded), extent: spaced(extent) },
      `The window spans ${extent.join("×")}, and with its padding only ${padded.join("×")} is left ` +
        "to slide over.",
      "lessons/output-size/#when-no-window-fits",
    );
  }
  const found = padded.map((n, i) => Math.floor((n - extent[i]) / stride[i]) + 1);
  const result = unbatched([full[0], out, ...found], shape, rank);
  return {
    shape: result,
    parameters: product(weight) + (bias ? out : 0),
    macs: product(result) * weight[1] * product(kernel),
    windows:
      shape.length === rank + 2
        ? kernel.map((k, i) => [k, stride[i], pads[i][0], dilation[i]])
        : null,
    way: { fill: mode, pads: pads.flat().some(Boolean) },
  };
}

/** @type {(dilation: number[]) => void} */
function checkDilation(dilation) {
  if (dilation.every((d) => d > 0)) return;
  // Torch's words for it depend on the kernel that it happens to choose.
  throw new LayerProblem(
    "dilation must be at least 1",
    "A dilation of 1 leaves no gap between the elements that a window reads.",
    "lessons/dilation/",
  );
}

/** @type {(kind: string, weight: number[], full: number[], channels: number, groups: number) => void} */
function checkWeight(kind, weight, full, channels, groups) {
  if (weight[0] < groups) {
    throw refusal(
      "no channels",
      { groups, weight: list(weight) },
      "A layer needs at least one channel.",
    );
  }
  if (full[1] !== channels) throw channelsMismatch(kind, groups, weight, full, channels);
  if (weight.includes(0)) {
    // Torch's words for it depend on the kernel that it happens to choose.
    throw new LayerProblem("the kernel has no elements", "A window needs at least one element.");
  }
}

/**
 * Padding that copies real elements cannot reach further than there are any.
 * @type {(shape: number[], pads: number[][], mode: string, rank: number) => void}
 */
function checkCopied(shape, pads, mode, rank) {
  if (shape.length !== rank + 1 && shape.length !== rank + 2) {
    throw refusal(
      "copied padding's dimensions",
      { count: 2 * rank, rank: `${shape.length}D` },
      `With the batch, the input has ${shape.length} sizes.`,
    );
  }
  const full = batched(shape, rank);
  for (let i = rank - 1; i >= 0; i -= 1) {
    const most = Math.max(...pads[i]);
    const size = full[2 + i];
    if (size + pads[i][0] + pads[i][1] < 1) {
      // Torch's words for it differ from mode to mode.
      throw new LayerProblem(
        "the output has no elements",
        "The negative padding crops away the whole input.",
        PADDING,
      );
    }
    if (mode === "circular" && most > size) {
      throw refusal(
        "circular",
        {},
        `There are only ${size} elements to copy along that axis.`,
        PADDING,
      );
    }
    if (mode === "reflect" && most >= size) {
      const dimension = shape.length - rank + i;
      const padding = `(${pads[i].join(", ")})`;
      throw refusal(
        "reflect",
        { argument: i === rank - 1 ? 4 : 6, padding, dimension, input: list(shape) },
        `A mirror of ${size} elements shows ${size - 1} beyond the edge.`,
        PADDING,
      );
    }
  }
}

/** @type {(args: Args, shape: number[], call: Named) => Made} */
export function transposed(args, shape, call) {
  const rank = rankOf(call);
  const [channels, out, groups] = ["in_channels", "out_channels", "groups"].map((name) =>
    whole(args, name, call),
  );
  const [kernel, stride, padding, dilation, extra] = [
    ...["kernel_size", "stride", "padding", "dilation", "output_padding"],
  ].map((name) => several(args, name, call, rank));
  const bias = truth(args, "bias", call);
  if (args.padding_mode !== "zeros") {
    throw refusal(
      `padding_mode of ${call.name}`,
      {},
      "A transposed convolution's padding takes elements away; there is nothing to fill.",
      PADDING,
    );
  }
  checkGroups(channels, out, groups);
  const weight = [channels, Math.trunc(out / groups), ...kernel];
  checkNegative(weight);
  expectedDims(call, shape, rank);
  const full = batched(shape, rank);
  if (padding.some((p) => p < 0)) {
    throw refusal("negative padding", {}, "", PADDING);
  }
  if (extra.some((p) => p < 0)) throw refusal("negative output_padding", {}, "", SIZE);
  if (stride.some((s) => s <= 0)) {
    throw refusal("non-positive stride", {}, "A window must move.", STRIDE);
  }
  checkDilation(dilation);
  checkWeight("ConvTranspose", weight, full, channels, groups);
  // Torch runs a signal as an image of one row.
  /** @type {(numbers: number[], first: number) => number[]} */
  const rows = (numbers, first) => (rank === 2 ? numbers : [first, ...numbers]);
  const [e, s, d] = [rows(extra, 0), rows(stride, 1), rows(dilation, 1)];
  if (e.some((n, i) => n >= s[i] && n >= d[i])) {
    throw refusal(
      "output_padding too large",
      { oh: e[0], ow: e[1], sh: s[0], sw: s[1], dh: d[0], dw: d[1] },
      "output_padding chooses among the sizes that a stride rounds to the same; there are " +
        "no more of them than the stride.",
      "lessons/rounding-up-and-going-back-up/#the-way-back-up",
    );
  }
  const sizes = full.slice(2);
  const found = sizes.map(
    (n, i) => (n - 1) * stride[i] - 2 * padding[i] + dilation[i] * (kernel[i] - 1) + extra[i] + 1,
  );
  if (found.some((n) => n < 1)) {
    // Torch's words for it depend on the kernel that it happens to choose; some let it be empty.
    throw new LayerProblem(
      "the output has no elements",
      `The padding crops away everything the layer makes: the size is ${by(found)}.`,
      "lessons/rounding-up-and-going-back-up/#the-way-back-up",
    );
  }
  return {
    shape: unbatched([full[0], out, ...found], shape, rank),
    parameters: product(weight) + (bias ? out : 0),
    macs: product(shape) * weight[1] * product(kernel),
    windows: null, // its outputs do not all see equally much
    way:
      shape.length === rank + 2
        ? { spread: kernel.map((k, i) => [k, stride[i], padding[i], dilation[i]]) }
        : {},
  };
}
