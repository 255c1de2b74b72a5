// "The same in torch": a program that makes the explorer's input, layer and weights, and prints.

import { short } from "../../engine/numbers.js";
import { formatCall } from "../../torch/calls.js";
import { fits } from "./kernel.js";
import { isSignal } from "./settings.js";

/** @typedef {import("./source.js").Rows} Rows */

/**
 * The program's lines, as one text. Weights of another kernel's size are left to torch.
 * @type {(call: import("./settings.js").Call, input: import("./source.js").Input,
 *   weights: Rows | null, bias: number) => string}
 */
export function programOf(call, { source, rows }, weights, bias) {
  const signal = isSignal(call.operation);
  const [height, width] = [rows.length, rows[0].length];
  const shape = signal ? `1, ${width}` : `1, ${height}, ${width}`;
  const lines = ["import torch", "from torch import nn", ""];
  if (source.kind === "random") {
    lines.push(`torch.manual_seed(${source.seed})`);
    lines.push(`x = torch.randint(0, 10, (${shape})).float()`);
  } else if (source.kind === "arange") {
    lines.push(`x = torch.arange(${height * width}.0).reshape(${shape})`);
  } else lines.push(`x = torch.tensor([${signal ? list(rows) : `[${list(rows)}]`}])`);
  lines.push(`layer = ${formatCall(call)}`);
  if (fits(call, weights)) {
    const [open, close] = signal ? ["[[", "]]"] : ["[[[", "]]]"];
    lines.push(`layer.weight.data = torch.tensor(${open}${list(weights)}${close})`);
    if (call.args.bias) lines.push(`layer.bias.data = torch.tensor([${python(bias)}])`);
  }
  lines.push("print(layer(x))");
  return lines.join("\n");
}

/** @type {(rows: Rows) => string} */
const list = (rows) => rows.map((row) => `[${row.map(python).join(", ")}]`).join(", ");

/**
 * A float as Python reads it.
 * @type {(value: number) => string}
 */
function python(value) {
  if (!Number.isFinite(value)) {
    return `float("${String(value).replace("Infinity", "inf").toLowerCase()}")`;
  }
  return Number.isInteger(value) ? `${value}.0` : short(value);
}
