// What the explorer offers to choose, and what it begins with.

import assert from "node:assert/strict";
import { test } from "node:test";
import { randint } from "../../assets/engine/random.js";
import { madeWeights } from "../../assets/ui/explorer/kernel.js";
import { layoutOf } from "../../assets/ui/explorer/layout.js";
import {
  beginningOf,
  fieldsOf,
  MODES,
  OPERATIONS,
  PRESETS,
  readCall,
  START,
  takesWords,
} from "../../assets/ui/explorer/settings.js";
import { inputOf } from "../../assets/ui/explorer/source.js";
import { shared } from "../../assets/ui/shared.js";

test("operations are offered in groups that are named", () => {
  assert.deepEqual(OPERATIONS, [
    ["Max", ["MaxPool2d", "MaxPool1d"]],
    ["Average", ["AvgPool2d", "AvgPool1d"]],
    ["LP", ["LPPool2d", "LPPool1d"]],
    ["Convolution", ["Conv2d", "Conv1d"]],
    ["Transposed convolution", ["ConvTranspose2d", "ConvTranspose1d"]],
    [
      "Adaptive",
      ["AdaptiveMaxPool2d", "AdaptiveMaxPool1d", "AdaptiveAvgPool2d", "AdaptiveAvgPool1d"],
    ],
  ]);
  assert.deepEqual(MODES, ["zeros", "reflect", "replicate", "circular"]);
  const worded = OPERATIONS.flatMap(([, names]) => names.filter(takesWords));
  assert.deepEqual(worded, ["Conv2d", "Conv1d"]);
});

test("controls begin with torch's defaults, and with a choice where torch has none", () => {
  const beginnings = (operation) =>
    fieldsOf(operation).map((name) => [name, beginningOf(operation, name)]);
  const pool = [
    ["kernel_size", "2"],
    ["stride", "1"],
    ["padding", "0"],
  ];
  assert.deepEqual(beginnings("MaxPool2d"), [...pool, ["dilation", "1"], ["ceil_mode", false]]);
  assert.deepEqual(beginnings("AvgPool2d"), [
    ...pool,
    ["ceil_mode", false],
    ["count_include_pad", true],
    ["divisor_override", ""],
  ]);
  assert.deepEqual(beginnings("LPPool1d"), [
    ["norm_type", "2"],
    ...pool.slice(0, 2),
    ["ceil_mode", false],
  ]);
  assert.deepEqual(beginnings("Conv2d"), [
    ...pool,
    ["dilation", "1"],
    ["padding_mode", "zeros"],
    ["bias", true],
  ]);
  assert.deepEqual(beginnings("ConvTranspose2d"), [
    ...pool,
    ["output_padding", "0"],
    ["dilation", "1"],
    ["bias", true],
  ]);
  assert.deepEqual(beginnings("AdaptiveAvgPool2d"), [["output_size", "2"]]);
  assert.equal(beginningOf("MaxPool2d", "no_such_argument"), "");
});

test("the settings to begin with show what their names say", () => {
  const calls = Object.fromEntries(PRESETS.map(([name, { call, input }]) => [name, [call, input]]));
  assert.equal(PRESETS[1][1], START);
  assert.deepEqual(calls, {
    "Max pooling": ["nn.MaxPool2d(2)", "random:0:6x6"],
    "Overlap and padding": ["nn.MaxPool2d(kernel_size=3, stride=2, padding=1)", "random:1:5x5"],
    "Average, padding left out": [
      "nn.AvgPool2d(3, stride=1, padding=1, count_include_pad=False)",
      "random:3:4x4",
    ],
    "A lost row": ["nn.MaxPool2d(2)", "random:5:5x7"],
    ceil_mode: ["nn.MaxPool2d(2, ceil_mode=True)", "random:5:5x7"],
    Dilation: ["nn.MaxPool2d(2, stride=1, dilation=3)", "random:2:6x6"],
    "Edges in a photo": ["nn.Conv2d(1, 1, kernel_size=3, bias=False)", "photo:40x40"],
    Transposed: [
      "nn.ConvTranspose2d(1, 1, kernel_size=3, stride=2, padding=1, bias=False)",
      "random:4:3x3",
    ],
    Adaptive: ["nn.AdaptiveAvgPool2d(output_size=(3, 4))", "random:6:5x7"],
    "Too much padding": ["nn.MaxPool2d(2, padding=2)", "random:0:6x6"],
  });
  const weights = PRESETS.flatMap(([, words]) => words.weights ?? []);
  assert.deepEqual(weights, ["-1,0,1;-2,0,2;-1,0,1", "1,2,1;2,4,2;1,2,1"]);
});

