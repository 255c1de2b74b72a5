// The cases of tests/data/geometry_cases.json, which torch and the package answer too.

import assert from "node:assert/strict";
import { test } from "node:test";
import { gradient } from "../../assets/engine/operations.js";
import { run } from "../../assets/torch/calls.js";
import { RULES } from "../../assets/torch/layers.js";
import { LayerProblem } from "../../assets/torch/problems.js";
import { TORCH } from "./torch.js";

const NAMES = {
  max: "MaxPool",
  avg: "AvgPool",
  lp: "LPPool",
  conv: "Conv",
  adaptive_max: "AdaptiveMaxPool",
  adaptive_avg: "AdaptiveAvgPool",
};
// The script knows no whole numbers.
const CASES = TORCH.cases.filter(({ dtype }) => dtype !== "int64");

/** Rows of numbers of a tensor of one channel; null of others. */
function rowsOf({ sizes, nd, ...one }, name) {
  const [height, width] = nd === 1 ? [1, sizes[name].at(-1)] : sizes[name].slice(-2);
  const flat = one[name].map(Number);
  if (flat.length !== height * width) return null;
  return Array.from({ length: height }, (_, r) => flat.slice(r * width, (r + 1) * width));
}

function argumentsOf(one) {
  const channels = one.weight && {
    in_channels: one.sizes.weight[1],
    out_channels: one.sizes.weight[0],
    groups: 1,
  };
  const stride = one.op === "conv" ? (one.stride ?? 1) : one.stride;
  const fixed = { bias: Boolean(one.bias), padding_mode: "zeros", return_indices: false };
  return { ...one, ...channels, ...fixed, stride };
}

/** What the script says: a shape, or torch's words. */
function answer(one, name) {
  try {
    return RULES[name](argumentsOf(one), one.sizes.input, { name }).shape;
  } catch (problem) {
    assert(problem instanceof LayerProblem, problem);
    return problem.message;
  }
}

test("every case has the shape or the refusal that torch gives", () => {
  const answers = CASES.map((one) => [one.id, answer(one, `${NAMES[one.op]}${one.nd}d`)]);
  const torchs = CASES.map((one) => [one.id, one.torch.said ?? one.torch.shape]);
  assert.deepEqual(answers, torchs);
  assert.equal(torchs.filter(([, said]) => typeof said === "string").length, 11);
});

test("every case of one channel has torch's numbers", () => {
  let compared = 0;
  for (const one of CASES) {
    if (!one.torch.values?.length) continue;
    const [rows, kernel] = [rowsOf(one, "input"), one.weight ? rowsOf(one, "weight") : null];
    const finite = rows?.flat().every(Number.isFinite);
    if (!finite || (one.weight && !kernel)) continue;
    const call = { operation: `${NAMES[one.op]}${one.nd}d`, args: argumentsOf(one) };
    const found = run(call, rows, kernel, one.bias?.[0] ?? null).output.flat();
    const torchs = one.torch.values.map(Number);
    assert.equal(found.length, torchs.length, one.id);
    found.forEach((value, n) => {
      const close = Math.abs(value - torchs[n]) <= 2e-5 * Math.max(1, Math.abs(value));
      assert(close || Object.is(value, torchs[n]), `${one.id}: ${value} for ${torchs[n]}`);
    });
    compared += 1;
  }
  assert.equal(compared, 19); // the others have several channels, or infinite inputs
});

test("an LP pool's gradient is torch's, nan included, also where no window reads", () => {
  const numberOf = (told) => Number(String(told).replace("inf", "Infinity"));
  let [unread, none] = [0, 0];
  for (const { args, row, gradient: torchs } of TORCH.lp) {
    const call = { operation: "LPPool1d", args: { ...args, ceil_mode: false } };
    const result = run(call, [row.map(numberOf)], null, null);
    const [found] = gradient(result, [result.output[0].map(() => 1)]);
    torchs.map(numberOf).forEach((value, n) => {
      const close = Math.abs(found[n] - value) <= 2e-5 * Math.max(1, Math.abs(value));
      const told = `${JSON.stringify({ args, row, torchs })}: ${found}`;
      assert(close || Object.is(found[n], value), told);
      none += Number.isNaN(value);
      unread += Number.isNaN(value) && result.geometry.untouched.has(`0,${n}`);
    });
  }
  assert(unread > 20 && none > 200, `${unread}, ${none}`);
});
