// Whether each number that a layer makes depends on every place of the input: what the package's
// tracing/sight.py says, of this calculator's layers. Only what is certain is kept.

import { LIMITS } from "#generated/torch.js";
import { adaptiveSpan, origin, range } from "./geometry.js";

/**
 * @typedef {(positions: Set<number>) => Set<number>} Reads
 * @typedef {{ size: number, places: number, steps: Reads[] }} Line
 * @typedef {{ axes: Line[] | null, centred: boolean, level?: boolean, equal?: boolean,
 *   shared?: boolean, scattered?: boolean }} Sight
 * @typedef {[number, number, number, number]} Window_ kernel, stride, padding before, dilation
 *
 * What a layer's rule says of it; see after().
 * @typedef {{ windows?: Window_[] | null, fill?: string, spread?: Window_[], adaptive?: boolean,
 *   mixes?: number[], gathers?: boolean, same?: boolean, reshapes?: boolean, mean?: boolean,
 *   curved?: boolean, centres?: boolean, linear?: boolean, pads?: boolean, weighted?: boolean,
 *   compares?: boolean, shares?: boolean, flat?: boolean, channels?: number }} Way
 */

// A line is one axis of a map: {size, places, steps}. places: of the input, where each position
// sees its own; 0 where each sees all that there is. A step turns positions of a layer's output
// into those that they read. A sight is {axes, centred}: axes null if all numbers together see
// everything but nobody knows which sees what; centred if a channel's mean may never change, and
// level if all numbers of a channel may be one number. equal: all numbers may be one number, wherever
// they lie. shared: numbers that a softmax made have one sum; scattered: they, or those of a centred
// channel, lie elsewhere now, so that any mean may be one that never changes.

/** @type {(size: number) => Line} */
const all = (size) => ({ size, places: 0, steps: [] });
/** @type {(size: number) => number[]} */
const positionsOf = (size) => range(size, (i) => i);

/** @type {(line: Line, positions: Iterable<number>) => boolean} */
function complete(line, positions) {
  const seen = line.steps.reduceRight((from, step) => step(from), new Set(positions));
  return seen.size >= Math.max(line.places, 1);
}

/** @type {(line: Line) => boolean} */
const linesUp = (line) => complete(line, positionsOf(line.size));
/** @type {(line: Line) => boolean} */
const eachSees = (line) => positionsOf(line.size).every((position) => complete(line, [position]));
/** @type {(sight: Sight | null) => boolean} */
export const everything = (sight) => Boolean(sight?.axes?.every(eachSees));
/** @type {(sight: Sight) => boolean} */
const together = (sight) => !sight.axes || sight.axes.every(linesUp);

/**
 * Each element of an input sees its own place; sizes without the channels.
 * @type {(sizes: number[]) => Sight | null}
 */
export function ofInput(sizes) {
  if (sizes.some((size) => size > LIMITS.reads)) return null;
  const axes = sizes.map((size) => ({ size, places: size, steps: [] }));
  return { axes: axes.length ? axes : null, centred: false, level: sizes.every((n) => n === 1) };
}

/** @type {(sizes: number[]) => Sight} */
const ofAll = (sizes) => ({ axes: sizes.map(all), centred: false });

/** @type {(sight: Sight, out: number[], steps: Reads[]) => Sight | null} */
function over(sight, out, steps) {
  if (!sight.axes) return null;
  const axes = sight.axes.map(({ places, steps: before }, i) => {
    return { size: out[i], places, steps: [...before, steps[i]] };
  });
  return { axes, centred: false };
}

/** @type {(sight: Sight, axis: number, size: number) => Sight | null} */
function mixed(sight, axis, size) {
  if (!sight.axes || !linesUp(sight.axes[axis])) return null;
  return { axes: sight.axes.with(axis, all(size)), centred: false };
}

/** @type {(sight: Sight, sizes: number[]) => Sight | null} */
function reshaped(sight, sizes) {
  if (everything(sight)) return ofAll(sizes);
  return together(sight) ? { axes: null, centred: false } : null;
}

/**
 * A window [kernel, stride, padding, dilation] on an axis of a size.
 * @type {(window_: Window_, size: number, fill: string) => Reads}
 */
function slides([kernel, stride, padding, dilation], size, fill) {
  return (outputs) => {
    const found = new Set();
    for (const output of outputs) {
      for (let k = 0; k < kernel; k += 1) {
        const position = output * stride - padding + k * dilation;
        if (position >= 0 && position < size) found.add(position);
        // What ceil_mode adds behind the padding holds nothing, but then nothing is copied.
        else if (fill !== "zeros") found.add(origin(position, size, fill));
      }
    }
    return found;
  };
}