test("drawn weights lie between −2 and 2, in the generator's order", () => {
  const drawn = madeWeights(readCall("nn.Conv2d(1, 1, (20, 3))"), "random", 5);
  assert.deepEqual(drawn.flat(), randint(5, -2, 2, 60));
  assert.deepEqual([drawn.length, drawn[0].length], [20, 3]);
  assert.deepEqual(new Set(drawn.flat()), new Set([-2, -1, 0, 1, 2]));
  assert.deepEqual(madeWeights(readCall("nn.Conv2d(1, 1, 3)"), "sobel", 0), [
    [-1, 0, 1],
    [-2, 0, 2],
    [-1, 0, 1],
  ]);
  assert.throws(() => madeWeights(readCall("nn.Conv2d(1, 1, (2, 3))"), "sobel", 0), {
    message: "Sobel's kernel is 3×3, or 3 for a signal.",
  });
  assert.equal(madeWeights(readCall("nn.Conv2d(1, 1, 64)"), "ones", 0).length, 64);
  assert.equal(madeWeights(readCall("nn.Conv2d(1, 1, (1, 0))"), "ones", 0), null);
});

test("a photo that is shrunk by no whole number covers each pixel once", () => {
  shared.photo = [
    [0, 6, 12, 18, 24],
    [1, 1, 1, 1, 1],
    [2, 4, 6, 8, 10],
  ];
  const { rows } = inputOf({ kind: "photo", seed: 0, size: [2, 3] });
  assert.deepEqual(rows, [
    [0, 9, 21],
    [2, 3, 5], // means of 1.5, 3 and 5.5 - of rows 1 and 2
  ]);
});

test("cells shrink in whole pixels, and small ones in quarters", () => {
  const panels = (side, kernel) => [
    { name: "input", rows: side, cols: side },
    ...(kernel ? [{ name: "kernel", rows: kernel, cols: kernel }] : []),
    { name: "output", rows: side, cols: side },
  ];
  const sizes = (...asked) => Object.values(layoutOf(...asked));
  for (const [side, kernel, width, room, wanted] of [
    [4, 0, 42 + 8 * 46, 900, [false, 46, 46]],
    [4, 0, 42 + 8 * 26, 900, [false, 26, 26]],
    [4, 0, 42 + 8 * 26 - 1, 900, [true, 46, 46]],
    [20, 0, 42 + 40 * 12, 900, [true, 25, 25]],
    [20, 0, 42 + 40 * 13, 900, [true, 27, 27]],
    [20, 0, 42 + 40 * 11 + 30, 9000, [true, 25, 25]],
    [20, 0, 4 + 20 * 24, 500, [true, 24, 24]],
    [20, 0, 4 + 20 * 23, 9000, [true, 23, 24]],
    [20, 0, 4 + 20 * 23, 60 + 40 * 15, [true, 15, 24]],
    [10, 3, 76 + 20 * 10 + 72, 9000, [true, 34, 34]],
    [10, 3, 200, 90 + 72 + 20 * 18, [true, 18, 24]],
  ]) {
    assert.deepEqual(
      sizes(panels(side, kernel), width, room),
      wanted,
      `${side} ${kernel} ${width}`,
    );
  }
});
