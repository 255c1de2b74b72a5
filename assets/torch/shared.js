// What the rules of layers share.

import { real } from "./arguments.js";
import { list } from "./problems.js";
import { refusal } from "./refusals.js";

/**
 * @typedef {import("../engine/sight.js").Way} Way
 * @typedef {import("../engine/sight.js").Window_} Window_
 *
 * A call's arguments by name, and the call, of which a rule needs the layer's name alone.
 * @typedef {Record<string, any>} Args
 * @typedef {{ name: string }} Named
 *
 * What a layer makes of an input; windows: null where they are not alike.
 * @typedef {{ shape: number[], parameters: number, macs: number, windows: Window_[] | null,
 *   way?: Way }} Made
 * @typedef {(args: Args, shape: number[], call: Named) => Made} Rule
 */

/**
 * A layer of ``rank`` takes one sample without its batch, too: its first size is then channels.
 * @type {(shape: number[], rank: number) => number[]}
 */
export function batched(shape, rank) {
  return shape.length === rank + 1 ? [1, ...shape] : shape;
}

/** @type {(out: number[], shape: number[], rank: number) => number[]} */
export function unbatched(out, shape, rank) {
  return shape.length === rank + 1 ? out.slice(1) : out;
}

/** @type {(sizes: number[]) => void} */
export function checkNegative(sizes) {
  const wrong = sizes.find((n) => n < 0);
  if (wrong !== undefined) {
    throw refusal("negative size", { wrong, sizes: list(sizes) }, "A size cannot be negative.");
  }
}

/** @type {(shape: number[], rank: number, kernel: number[], stride: number[], padding: number[], dilation: number[]) => Window_[] | null} */
export function windowsOf(shape, rank, kernel, stride, padding, dilation) {
  if (shape.length !== rank + 2) return null;
  return kernel.map((k, i) => [k, stride[i], padding[i], dilation[i]]);
}

/** @type {(shape: number[], windows: Window_[] | null) => Made} */
export const plainResult = (shape, windows) => ({ shape, parameters: 0, macs: 0, windows });

/** @type {(shape: number[]) => Window_[]} */
export const pointwise = (shape) => shape.slice(2).map(() => [1, 1, 0, 1]);

/**
 * A number as Python prints it.
 * @type {(value: any) => string | number}
 */
export const pythonNumber = (value) =>
  typeof value === "object" && Number.isInteger(value.float) ? `${value.float}.0` : real(value);

/** @type {(dim: number, rank: number) => import("./problems.js").LayerProblem} */
export function outOfRange(dim, rank) {
  return refusal(
    "dimension",
    { least: -rank, most: rank - 1, got: dim },
    `With the batch, the input has ${rank} sizes.`,
  );
}
