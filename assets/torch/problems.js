// What is wrong with a layer, in torch's own words or in ours.

export class LayerProblem extends Error {
  /**
   * torch: true if the message is torch's own.
   * @param {string} message
   */
  constructor(message, why = "", lesson = "", torch = false) {
    super(message);
    this.why = why;
    this.lesson = lesson;
    this.torch = torch;
  }
}

/**
 * What an action makes; null if it is refused with a LayerProblem, which `told` then gets. Any other
 * error is a fault of ours, and must be heard of.
 * @type {<T>(action: () => T, told: (problem: LayerProblem) => void) => T | null}
 */
export function attempt(action, told) {
  try {
    return action();
  } catch (problem) {
    if (!(problem instanceof LayerProblem)) throw problem;
    told(problem);
    return null;
  }
}

/** @type {(message: string, why?: string, lesson?: string) => LayerProblem} */
export const torchSays = (message, why, lesson) => new LayerProblem(message, why, lesson, true);

/** @type {(numbers: number[]) => number} */
export const product = (numbers) => numbers.reduce((a, b) => a * b, 1);
/** @type {(numbers: number[]) => string} */
export const by = (numbers) => numbers.join("x");
/** @type {(numbers: number[]) => string} */
export const spaced = (numbers) => `(${numbers.join(" x ")})`;
/** @type {(numbers: number[]) => string} */
export const list = (numbers) => `[${numbers.join(", ")}]`;

/** @type {(count: number, what: string) => string} */
export const many = (count, what) => `${count} ${what}${count === 1 ? "" : "s"}`;

export const SIZE = "lessons/output-size/";
export const PADDING = "lessons/padding/";
export const SETUP = "lessons/a-typical-setup/";
export const STRIDE = "lessons/stride-instead-of-pooling/";
export const HALF = "lessons/padding/#at-most-half-the-kernel";
