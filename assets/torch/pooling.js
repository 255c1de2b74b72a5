// Pools: shapes, and what torch refuses.

import { adaptiveSpan, range, windowCount } from "../engine/geometry.js";
import { decimal, isUnset, rankOf, several, truth } from "./arguments.js";
import { by, HALF, LayerProblem, list, many, PADDING, SIZE, STRIDE } from "./problems.js";
import { refusal } from "./refusals.js";
import { batched, checkNegative, outOfRange, plainResult, unbatched, windowsOf } from "./shared.js";

/**
 * @typedef {import("./shared.js").Args} Args
 * @typedef {import("./shared.js").Made} Made
 * @typedef {import("./shared.js").Named} Named
 *
 * @typedef {{ kernel: number[], stride: number[], padding: number[], dilation: number[],
 *   ceil: boolean }} Pool
 */

/** @type {(args: Args, call: Named, rank: number) => Pool} */
function poolArguments(args, call, rank) {
  if (args.return_indices) {
    throw new LayerProblem(
      `${call.name} with return_indices=True returns two tensors, not one to pass on`,
    );
  }
  const kernel = several(args, "kernel_size", call, rank);
  const stride = isUnset(args.stride) ? kernel : several(args, "stride", call, rank);
  const padding = "padding" in args ? several(args, "padding", call, rank) : Array(rank).fill(0);
  const dilation = "dilation" in args ? several(args, "dilation", call, rank) : Array(rank).fill(1);
  return { kernel, stride, padding, dilation, ceil: truth(args, "ceil_mode", call) };
}

const TOO_SMALL = "The window is larger than what is left to slide over.";

/** @type {(planes: number, sizes: number[], found: number[]) => LayerProblem} */
function tooSmall(planes, sizes, found) {
  return refusal(
    "too small",
    { input: `(${by([planes, ...sizes])})`, output: `(${by([planes, ...found])})` },
    `${TOO_SMALL} Shrink less in the layers before, or make the window smaller.`,
    "lessons/output-size/#when-no-window-fits",
  );
}

/**
 * Torch's checks of a two-dimensional pool, in torch's order: rows, then columns, then both.
 * @type {(pool: Pool) => void}
 */
function checkPool(pool) {
  const { kernel, stride, padding, dilation } = pool;
  const why =
    "Otherwise a window could lie entirely in the padding, where there is no maximum and no mean.";
  for (let i = 0; i < 2; i += 1) {
    if (stride[i] === 0) {
      throw refusal("pool's stride of 0", {}, "A window must move.", STRIDE);
    }
    if (padding[i] < 0) {
      throw refusal("pool's negative padding", { pad: padding[i] }, "", PADDING);
    }
    if (padding[i] > Math.trunc((dilation[i] * (kernel[i] - 1) + 1) / 2)) {
      throw refusal(
        "half of effective kernel",
        { pad: padding[i], kernel: kernel[i], dilation: dilation[i] },
        why,
        HALF,
      );
    }
  }
  for (const [name, [h, w]] of Object.entries({ kernel_size: kernel, stride, dilation })) {
    if (h <= 0 || w <= 0) throw refusal(`pool's ${name}`, { h, w }, "", SIZE);
  }
  if (padding.some((p, i) => p > Math.trunc(kernel[i] / 2))) {
    throw refusal(
      "half of kernel",
      { ph: padding[0], pw: padding[1], kh: kernel[0], kw: kernel[1] },
      `${why} This check leaves the dilation out.`,
      HALF,
    );
  }
}

/**
 * Torch's number of windows along an axis with as much padding on both sides.
 * @type {(size: number, kernel: number, stride: number, padding: number, dilation: number, ceil: boolean) => number}
 */
function outputSize(size, kernel, stride, padding, dilation, ceil) {
  const room = size + 2 * padding - dilation * (kernel - 1) - 1;
  return windowCount(room, stride, ceil, size + padding)[1];
}

/** @type {(full: number[], pool: Pool) => number[]} */
function pooled(full, pool) {
  const { kernel, stride, padding, dilation, ceil } = pool;
  return full
    .slice(2)
    .map((n, i) => outputSize(n, kernel[i], stride[i], padding[i], dilation[i], ceil));
}