/**
 * A transposed convolution's outputs add up the inputs whose windows they lie in.
 * @type {(window_: Window_, size: number) => Reads}
 */
function gathers([kernel, stride, padding, dilation], size) {
  return (outputs) => {
    const found = new Set();
    for (const output of outputs) {
      for (let k = 0; k < kernel; k += 1) {
        const position = (output + padding - k * dilation) / stride;
        if (Number.isInteger(position) && position >= 0 && position < size) found.add(position);
      }
    }
    return found;
  };
}

/** @type {(size: number, out: number) => Reads} */
function adapts(size, out) {
  return (outputs) => {
    const found = new Set();
    for (const j of outputs) {
      const [start, stop] = adaptiveSpan(j, size, out);
      for (let i = start; i < stop; i += 1) found.add(i);
    }
    return found;
  };
}

/**
 * What a layer's output sees, from what its input does; null if that is not known.
 * way: what the layer's rule says of it: {windows, fill}, {spread}, {adaptive}, {mixes: axes},
 * {gathers}, {same}, {reshapes}, and of each {mean}, {curved}, {centres}, {linear}, {pads}.
 * @type {(sight: Sight | null, way: Way, before: number[], out: number[]) => Sight | null}
 */
export function after(sight, way, before, out) {
  if (!sight) return null;
  const found = followed(sight, way, before, out);
  if (!found) return null;
  const padded = way.windows?.some((window_) => window_[2]) || way.pads;
  const uneven = way.gathers || way.linear || way.reshapes || way.spread;
  const unlevels = uneven || (padded && (way.fill ?? "zeros") === "zeros");
  const moved = way.reshapes && `${before}` !== `${out}`;
  const kept = !way.curved && !way.weighted;
  return {
    ...found,
    equal: (moved && sight.level && way.channels === 1) || (sight.equal && !way.weighted),
    shared: way.shares || (sight.shared && kept),
    scattered: (moved && (sight.shared || sight.centred)) || (sight.scattered && kept),
    centred: Boolean(way.centres) || (sight.centred && !way.curved),
    level: out.every((n) => n === 1) || (sight.level && !unlevels),
  };
}

/** @type {(sight: Sight, way: Way, before: number[], out: number[]) => Sight | null} */
function followed(sight, way, before, out) {
  if (way.flat) return null;
  if (way.compares && sight.equal) return null; // equal numbers have no differences
  if (way.mean && sight.scattered) return null;
  if (way.reshapes) {
    const same = before.length === out.length && before.every((n, i) => n === out[i]);
    return same ? sight : reshaped(sight, out);
  }
  if (way.same) return sight;
  if (way.gathers) return together(sight) ? ofAll(out) : null;
  if (way.mixes) {
    if (sight.level && !way.linear) return null; // equal numbers have no differences
    /** @type {Sight | null} */
    let made = sight;
    for (const axis of way.mixes) made = made && mixed(made, axis, out[axis]);
    return made;
  }
  const { windows, spread, adaptive } = way;
  const kernels = (windows ?? spread)?.map((window_, i) => window_[0] * out[i]);
  if (kernels?.some((reads) => reads > LIMITS.reads)) return null;
  if (windows) {
    if (windows.every(([k, s, p]) => k === 1 && s === 1 && !p) && `${before}` === `${out}`) {
      return sight;
    }
    if (sight.centred && way.mean && windows.some(([k], i) => k >= before[i] && before[i] > 1)) {
      return null;
    }
    return over(
      sight,
      out,
      windows.map((w, i) => slides(w, before[i], way.fill ?? "zeros")),
    );
  }
  if (spread) {
    const steps = spread.map((w, i) => gathers(w, before[i]));
    return over(sight, out, steps);
  }
  if (adaptive) {
    /** @type {(j: number, n: number, o: number) => number} */
    const lengthOf = (j, n, o) => {
      const [start, stop] = adaptiveSpan(j, n, o);
      return stop - start;
    };
    /** @type {(n: number, o: number) => number} */
    const longest = (n, o) => Math.max(...range(o, (j) => lengthOf(j, n, o)));
    if (sight.centred && way.mean && before.some((n, i) => n > 1 && longest(n, out[i]) >= n)) {
      return null;
    }
    return over(
      sight,
      out,
      out.map((o, i) => adapts(before[i], o)),
    );
  }
  return null;
}
