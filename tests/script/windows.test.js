// Layers drawn by chance, and chosen ones: values, gradients, words and refusals are torch's and
// the package's. Each case has what run() is given, and what of its result is known.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { arithmetic } from "../../assets/engine/arithmetic.js";
import { equals, number } from "../../assets/engine/numbers.js";
import { gradient } from "../../assets/engine/operations.js";
import { formatCall, parseCall, run } from "../../assets/torch/calls.js";
import { measure } from "../../assets/torch/network.js";
import { LayerProblem } from "../../assets/torch/problems.js";
import { legendOf } from "../../assets/ui/explorer/facts.js";
import { numbers, TORCH } from "./torch.js";

// Calls on inputs, each with our own words for it, or null for torch's, the reason and the lesson.
const REFUSED = JSON.parse(
  readFileSync(new URL("../data/layer_refusals.json", import.meta.url), "utf8"),
);
const OURS = new RegExp(TORCH.ours);
const toldOf = ({ call, rows }) => `${call} on ${JSON.stringify(rows)}`;

/** The result of a case, or the LayerProblem. */
function answer({ call, rows, kernel, bias }) {
  try {
    return run(parseCall(call), numbers(rows), kernel, bias);
  } catch (problem) {
    assert(problem instanceof LayerProblem, problem);
    return problem;
  }
}

function close(found, wanted, relative, absolute, told) {
  assert.deepEqual([found.length, found[0].length], [wanted.length, wanted[0].length], told);
  found.forEach((row, r) => {
    row.forEach((value, c) => {
      const torchs = numbers(wanted[r][c]);
      const near = Math.abs(value - torchs) <= absolute + relative * Math.abs(torchs);
      if (near || Object.is(value + 0, torchs + 0)) return;
      assert.fail(`${told}: ${value} for ${torchs} in row ${r}, column ${c}`);
    });
  });
}

const tolerance = (call) => (call.includes("Max") ? 0 : 2e-5);

test("2400 random calls answer as torch", () => {
  let [equal, refused] = [0, 0];
  for (const one of TORCH.random) {
    const told = toldOf(one);
    const found = answer(one);
    if (found instanceof LayerProblem && !found.torch) {
      assert.match(found.message, OURS, told);
    } else if (one.said !== undefined) {
      assert.equal(found.message, one.said, told);
      refused += 1;
    } else {
      assert(!(found instanceof LayerProblem), `${told}: ${found.message}`);
      close(found.output, one.output, tolerance(one.call), tolerance(one.call), told);
      assert.equal(formatCall(parseCall(one.call)), one.written, told);
      equal += 1;
    }
  }
  assert(equal > 1600 && refused > 300, `${equal}, ${refused}`);
});

test("malformed arguments are shown only where torch takes them", () => {
  let [shown, cited] = [0, 0];
  for (const one of TORCH.malformed) {
    let found;
    try {
      const call = parseCall(one.call);
      const { in_channels: into = 1, out_channels: out = 1, groups = 1 } = call.args;
      if (into !== 1 || out !== 1 || groups !== 1) continue; // the page says so
      const size = [call.args.kernel_size ?? 1].flat();
      const [high, wide] = [one.call.includes("1d(") ? 1 : size[0], size.at(-1)];
      const ones = Array.from({ length: high }, () => Array(Math.max(0, wide)).fill(1));
      found = run(
        call,
        one.rows,
        one.call.includes("nn.Conv") ? ones : null,
        call.args.bias ? 0 : null,
      );
    } catch (problem) {
      assert(problem instanceof LayerProblem, problem);
      if (!problem.torch) continue; // a sentence of ours, true of what this page takes
      assert.equal(problem.message, one.said, one.call);
      cited += 1;
      continue;
    }
    assert(one.output, `${one.call}: ${one.said}`);
    close(found.output, one.output, 1e-5, 1e-8, one.call);
    shown += 1;
  }
  assert(shown > 200 && cited > 100, `${shown}, ${cited}`);
});

/** Whatever of a case is known holds. */
function holds(one, found, [relative, absolute]) {
  const told = toldOf(one);
  assert(!(found instanceof LayerProblem), `${told}: ${found.message}`);
  if (one.output) close(found.output, one.output, relative, absolute, told);
  if (one.plane) {
    assert.deepEqual(found.plane, numbers(one.plane), told);
    assert.deepEqual(found.geometry.formula, one.formula, told);
    assert.deepEqual([...found.geometry.untouched].sort(), one.untouched.sort(), told);
    const [, words = null] = legendOf(found).find(([kind]) => kind === "sw-pad") ?? [];
    assert.equal(words, one.padded, told);
  }
  one.steps?.forEach((step, n) => {
    const { taps, winner = null, ties, ...mine } = found.step(n);
    assert.deepEqual(
      taps.map((tap) => [tap.row, tap.col, tap.value]),
      numbers(step.taps),
      told,
    );
    assert.deepEqual([winner, ties], [step.winner, step.ties], told);
    if (step.arithmetic) assert.equal(mine.arithmetic, step.arithmetic, told);
  });
  if (!one.gradient) return;
  close(gradient(found, one.upstream), one.gradient, 10 * relative, 10 * absolute, told);
}