/** @type {(args: Args, shape: number[], call: Named) => Made} */
export function maxPool2d(args, shape, call) {
  const pool = poolArguments(args, call, 2);
  if (shape.length !== 3 && shape.length !== 4) {
    throw refusal(
      "dimensions of MaxPool2d",
      {},
      `MaxPool2d needs channels, a height and a width; the input has ${many(shape.length - 1, "size")}.`,
    );
  }
  return pool2d(pool, shape);
}

/** @type {(pool: Pool, shape: number[]) => Made} */
function pool2d(pool, shape) {
  const full = batched(shape, 2);
  checkPool(pool);
  const found = pooled(full, pool);
  if (found.some((n) => n < 1)) throw tooSmall(full[1], full.slice(2), found);
  const windows = windowsOf(shape, 2, pool.kernel, pool.stride, pool.padding, pool.dilation);
  return plainResult(unbatched([...full.slice(0, 2), ...found], shape, 2), windows);
}

/** @type {(args: Args, shape: number[], call: Named) => Made} */
export function maxPool1d(args, shape, call) {
  const pool = poolArguments(args, call, 1);
  if (shape.length !== 2 && shape.length !== 3) {
    throw refusal(
      "dimensions of MaxPool1d",
      { input: list(shape) },
      "MaxPool1d needs channels and a length.",
    );
  }
  const full = batched(shape, 1);
  const [k, s, p, d] = [pool.kernel[0], pool.stride[0], pool.padding[0], pool.dilation[0]];
  if (k <= 0) throw refusal("signal's kernel_size", { kernel: k }, "", SIZE);
  if (s <= 0) throw refusal("signal's stride", { stride: s }, "", STRIDE);
  if (p < 0) throw refusal("signal's padding", { pad: p }, "", PADDING);
  if (p > Math.trunc(k / 2)) {
    throw refusal(
      "signal's half of kernel",
      { pad: p, kernel: k },
      "Otherwise a window could lie entirely in the padding, where there is no maximum.",
      HALF,
    );
  }
  if (d <= 0) throw refusal("signal's dilation", { dilation: d }, "", "lessons/dilation/");
  const found = pooled(full, pool);
  if (found[0] < 1) {
    throw refusal(
      "signal too small",
      { output: found[0] },
      TOO_SMALL,
      "lessons/output-size/#when-no-window-fits",
    );
  }
  const windows = windowsOf(shape, 1, pool.kernel, pool.stride, pool.padding, pool.dilation);
  return plainResult(unbatched([...full.slice(0, 2), ...found], shape, 1), windows);
}

/**
 * Torch runs a signal's average as that of an image of one row.
 * @type {(pool: Pool) => Pool}
 */
function asImage(pool) {
  /** @type {(numbers: number[], first: number) => number[]} */
  const rows = (numbers, first) => [first, ...numbers];
  return {
    kernel: rows(pool.kernel, 1),
    stride: rows(pool.stride, 1),
    padding: rows(pool.padding, 0),
    dilation: rows(pool.dilation, 1),
    ceil: pool.ceil,
  };
}

/** @type {(args: Args, shape: number[], call: Named) => Made} */
export function averagePool(args, shape, call) {
  const rank = rankOf(call);
  const pool = poolArguments(args, call, rank);
  truth(args, "count_include_pad", call);
  if (rank === 1) {
    checkDims1d(shape, "AvgPool1d");
    return meanSignal(pool, shape);
  }
  const divisor = args.divisor_override;
  if (divisor !== null && !Number.isInteger(divisor)) {
    throw new LayerProblem("AvgPool2d: divisor_override must be a whole number or None");
  }
  if (divisor === 0) throw refusal("divisor", {}, "", "lessons/average-pooling/");
  if (shape.length < 3) throw outOfRange(-3, shape.length);
  if (shape.length > 4) {
    throw refusal(
      "dimensions of AvgPool2d",
      { input: list(shape) },
      "AvgPool2d needs channels, a height and a width.",
    );
  }
  return pool2d(pool, shape);
}

/** @type {(shape: number[], name: string) => void} */
function checkDims1d(shape, name) {
  if (shape.length === 2 || shape.length === 3) return;
  throw refusal(
    `dimensions of ${name}`,
    { rank: `${shape.length}-dimensional` },
    "It needs channels and a length.",
  );
}

