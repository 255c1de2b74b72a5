// What the explorer offers: operations and their arguments, and the settings a reader may begin with.

import { PADDING_MODES, SIGNATURES } from "#generated/torch.js";
import { isTransposed, KINDS, rankOf, stem } from "../../engine/operations.js";
import { parseCall } from "../../torch/calls.js";
import { LayerProblem } from "../../torch/problems.js";

/** @typedef {import("../../engine/operations.js").Call} Call */

/** @type {[string, string[]][]} */
export const OPERATIONS = [
  ["Max", ["MaxPool2d", "MaxPool1d"]],
  ["Average", ["AvgPool2d", "AvgPool1d"]],
  ["LP", ["LPPool2d", "LPPool1d"]],
  ["Convolution", ["Conv2d", "Conv1d"]],
  ["Transposed convolution", ["ConvTranspose2d", "ConvTranspose1d"]],
  [
    "Adaptive",
    ["AdaptiveMaxPool2d", "AdaptiveMaxPool1d", "AdaptiveAvgPool2d", "AdaptiveAvgPool1d"],
  ],
];
export const PAIRS = [
  "output_size",
  "kernel_size",
  "stride",
  "padding",
  "output_padding",
  "dilation",
];
export const FLAGS = ["ceil_mode", "count_include_pad", "bias"];
export const MODES = PADDING_MODES;
// Arguments that have controls, in the order of a line that is put together from them.
const CONTROLS = ["norm_type", ...PAIRS, "padding_mode", ...FLAGS, "divisor_override"];
// For these torch has no default, or, for a pool's stride, another argument's value.
/** @type {Record<string, string>} */
const BEGINNINGS = { kernel_size: "2", output_size: "2", norm_type: "2", stride: "1" };
/** @type {Record<string, string>} */
export const START = {
  call: "nn.MaxPool2d(kernel_size=3, stride=2, padding=1)",
  input: "random:1:5x5",
};
/** @type {[string, Record<string, string>][]} */
export const PRESETS = [
  ["Max pooling", { call: "nn.MaxPool2d(2)", input: "random:0:6x6" }],
  ["Overlap and padding", START],
  [
    "Average, padding left out",
    {
      call: "nn.AvgPool2d(3, stride=1, padding=1, count_include_pad=False)",
      input: "random:3:4x4",
    },
  ],
  ["A lost row", { call: "nn.MaxPool2d(2)", input: "random:5:5x7" }],
  ["ceil_mode", { call: "nn.MaxPool2d(2, ceil_mode=True)", input: "random:5:5x7" }],
  ["Dilation", { call: "nn.MaxPool2d(2, stride=1, dilation=3)", input: "random:2:6x6" }],
  [
    "Edges in a photo",
    {
      call: "nn.Conv2d(1, 1, kernel_size=3, bias=False)",
      input: "photo:40x40",
      weights: "-1,0,1;-2,0,2;-1,0,1",
    },
  ],
  [
    "Transposed",
    {
      call: "nn.ConvTranspose2d(1, 1, kernel_size=3, stride=2, padding=1, bias=False)",
      input: "random:4:3x3",
      weights: "1,2,1;2,4,2;1,2,1",
    },
  ],
  ["Adaptive", { call: "nn.AdaptiveAvgPool2d(output_size=(3, 4))", input: "random:6:5x7" }],
  ["Too much padding", { call: "nn.MaxPool2d(2, padding=2)", input: "random:0:6x6" }],
];

/** @type {(operation: string) => boolean} */
export const isSignal = (operation) => rankOf(operation) === 1;
/** @type {(operation: string) => boolean} */
export const hasWeights = (operation) => KINDS[stem(operation)] === "convolution";
/** @type {(operation: string) => boolean} */
export const takesWords = (operation) => hasWeights(operation) && !isTransposed(operation);

/**
 * Names of an operation's arguments that have controls.
 * @type {(operation: string) => string[]}
 */
export function fieldsOf(operation) {
  const names = SIGNATURES[operation].parameters.map(([name]) => name);
  const unpadded = isTransposed(operation); // torch takes no other padding_mode than zeros
  return CONTROLS.filter((name) => names.includes(name) && !(unpadded && name === "padding_mode"));
}

/**
 * What an argument's control begins with: torch's default, or this page's own choice.
 * @type {(operation: string, name: string) => any}
 */
export function beginningOf(operation, name) {
  if (Object.hasOwn(BEGINNINGS, name)) return BEGINNINGS[name];
  const [, value] = SIGNATURES[operation].parameters.find(([one]) => one === name) ?? [];
  return typeof value === "boolean" ? value : String(value ?? "");
}

/**
 * A pair as readers type it, in torch's spelling.
 * @type {(pair: string[], signal: boolean) => string}
 */
export function spelled(pair, signal) {
  const words = pair.map((word) => word.trim().replace(/^[−–]/, "-")).map((w) => w || "None");
  return signal || words[0] === words[1] ? words[0] : `(${words.join(", ")})`;
}

/**
 * The call of a line. Throws torch's words or ours, a LayerProblem, for one not to be shown.
 * @type {(line: string) => Call}
 */
export function readCall(line) {
  const call = parseCall(line);
  const { operation, args } = call;
  const alone = args.in_channels === 1 && args.out_channels === 1 && args.groups === 1;
  if (!hasWeights(operation) || alone) return call;
  throw new LayerProblem(
    "The explorer follows one channel in and one channel out: write 1, 1 for them.",
    "The network calculator takes layers with any number of channels.",
    "network/",
  );
}
