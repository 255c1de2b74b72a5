import assert from "node:assert/strict";
import { test } from "node:test";
import { arithmetic } from "../../assets/engine/arithmetic.js";
import {
  adaptiveSpan,
  axisOf,
  origin,
  range,
  samePadding,
  transposedAxis,
  unevenAxis,
  windowCount,
} from "../../assets/engine/geometry.js";
import { equals, number, readNumber, short, signed } from "../../assets/engine/numbers.js";
import { compute, gradient } from "../../assets/engine/operations.js";
import { randint } from "../../assets/engine/random.js";
import { after, everything, ofInput } from "../../assets/engine/sight.js";
import { TORCH } from "./torch.js";

/** All sizes, kernels, strides, paddings and dilations of small axes. */
function* axes() {
  for (const size of [1, 2, 5, 8, 9]) {
    for (const kernel of [1, 2, 3]) {
      for (const stride of [1, 2, 3]) {
        for (const padding of range(Math.floor(kernel / 2) + 1, (n) => n)) {
          for (const dilation of [1, 2]) {
            const room = size + 2 * padding - dilation * (kernel - 1) - 1;
            if (room >= 0) yield { size, kernel, stride, padding, dilation, room };
          }
        }
      }
    }
  }
}

test("the number of windows is that of the windows which fit", () => {
  for (const { size, stride, padding, room } of axes()) {
    const fit = range(size + 2 * padding, (start) => start).filter((n) => n % stride === 0);
    assert.deepEqual(windowCount(room, stride, false, size + padding), [
      fit.filter((start) => start <= room).length,
      fit.filter((start) => start <= room).length,
    ]);
  }
});

test("with ceil_mode a last window begins in the input or in the padding before it", () => {
  let dropped = 0;
  for (const { size, stride, padding, room } of axes()) {
    const [naive, count] = windowCount(room, stride, true, size + padding);
    assert((count - 1) * stride < size + padding);
    // One window fewer would leave elements unread that a whole window has room for.
    assert(count * stride > room || count * stride >= size + padding);
    dropped += naive - count;
  }
  assert(dropped > 5);
});

test("an axis's windows begin in the padding, step by stride and dilation, and end within", () => {
  for (const { size, kernel, stride, padding, dilation } of axes()) {
    const { starts, windows } = axisOf({
      ...{ size, kernel, stride, dilation, padding: [padding, padding] },
    });
    assert.equal(starts[0] + padding, 0);
    windows.forEach((positions, j) => {
      assert.deepEqual(
        positions,
        range(kernel, (k) => j * stride - padding + k * dilation),
      );
      assert(positions.at(-1) < size + padding);
    });
  }
});

test("padding='same' keeps the size, the odd element behind", () => {
  for (const kernel of [1, 2, 3, 4, 5]) {
    for (const dilation of [1, 2, 3]) {
      const [before, behind] = samePadding(kernel, dilation);
      assert([0, 1].includes(behind - before));
      const axis = axisOf({ size: 9, kernel, dilation, padding: [before, behind] });
      assert.equal(axis.windows.length, 9);
    }
  }
});

test("adaptive windows cover the input in order and overlap by at most one element", () => {
  for (const size of [1, 4, 7, 10]) {
    for (const out of [1, 2, 3, 7]) {
      const spans = range(out, (j) => adaptiveSpan(j, size, out));
      assert.equal(spans[0][0], 0);
      assert.equal(spans.at(-1)[1], size);
      for (const [n, [start, stop]] of spans.slice(1).entries()) {
        assert(stop > start && start >= spans[n][0]);
        if (out <= size) assert([0, 1].includes(spans[n][1] - start));
      }
      const { windows } = unevenAxis(size, out);
      assert.deepEqual(
        windows.map((positions) => [positions[0], positions.at(-1) + 1]),
        spans,
      );
    }
  }
});

test("copied padding holds the element that torch copies", () => {
  const held = (mode) => range(9, (n) => origin(n - 3, 4, mode)); // a row 0 1 2 3, padded by 3 and 2
  assert.deepEqual(held("reflect"), [3, 2, 1, 0, 1, 2, 3, 2, 1]);
  assert.deepEqual(held("replicate"), [0, 0, 0, 0, 1, 2, 3, 3, 3]);
  assert.deepEqual(held("circular"), [1, 2, 3, 0, 1, 2, 3, 0, 1]);
  assert.deepEqual(held(null), [null, null, null, 0, 1, 2, 3, null, null]);
});

