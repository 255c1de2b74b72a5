// What the rules of layers share.

import { real } from "./arguments.js";
import { list } from "./problems.js";
import { refusal } from "./refusals.js";

/** A layer of ``rank`` takes one sample without its batch, too: its first size is then channels. */
export function batched(shape, rank) {
  return shape.length === rank + 1 ? [1, ...shape] : shape;
}

export function unbatched(out, shape, rank) {
  return shape.length === rank + 1 ? out.slice(1) : out;
}

export function checkNegative(sizes) {
  const wrong = sizes.find((n) => n < 0);
  if (wrong !== undefined) {
    throw refusal(
      "negative size",
      { wrong, sizes: list(sizes) },
      "A size cannot be less than nothing.",
    );
  }
}

export function windowsOf(shape, rank, kernel, stride, padding, dilation) {
  if (shape.length !== rank + 2) return null;
  return kernel.map((k, i) => [k, stride[i], padding[i], dilation[i]]);
}

export const plainResult = (shape, windows) => ({ shape, parameters: 0, macs: 0, windows });

export const pointwise = (shape) => shape.slice(2).map(() => [1, 1, 0, 1]);

/** A number as Python prints it. */
export const pythonNumber = (value) =>
  typeof value === "object" && Number.isInteger(value.float) ? `${value.float}.0` : real(value);

export function outOfRange(dim, rank) {
  return refusal(
    "dimension",
    { least: -rank, most: rank - 1, got: dim },
    `With the batch, ${rank} sizes come in.`,
  );
}