/** @type {(pool: Pool, shape: number[]) => Made} */
function meanSignal(pool, shape) {
  const full = batched(shape, 1);
  const image = asImage(pool);
  const made = pool2d(image, [full[0], full[1], 1, full[2]]);
  const out = [full[0], full[1], made.shape[3]];
  const windows = windowsOf(shape, 1, pool.kernel, pool.stride, pool.padding, pool.dilation);
  return plainResult(unbatched(out, shape, 1), windows);
}

/** @type {(args: Args, shape: number[], call: Named) => Made} */
export function lpPool(args, shape, call) {
  const rank = rankOf(call);
  const pool = poolArguments(args, call, rank);
  const norm = decimal(args, "norm_type", call);
  let result;
  if (rank === 1) {
    checkDims1d(shape, "AvgPool1d");
    result = meanSignal(pool, shape);
  } else {
    if (shape.length < 3) throw outOfRange(-3, shape.length);
    if (shape.length > 4) {
      throw refusal(
        "dimensions of LPPool2d",
        { input: list(shape) },
        "LPPool2d needs channels, a height and a width.",
      );
    }
    result = pool2d(pool, shape);
  }
  if (norm === 0) {
    throw refusal("norm_type", {}, "A root of order 0 is not a number.");
  }
  return result;
}

/** @type {(args: Args, shape: number[], call: Named) => Made} */
export function adaptive(args, shape, call) {
  const rank = rankOf(call);
  const isMax = call.name.includes("Max");
  const wanted = several(args, "output_size", call, rank, true);
  if (args.return_indices) {
    throw new LayerProblem(
      `${call.name} with return_indices=True returns two tensors, not one to pass on`,
    );
  }
  if (rank === 1 && wanted[0] === null) {
    throw new LayerProblem(`${call.name}: output_size must be one whole number`);
  }
  if (args.output_size === null) {
    throw refusal("adaptive of None", {}, "Write (None, None), or a number.");
  }
  if (rank === 1) {
    checkDims1d(shape, call.name);
  } else if (shape.length < 3 && Array.isArray(args.output_size)) {
    throw refusal("adaptive input", {}, `${call.name} needs channels, a height and a width.`);
  } else if (shape.length === 2 && !isMax && args.output_size === 1) {
    return plainResult([1, 1], null); // torch takes a plain mean of whatever there is
  } else if (!isMax && args.output_size < 0) {
    throw negativeOutput(wanted);
  } else if (shape.length < 3 || shape.length > 4) {
    throw refusal(
      `dimensions of ${call.name}`,
      { input: list(shape) },
      `${call.name} needs channels, a height and a width.`,
    );
  }
  const full = batched(shape, rank);
  const out = wanted.map((n, i) => n ?? full[2 + i]);
  const rows = rank === 2 ? out : [1, ...out];
  if (out.some((n) => n < 0)) {
    if (isMax) {
      const lead = shape.length === rank + 1 ? full.slice(1, 2) : full.slice(0, 2);
      checkNegative([...lead, ...rows]);
    }
    throw negativeOutput(rows);
  }
  const windows = out.map((n, i) => evenWindows(full[2 + i], n));
  const alike = shape.length === rank + 2 ? windows.filter((window_) => window_ !== null) : [];
  const result = unbatched([...full.slice(0, 2), ...out], shape, rank);
  const way = { adaptive: shape.length === rank + 2 };
  return { ...plainResult(result, alike.length === rank ? alike : null), way };
}

/** @type {(sizes: number[]) => LayerProblem} */
function negativeOutput(sizes) {
  return refusal(
    "negative output_size",
    { sizes: `{${sizes.join(", ")}}` },
    "The output size is the number of windows.",
  );
}

/**
 * Windows floor(j·n/o) to ceil((j+1)·n/o) as one kernel and stride, if they are all alike.
 * @type {(size: number, out: number) => import("../engine/sight.js").Window_ | null}
 */
function evenWindows(size, out) {
  if (out < 1) return null;
  const spans = range(out, (j) => adaptiveSpan(j, size, out));
  const starts = spans.map(([start]) => start);
  const lengths = new Set(spans.map(([start, stop]) => stop - start));
  const steps = new Set(starts.slice(1).map((start, j) => start - starts[j]));
  if (lengths.size > 1 || steps.size > 1 || steps.has(0)) return null;
  const [kernel] = lengths;
  const [stride = kernel] = steps;
  return outputSize(size, kernel, stride, 0, 1, false) === out ? [kernel, stride, 0, 1] : null;
}