test("a transposed axis is as long as its formula says", () => {
  for (const { size, kernel, stride, padding, dilation } of axes()) {
    const out = (size - 1) * stride - 2 * padding + dilation * (kernel - 1) + 1;
    if (out < 1) continue;
    const given = { size, kernel, stride, padding, dilation, extra: 0 };
    assert.equal(transposedAxis(given).windows.length, out);
  }
});

test("numbers are short, exact and have a real minus sign", () => {
  const shown = [3, -2.5, 0.0004, 1 / 3, 1e6, Infinity, -Infinity, NaN, 0.0625, -0.0001, 0.002].map(
    number,
  );
  const wanted = [
    "3",
    "−2.5",
    "4.00e−4",
    "0.333",
    "1.00e6",
    "∞",
    "−∞",
    "nan",
    "0.062",
    "−1.00e−4",
    "0.002",
  ];
  assert.deepEqual(shown, wanted);
  assert.deepEqual([0.5, 1 / 3, Infinity].map(equals), ["=", "≈", "="]);
  assert.deepEqual([2, -2].map(signed), ["2", "(−2)"]);
});

test("what readers type as a number is read, and nothing else", () => {
  assert.deepEqual(["1.5", " −2 ", "3e4", ".5", "+1", "∞", "-inf"].map(readNumber), [
    ...[1.5, -2, 30000, 0.5, 1, Infinity, -Infinity],
  ]);
  assert(Number.isNaN(readNumber("NaN")));
  for (const text of ["", "1,5", "0x10", "1e7", "one", "1 2", "--1", "."]) {
    assert.equal(readNumber(text), null, text);
  }
});

test("the shortest spelling of a float32 reads back as the same number", () => {
  for (const value of [0.1, 1 / 3, -2.7, 1e-30, 123456.7].map(Math.fround)) {
    assert.equal(Math.fround(Number(short(value))), value);
    assert(short(value).length <= 14, short(value));
  }
});

test("random numbers are torch's for the same seed, within any bounds", () => {
  for (const [seed, numbers] of Object.entries(TORCH.randint)) {
    assert.deepEqual(randint(Number(seed), 0, 9, numbers.length), numbers);
  }
  assert.deepEqual(new Set(randint(7, -2, 2, 500)), new Set([-2, -1, 0, 1, 2]));
});

const pool = (operation, args) => ({
  operation,
  args: { stride: null, padding: 0, dilation: 1, ceil_mode: false, ...args },
});

test("a max pool takes the largest, and the gradient goes where it was first", () => {
  const rows = [
    [1, 5, 5, 2],
    [0, 5, 3, 4],
  ];
  const result = compute(pool("MaxPool2d", { kernel_size: 2 }), rows);
  assert.deepEqual(result.output, [[5, 5]]);
  assert.deepEqual(gradient(result, [[1, 10]]), [
    [0, 1, 10, 0],
    [0, 0, 0, 0],
  ]);
  assert.deepEqual(result.step(0).ties, [3]);
  assert.equal(result.step(0).arithmetic, "max(1, 5, 0, 5) = 5");
});

test("an average's divisor counts the padding unless it is left out", () => {
  const args = { kernel_size: 2, padding: 1, count_include_pad: true };
  const rows = [[8]];
  const counting = compute(pool("AvgPool2d", args), rows);
  const leaving = compute(pool("AvgPool2d", { ...args, count_include_pad: false }), rows);
  assert.deepEqual(counting.output, [[2]]);
  assert.deepEqual(leaving.output, [[8]]);
});

test("a convolution's gradient gives each element the weights that met it", () => {
  const call = {
    operation: "Conv1d",
    args: { kernel_size: 2, stride: 1, padding: 0, dilation: 1, padding_mode: "zeros" },
  };
  const result = compute(call, [[1, 2, 3]], [[10, 1]], 5);
  assert.deepEqual(result.output, [[17, 28]]);
  assert.deepEqual(gradient(result, [[1, 1]]), [[10, 11, 1]]);
  assert.equal(result.step(0).arithmetic, "1·10 + 2·1 + bias 5 = 17");
});

test("a window of many numbers is told in brief", () => {
  const taps = range(37, (value) => ({ value }));
  const ask = { kind: "max", call: { args: {} }, axes: [], bias: null };
  assert.equal(arithmetic(ask, { taps, value: 36 }), "max of 37 numbers = 36");
});

test("a stack sees everything once its windows have grown over the input", () => {
  const way = { windows: [[3, 1, 0, 1]], fill: "zeros" };
  let sight = ofInput([5]);
  assert.equal(everything(sight), false);
  sight = after(sight, way, [5], [3]);
  assert.equal(everything(sight), false);
  sight = after(sight, way, [3], [1]);
  assert.equal(everything(sight), true);
});
