// A network's layers as plain numbers: shape, parameters, multiply-accumulates and receptive field
// of each, and torch's own words for the first that cannot fit. It says what the
// package's funnel() says (tracing/network.py, tracing/layers.py, tracing/receptive_field.py).

import { after, everything, ofInput } from "../engine/sight.js";
import { bind } from "./arguments.js";
import { RULES } from "./layers.js";
import { elementWise, prelu } from "./others.js";
import { LayerProblem, product } from "./problems.js";
import { readNetwork } from "./reading.js";

/**
 * Along one axis, how much a position sees, and how far apart neighbours are.
 * @typedef {{ size: number, jump: number }} Reach
 *
 * What one layer makes of the output of those before it: its numbers, or what is wrong with it.
 * @typedef {object} Stage
 * @property {string} call
 * @property {number[]} [shape] without the batch
 * @property {number} [parameters]
 * @property {number} [macs]
 * @property {string} [sees]
 * @property {string} [jump]
 * @property {LayerProblem} [problem]
 * @property {boolean} [unreached]
 */

/** @type {(numbers: number[]) => string} */
const once = (numbers) => (new Set(numbers).size === 1 ? `${numbers[0]}` : numbers.join("×"));

/**
 * The receptive field after one more layer: size += d(k-1)·jump, jump *= stride.
 * @type {(field: Reach[] | null, windows: import("../engine/sight.js").Window_[] | null) => Reach[] | null}
 */
function grown(field, windows) {
  if (!field || !windows || windows.length !== field.length) return null;
  return field.map(({ size, jump }, axis) => {
    const [kernel, stride, , dilation] = windows[axis];
    return { size: size + dilation * (kernel - 1) * jump, jump: jump * stride };
  });
}

/**
 * What each layer makes of an input of this shape (channels first, no batch).
 * layers: texts. Returns {stages, parameters, macs}; stages[0] is the input. A stage has call,
 * shape, parameters, macs, sees and jump (words), or a problem; nothing is known after one.
 * @type {(texts: string[], input: number[]) => { stages: Stage[], parameters: number, macs: number, whole: boolean }}
 */
export function measure(texts, input) {
  let field = input.length > 1 ? input.slice(1).map(() => ({ size: 1, jump: 1 })) : null;
  let sight = ofInput(input.slice(1));
  let shape = [1, ...input];
  const words = () => {
    if (!field) return { sees: everything(sight) ? "all" : "–", jump: "–" };
    return {
      sees: once(field.map((axis) => axis.size)),
      jump: once(field.map((axis) => axis.jump)),
    };
  };
  /** @type {Stage[]} */
  const stages = [{ call: "input", shape: input, parameters: 0, macs: 0, ...words() }];
  let broken = false;
  for (const text of texts) {
    if (broken) {
      stages.push({ call: text, unreached: true });
      continue;
    }
    try {
      const made = measureOne(text, shape);
      field = grown(field, made.windows);
      sight = after(sight, made.way, shape.slice(2), made.shape.slice(2));
      shape = made.shape;
      const { parameters, macs } = made;
      stages.push({ call: text, shape: shape.slice(1), parameters, macs, ...words() });
    } catch (problem) {
      if (!(problem instanceof LayerProblem)) throw problem;
      broken = true;
      stages.push({ call: text, problem });
    }
  }
  /** @param {"parameters" | "macs"} name */
  const total = (name) => stages.reduce((sum, stage) => sum + (stage[name] ?? 0), 0);
  return { stages, parameters: total("parameters"), macs: total("macs"), whole: !broken };
}

/** @type {(text: string, shape: number[]) => import("./shared.js").Made & { way: object }} */
function measureOne(text, shape) {
  const found = readNetwork(text);
  if (found.length !== 1) throw new LayerProblem("Write one layer per line.");
  const [call] = found;
  const args = bind(call);
  const rule = RULES[call.name];
  const made = rule(args, shape, call);
  if (made.shape.length < 2 || made.shape[0] !== 1 || made.shape.includes(0)) {
    throw new LayerProblem(
      `${call.name} makes (${made.shape.join(", ")}) of a batch of one (${shape.slice(1).join(", ")})`,
      "Then no sample of this batch is left to pass on.",
    );
  }
  const huge = [product(made.shape), made.parameters, made.macs];
  if (huge.some((n) => n > Number.MAX_SAFE_INTEGER)) {
    throw new LayerProblem("These numbers are beyond 2⁵³, where they cannot be counted exactly.");
  }
  const curved = /MaxPool|LPPool/.test(call.name) || [elementWise, prelu].includes(rule);
  const way = {
    windows: made.windows,
    mean: /AvgPool|LPPool/.test(call.name),
    curved: curved && call.name !== "Identity",
    weighted: /^Conv|^Linear/.test(call.name),
    channels: shape[1],
    ...made.way,
  };
  return { ...made, way };
}
