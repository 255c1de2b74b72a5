// The cases of tests/data/geometry_cases.json, which torch and the package answer too.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { run } from "../../assets/torch/calls.js";
import { RULES } from "../../assets/torch/layers.js";
import { LayerProblem } from "../../assets/torch/problems.js";

const CASES = JSON.parse(readFileSync(new URL("../data/geometry_cases.json", import.meta.url)));
const NAMES = {
  max: "MaxPool",
  avg: "AvgPool",
  lp: "LPPool",
  conv: "Conv",
  adaptive_max: "AdaptiveMaxPool",
  adaptive_avg: "AdaptiveAvgPool",
};
const FLOATS = ["float32", "float64"]; // the script knows no others

const shapeOf = (nested) =>
  Array.isArray(nested) ? [nested.length, ...(nested.length ? shapeOf(nested[0]) : [])] : [];

/** Rows of numbers of an input of one channel; null of one that only torch can make. */
function rowsOf({ input, nd }) {
  const shape = input.shape ?? shapeOf(input);
  const flat = Array.isArray(input) ? input.flat(Infinity).map(Number) : filled(input);
  const [height, width] = nd === 1 ? [1, shape.at(-1)] : shape.slice(-2);
  if (!flat || flat.length !== height * width || !flat.every(Number.isFinite)) return null;
  return Array.from({ length: height }, (_, r) => flat.slice(r * width, (r + 1) * width));
}

function filled({ shape, fill, offset = 0 }) {
  const [how, value] = fill.split(" ");
  const count = shape.reduce((a, b) => a * b, 1);
  if (how === "randn") return null;
  return Array.from({ length: count }, (_, n) => (how === "const" ? Number(value) : n + offset));
}

function argumentsOf(one) {
  const weight = one.weight && (one.weight.shape ?? shapeOf(one.weight));
  const channels = weight && { in_channels: weight[1], out_channels: weight[0], groups: 1 };
  const stride = one.op === "conv" ? (one.stride ?? 1) : one.stride;
  const fixed = { bias: Boolean(one.bias), padding_mode: "zeros", return_indices: false };
  return { ...one, ...channels, ...fixed, stride };
}

/** What the script says: a shape, or torch's words. */
function answer(one, name) {
  const shape = one.input.shape ?? shapeOf(one.input);
  try {
    return RULES[name](argumentsOf(one), shape, { name }).shape;
  } catch (problem) {
    assert(problem instanceof LayerProblem, problem);
    return problem.message;
  }
}

function kernelOf({ weight, nd }) {
  if (!weight) return null;
  const flat = Array.isArray(weight) ? weight.flat(Infinity).map(Number) : filled(weight);
  const shape = weight.shape ?? shapeOf(weight);
  const [height, width] = nd === 1 ? [1, shape.at(-1)] : shape.slice(-2);
  if (!flat || flat.length !== height * width) return null;
  return Array.from({ length: height }, (_, r) => flat.slice(r * width, (r + 1) * width));
}

const plain = CASES.filter((one) => FLOATS.includes(one.dtype));

test("every case has the shape or the refusal that torch gives", () => {
  const answers = plain.map((one) => [one.id, answer(one, `${NAMES[one.op]}${one.nd}d`)]);
  const torchs = plain.map((one) => [one.id, one.expect.shape ?? one.expect.torch_says]);
  assert.deepEqual(answers, torchs);
  assert(torchs.filter(([, said]) => typeof said === "string").length >= 10);
});

test("every case of one channel has torch's numbers", () => {
  let compared = 0;
  for (const one of plain) {
    const [rows, kernel] = [rowsOf(one), kernelOf(one)];
    const empty = one.expect.shape?.includes(0);
    if (!one.expect.shape || empty || !rows || (one.weight && !kernel)) continue;
    const bias = one.bias ? Number([one.bias].flat(Infinity)[0]) : null;
    const call = { operation: `${NAMES[one.op]}${one.nd}d`, args: argumentsOf(one) };
    const found = run(call, rows, kernel, bias).output.flat();
    const torchs = [one.expect.values].flat(Infinity).map(Number);
    assert.equal(found.length, torchs.length, one.id);
    found.forEach((value, n) => {
      const close = Math.abs(value - torchs[n]) <= 1e-5 * Math.max(1, Math.abs(value));
      assert(close || Object.is(value, torchs[n]), `${one.id}: ${value} for ${torchs[n]}`);
    });
    compared += 1;
  }
  assert.equal(compared, 12); // the others have inputs of several channels, or that only torch can draw
});
