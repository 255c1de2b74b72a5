// What is wrong with a layer, in torch's own words or in ours.

export class LayerProblem extends Error {
  /** torch: true if the message is torch's own. */
  constructor(message, why = "", lesson = "", torch = false) {
    super(message);
    Object.assign(this, { why, lesson, torch });
  }
}
export const torchSays = (message, why, lesson) => new LayerProblem(message, why, lesson, true);

export const product = (numbers) => numbers.reduce((a, b) => a * b, 1);
export const by = (numbers) => numbers.join("x");
export const spaced = (numbers) => `(${numbers.join(" x ")})`;
export const list = (numbers) => `[${numbers.join(", ")}]`;

export const SIZE = "lessons/output-size/";
export const PADDING = "lessons/padding/";
export const SETUP = "lessons/a-typical-setup/";
export const STRIDE = "lessons/stride-instead-of-pooling/";
export const HALF = "lessons/padding/#at-most-half-the-kernel";