test("steps and gradients are the package's", () => {
  for (const one of TORCH.stepped) holds(one, answer(one), [2e-5, 2e-5]);
});

test("nan and infinities are torch's", () => {
  for (const one of TORCH.odd) holds(one, answer(one), [tolerance(one.call), tolerance(one.call)]);
});

test("what float32 cannot hold is torch's", () => {
  const odd = {};
  for (const one of TORCH.large) {
    holds(one, answer(one), [1e-5, 0]);
    const some = one.output.flat().filter((value) => !value || !Number.isFinite(value));
    odd[one.call] = (odd[one.call] ?? 0) + some.length;
  }
  assert(
    Object.values(odd).every((count) => count > 20),
    JSON.stringify(odd),
  );
});

test("calculations are told in the package's words", () => {
  for (const one of TORCH.words) holds(one, answer(one), [2e-5, 2e-5]);
  const all = TORCH.words.flatMap(({ steps }) => steps.map((step) => step.arithmetic)).join("\n");
  for (const words of [
    ...[" = ", "≈ 0.125", "1.00e30", "padding alone)", "added zeros alone)", " products"],
    ...["= ∞ (torch's powers overflow)", "= nan (torch's powers overflow)", "powers underflow)"],
    ...["sum overflows)", "sum of products overflows)", "numbers / 49", "root of the sum of 49"],
  ]) {
    assert(all.includes(words), words);
  }
});

test("numbers are written as the package writes them", () => {
  for (const [told, written, sign] of TORCH.numbers) {
    const value = numbers(told);
    assert.deepEqual([number(value), equals(value)], [written, sign], String(value));
    const ask = { kind: "max", call: { args: {} }, axes: [] };
    assert.equal(arithmetic(ask, { taps: [], value }), `max() ${sign} ${written}`);
  }
});

test("any layer on any input has torch's shape and parameters, or torch's words", () => {
  let [shown, cited] = [0, 0];
  for (const one of TORCH.layers) {
    const { problem, shape, parameters } = measure([one.call], one.input).stages[1];
    const told = `${one.call} on ${one.input}: ${one.said}`;
    if (problem?.torch) {
      assert.equal(problem.message, one.said, told);
      cited += 1;
    } else if (!problem) {
      assert.deepEqual([[1, ...shape], parameters], [one.shape, one.has], told);
      shown += 1;
    }
  }
  assert(shown > 1200 && cited > 200, `${shown}, ${cited}`);
});

test("a refusal says why, and leads to a lesson", () => {
  const torchs = new Map(TORCH.layers.map(({ call, input, said }) => [`${call} ${input}`, said]));
  for (const [call, input, ours, why, lesson] of REFUSED) {
    const { message, torch, ...more } = measure([call], input).stages[1].problem;
    assert.equal(message, ours ?? torchs.get(`${call} ${input}`), call);
    assert.deepEqual([torch, more.why, more.lesson], [ours === null, why, lesson], call);
  }
});

// The package asks of numbers that it draws, the page of layers alone.
const APART = [
  "nn.MaxPool2d(2, 1), nn.LogSoftmax(-1), nn.Conv2d(3, 2, 2, padding=0)",
  "nn.Softmax(3), nn.LPPool2d(2, 2)",
  "nn.Flatten(2), nn.AdaptiveAvgPool1d(5)",
  "nn.AvgPool2d(3, 1, padding=1), nn.Softmax(3)",
  "nn.AdaptiveAvgPool2d(3), nn.Linear(3, 3), nn.Softmax(2)", // equal rows stay equal
];

test("random networks have the funnel's numbers, and torch's words for what does not fit", () => {
  let [compared, refused] = [0, 0];
  for (const { input, calls, stages, said } of TORCH.networks) {
    const told = `${calls.join(", ")} of ${input}`;
    const found = measure(calls, input).stages.slice(1);
    if (APART.some((some) => told.includes(some))) continue;
    found.slice(0, stages.length).forEach((stage, n) => {
      const { call, ...numbers } = stage;
      assert.deepEqual([call, numbers], [calls[n], stages[n]], told);
    });
    compared += stages.length > 0;
    if (said === null) continue;
    const last = found.at(-1).problem;
    assert(last, told);
    if (last.torch) assert.equal(last.message, said, told);
    refused += last.torch;
  }
  assert(compared > 200 && refused > 80, `${compared}, ${refused}`);
});
