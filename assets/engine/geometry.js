// Where windows lie along one axis: the package's core/geometry.py and core/uneven.py.

/**
 * Two numbers of an axis: before and after, or where something begins and stops.
 * @typedef {[number, number]} Span
 *
 * What makes windows of one kernel; crop: what is left out of the input's ends.
 * @typedef {object} Given
 * @property {number} size
 * @property {number} kernel
 * @property {number} stride
 * @property {Span} padding
 * @property {number} dilation
 * @property {boolean} ceil
 * @property {Span} crop
 *
 * @typedef {Omit<Given, "crop"> & { extent: number, naive: number, starts: number[],
 *   windows: number[][], formula: string }} RegularAxis
 * @typedef {{ size: number, padding: Span, spans: Span[], windows: number[][],
 *   formula: string }} UnevenAxis
 * @typedef {RegularAxis | UnevenAxis} Axis
 */

/**
 * @type {<T>(count: number, make: (i: number) => T) => T[]}
 */
export const range = (count, make) => Array.from({ length: count }, (_, i) => make(i));

/**
 * How many windows an axis has: [what the formula gives, what torch makes of it].
 * room: what is left of the padded size beside the first window. end: size + padding before.
 * @type {(room: number, stride: number, ceil: boolean, end: number) => Span}
 */
export function windowCount(room, stride, ceil, end) {
  const naive = (ceil ? Math.ceil(room / stride) : Math.floor(room / stride)) + 1;
  // Torch drops a last window that would start in the padding on the right.
  return [naive, ceil && (naive - 1) * stride >= end ? naive - 1 : naive];
}

/**
 * padding='same' puts the odd element behind: [before, after].
 * @type {(kernel: number, dilation: number) => Span}
 */
export function samePadding(kernel, dilation) {
  const total = dilation * (kernel - 1);
  return [Math.floor(total / 2), total - Math.floor(total / 2)];
}

/**
 * Window j of an adaptive pool reads from floor(j·n/o) up to ceil((j + 1)·n/o).
 * @type {(j: number, size: number, out: number) => Span}
 */
export function adaptiveSpan(j, size, out) {
  return [Math.floor((j * size) / out), Math.ceil(((j + 1) * size) / out)];
}

/**
 * One axis. padding: [before, after]. Offers what the package's geometry.Axis offers.
 * @type {(given: Partial<Given> & { size: number }) => RegularAxis}
 */
export function axisOf(given) {
  const { size, kernel = 1, stride = 1, padding = [0, 0], dilation = 1, ceil = false } = given;
  const crop = given.crop ?? [0, 0];
  const extent = dilation * (kernel - 1) + 1;
  const room = size + padding[0] + padding[1] - crop[0] - crop[1] - extent;
  const [naive, count] = windowCount(room, stride, ceil, size + padding[0]);
  const starts = range(count, (j) => j * stride - padding[0] + crop[0]);
  const stop = size + padding[1] - crop[1];
  const windows = starts.map((start) =>
    range(kernel, (i) => start + i * dilation).filter((p) => p < stop),
  );
  const axis = { size, kernel, stride, padding, dilation, ceil, extent, naive, starts, windows };
  return { ...axis, formula: regularWords(axis) };
}

/**
 * Elements of a window that nothing cuts short.
 * @type {(axes: Axis[]) => number}
 */
export function windowSize(axes) {
  return axes.reduce((size, axis) => size * ("kernel" in axis ? axis.kernel : 1), 1);
}

/**
 * Adaptive pooling's windows: from floor(j·n/o) to ceil((j + 1)·n/o).
 * @type {(size: number, out: number) => UnevenAxis}
 */
export function unevenAxis(size, out) {
  const spans = range(out, (j) => adaptiveSpan(j, size, out));
  const windows = spans.map(([start, stop]) => range(stop - start, (i) => start + i));
  const formula = `window j is ⌊j·${size}/${out}⌋ ≤ i < ⌈(j + 1)·${size}/${out}⌉`;
  return { size, padding: [0, 0], spans, windows, formula };
}

/**
 * A transposed convolution's: the input stretched by its stride, under windows at stride 1.
 * @type {(given: { size: number, kernel: number, stride: number, padding: number, dilation: number, extra: number }) => RegularAxis}
 */
export function transposedAxis({ size, kernel, stride, padding, dilation, extra }) {
  const before = dilation * (kernel - 1) - padding;
  const behind = before + extra;
  // Where the room is negative, torch crops the input.
  /** @type {Span} */
  const pads = [Math.max(before, 0), Math.max(behind, 0)];
  /** @type {Span} */
  const crop = [Math.max(-before, 0), Math.max(-behind, 0)];
  const axis = axisOf({ size: stride * (size - 1) + 1, kernel, padding: pads, dilation, crop });
  const span = `${dilation > 1 ? `${dilation}·(${kernel} − 1)` : `${kernel} − 1`}`;
  const less = padding ? ` − 2·${padding}` : "";
  const more = extra ? ` + ${extra}` : "";
  const out = axis.starts.length;
  return { ...axis, formula: `(${size} − 1)·${stride}${less} + ${span}${more} + 1 = ${out}` };
}

/**
 * @type {(axis: Omit<RegularAxis, "formula">) => string}
 */
function regularWords({ size, kernel, stride, padding, dilation, ceil, naive, starts }) {
  const [left, right] = ceil ? "⌈⌉" : "⌊⌋";
  const [before, after] = padding;
  const pads = before === after ? ` + 2·${before}` : ` + ${before} + ${after}`;
  const full = `${size}${before || after ? pads : ""}`;
  const span = dilation === 1 ? kernel : `(${dilation}·(${kernel} − 1) + 1)`;
  const text = `${left}(${full} − ${span}) / ${stride}${right} + 1 = ${naive}`;
  const out = starts.length;
  if (out === naive) return text;
  const inside = out * stride - before < size + after;
  return `${text}, less 1 that would start ${inside ? "in the padding" : "past the end"}: ${out}`;
}

/**
 * @type {(axes: Axis[], rank: number) => string[]}
 */
export function sizeWords([rows, cols], rank) {
  if (rank === 1 || rows.formula === cols.formula) return [cols.formula];
  return [`height: ${rows.formula}`, `width: ${cols.formula}`];
}

/**
 * The element of which a position holds a copy; null where it holds a constant.
 * @type {(position: number, size: number, mode: string | null) => number | null}
 */
export function origin(position, size, mode) {
  if (position >= 0 && position < size) return position;
  if (mode === "reflect") return position < 0 ? -position : 2 * (size - 1) - position;
  if (mode === "replicate") return Math.min(Math.max(position, 0), size - 1);
  return mode === "circular" ? ((position % size) + size) % size : null;
}
