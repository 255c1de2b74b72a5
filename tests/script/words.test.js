// What is told to readers whose text cannot be read, whole sentences, and what just can be.

import assert from "node:assert/strict";
import { test } from "node:test";
import { parseCall, run } from "../../assets/torch/calls.js";
import { LayerProblem } from "../../assets/torch/problems.js";
import { readNetwork, readShape } from "../../assets/torch/reading.js";
import { stateIn, stateOf } from "../../assets/ui/explorer/link.js";
import { readPasted } from "../../assets/ui/explorer/pasted.js";

const ones = (rows, cols) => Array.from({ length: rows }, () => Array(cols).fill(1));
const link = (changed) => ({ call: "nn.Conv2d(1, 1, 2)", input: "random:1:4x4", ...changed });
const shown = (line, rows, kernel) => run(parseCall(line), rows, kernel, 0);

// What is asked, of what, and the sentence, the reason and the page that it leads to.
const TOLD = [
  [readPasted, [""], "There are no numbers in this text.", "", ""],
  [readPasted, ["[[1, 2], [3]]"], "The rows have different lengths: 2, 1.", "", ""],
  [readPasted, ["1 2\n3"], "The rows have different lengths: 2, 1.", "", ""],
  [
    readPasted,
    ["[[1, ..., 2]]"],
    "Part of this tensor is left out (…).",
    "Print all of it: torch.set_printoptions(threshold=10_000).",
    "",
  ],
  [
    readPasted,
    ["a b"],
    "“a” is not a number between −1,000,000 and 1,000,000.",
    "Numbers such as -2.5, 3e4, nan and inf are accepted.",
    "",
  ],
  [
    readPasted,
    ["1 1000001"],
    "“1000001” is not a number between −1,000,000 and 1,000,000.",
    "Numbers such as -2.5, 3e4, nan and inf are accepted.",
    "",
  ],
  [
    readPasted,
    ["[[[1, 2], [3, 4]], [[1, 2], [3, 4]]]"],
    "This tensor is 2 by 2 by 2, and the explorer takes one grid of rows and columns.",
    "Paste one channel of one sample, such as x[0].",
    "",
  ],
  [
    readPasted,
    ["[[[[1]], [[2]]]]"],
    "This tensor is 1 by 2 by 1 by 1, and the explorer takes one grid of rows and columns.",
    "Paste one channel of one sample, such as x[0, 0].",
    "",
  ],
  [readPasted, ["[[1], 2]"], "Some of the brackets hold rows, and some hold numbers.", "", ""],
  [readPasted, ["[1, [2]]"], "Some of the brackets hold rows, and some hold numbers.", "", ""],
  [
    readPasted,
    ["-[[1, 2]]"],
    "“-” is a calculation, and only its numbers can be pasted.",
    "Print its result, and paste that.",
    "",
  ],
  [
    readPasted,
    ["foo([[1, 2]])"],
    "“foo(” may be more than the name of these numbers, and only numbers can be pasted.",
    "Print its result, and paste that.",
    "",
  ],
  [
    readPasted,
    ["[[1, 2]].abs()"],
    "“.abs()” may be more than the name of these numbers, and only numbers can be pasted.",
    "Print its result, and paste that.",
    "",
  ],
  [readPasted, ["[[1,,2]]"], "A number is missing before a comma in these brackets.", "", ""],
  [readPasted, ["[1, 2]]"], "There is one closing bracket too many.", "", ""],
  [readPasted, ["[[1, 2]"], "A bracket is missing.", "", ""],
  [readPasted, ["[1, 2] [3]"], "There are several lists of numbers here; paste one.", "", ""],
  [readPasted, ["[[[[[[[[1]]]]]]]]"], "These brackets are nested too deeply for a grid.", "", ""],
  [
    readPasted,
    ["[[0,5 1,5]]"],
    "Are the commas of “[[0,5 1,5]]” decimal points, or do they separate numbers?",
    "Write decimals with a point, such as 1.5, and put one kind of separator between numbers.",
    "",
  ],
  [
    readPasted,
    ["0,5\n1,5"],
    "Are the commas of “0,5” decimal points, or do they separate numbers?",
    "Write decimals with a point, such as 1.5, or a space after each comma between numbers.",
    "",
  ],
  [
    readPasted,
    ["1;2\n3;4"],
    "Do the semicolons separate rows, or the numbers of a row?",
    "Put each row on a line of its own, with spaces or commas between its numbers.",
    "",
  ],
  [
    readPasted,
    ["1; 2"],
    "Do the semicolons separate rows, or the numbers of a row?",
    "Put each row on a line of its own, with spaces or commas between its numbers.",
    "",
  ],
  [
    readPasted,
    ["1, 05"],
    "Are the commas of “1, 05” decimal points, or do they separate numbers?",
    "Write decimals with a point, such as 1.5, and put one kind of separator between numbers.",
    "",
  ],
  [
    readPasted,
    ["1,2 3"],
    "Are the commas of “1,2 3” decimal points, or do they separate numbers?",
    "Write decimals with a point, such as 1.5, and put one kind of separator between numbers.",
    "",
  ],
  [
    readPasted,
    ["1 000 2"],
    "Do the spaces of “1 000 2” separate numbers, or thousands?",
    "Write thousands without a space, such as 1000.",
    "",
  ],
  [
    readPasted,
    ["1 2 3 000"],
    "Do the spaces of “1 2 3 000” separate numbers, or thousands?",
    "Write thousands without a space, such as 1000.",
    "",
  ],
  [
    readPasted,
    [Array(65).fill("1").join("\n")],
    "An input has 1 to 64 rows and columns here.",
    "",
    "",
  ],
  [
    readPasted,
    [Array(65).fill("1").join(" ")],
    "An input has 1 to 64 rows and columns here.",
    "",
    "",
  ],
  [
    readPasted,
    ["torch.tensor([[1.5]], dtype=torch.int8)"],
    "“, dtype=torch.int8)” may be more than the name of these numbers, and only numbers can be pasted.",
    "Print its result, and paste that.",
    "",
  ],
  [
    stateOf,
    [link({ call: "nn.Conv2d(3, 8, 3)" })],
    "The explorer follows one channel in and one channel out: write 1, 1 for them.",
    "The network calculator takes layers with any number of channels.",
    "network/",
  ],
  [
    stateOf,
    [link({ call: "nn.Conv2d(1, 2, 3)" })],
    "The explorer follows one channel in and one channel out: write 1, 1 for them.",
    "The network calculator takes layers with any number of channels.",
    "network/",
  ],
  [
    stateOf,
    [link({ call: "nn.ReLU()" })],
    "nn.ReLU slides no window",
    "The explorer takes max, average, LP and adaptive pools, and convolutions.",
    "",
  ],
  [
    stateOf,
    [link({ call: "nn.ReLU(), nn.ReLU()" })],
    "One layer at a time, not 2",
    "The network calculator stacks layers.",
    "network/",
  ],
  [
    stateOf,
    [link({ call: "nn.MaxPool1d(2)", input: "1,2;3,4;5,6" })],
    "A signal has one row, and this link has 3.",
    "",
    "",
  ],
  [stateOf, [link({ at: "1" })], "The position in this link is not valid.", "", ""],
  [stateOf, [link({ gradient: "x" })], "The gradient in this link does not exist.", "", ""],
  [stateOf, [link({ bias: "x" })], "The bias in this link is not a number.", "", ""],
  [stateOf, [link({ bias: "inf" })], "The bias in this link is not a number.", "", ""],
  [stateOf, [link({ weights: "1,2;3,inf" })], "Weights must be finite.", "", ""],
  [
    stateOf,
    [link({ weights: "1,2,3" })],
    "The kernel is 2 by 2, and this link has 1 by 3 weights.",
    "",
    "",
  ],
  [
    stateOf,
    [link({ input: "random:4294967296:4x4" })],
    "A seed must be a whole number from 0 to 4294967295.",
    "",
    "",
  ],
  [
    stateOf,
    [link({ input: "random:1:4x65" })],
    "An input has 1 to 64 rows and columns here.",
    "",
    "",
  ],
  [
    stateOf,
    [link({ input: "random:1:0x4" })],
    "An input has 1 to 64 rows and columns here.",
    "",
    "",
  ],
  [stateOf, [link({ input: "1,x" })], "Enter numbers between −1,000,000 and 1,000,000.", "", ""],
  [stateOf, [link({ input: "" })], "There are no numbers in this text.", "", ""],
  [
    stateIn,
    ["#call=nn.MaxPool2d(2)"],
    "This link has no call and no input that can be read.",
    "",
    "",
  ],
  [stateIn, ["#x=1"], "This link has no call and no input that can be read.", "", ""],
  [readNetwork, [""], "There is no layer in this text.", "", ""],
  [
    readNetwork,
    ["nn.ReLU()\nimport os; x"],
    "line 2: unexpected ; x",
    "Write plain layer calls with literal values, such as nn.Conv2d(3, 8, kernel_size=3).",
    "",
  ],
  [
    readNetwork,
    ["nn.Conv2d(3, 8"],
    "line 1: unexpected the end",
    "Write plain layer calls with literal values, such as nn.Conv2d(3, 8, kernel_size=3).",
    "",
  ],
  [readNetwork, ["x".repeat(20001)], "A network has at most 20,000 characters, not 20001.", "", ""],
  [readNetwork, ["nn.ReLU(),".repeat(201)], "At most 200 layers are accepted.", "", ""],
  [
    readNetwork,
    ["nn.Linear(1e6, 1)"],
    "1e6 is beyond 100,000, the largest number accepted",
    "",
    "",
  ],
  [
    readNetwork,
    ["nn.Linear(400*400, 1)"],
    "160000 is beyond 100,000, the largest number accepted",
    "",
    "",
  ],
  [
    readNetwork,
    ["import torch\n\n# x\nnn.ReLU() nn.ReLU()\n nn.Conv2d(3, zebra_of_many_letters_indeed)"],
    "line 5: unexpected zebra_of_many_letters_in",
    "Write plain layer calls with literal values, such as nn.Conv2d(3, 8, kernel_size=3).",
    "",
  ],
  [
    readShape,
    [""],
    "“” is not an input shape",
    "Sizes are whole numbers from 1, channels first, such as 3, 32, 32 or 784.",
    "",
  ],
  [
    readShape,
    ["3, 0"],
    "“3, 0” is not an input shape",
    "Sizes are whole numbers from 1, channels first, such as 3, 32, 32 or 784.",
    "",
  ],
  [
    readShape,
    ["1, 100001"],
    "“1, 100001” is not an input shape",
    "Sizes are whole numbers from 1, channels first, such as 3, 32, 32 or 784.",
    "",
  ],
  [
    readShape,
    ["1,2,3,4"],
    "An input has one to three sizes here, not 4.",
    "Sizes are whole numbers from 1, channels first, such as 3, 32, 32 or 784.",
    "",
  ],
  [
    readShape,
    ["x".repeat(70)],
    "“xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx” is not an input shape",
    "Sizes are whole numbers from 1, channels first, such as 3, 32, 32 or 784.",
    "",
  ],
  [
    shown,
    ["nn.MaxPool2d(2)\nnn.MaxPool2d(2)", ones(4, 4)],
    "One layer at a time, not 2",
    "The network calculator stacks layers.",
    "network/",
  ],
  [
    shown,
    ["nn.Linear(1, 2)", ones(4, 4)],
    "nn.Linear slides no window",
    "The explorer takes max, average, LP and adaptive pools, and convolutions.",
    "",
  ],
  [
    shown,
    ["nn.AdaptiveAvgPool2d((0, 2))", ones(4, 4)],
    "An output of 0 by 2 holds no number",
    "",
    "",
  ],
  [
    shown,
    ["nn.Conv1d(1, 1, 1, padding=47)", ones(1, 3), ones(1, 1)],
    "The explorer shows at most 96 rows and columns, not 97",
    "This counts the padding, the zeros inserted in between, and the output.",
    "",
  ],
  [
    shown,
    ["nn.Conv2d(1, 1, 65, padding=32)", ones(3, 3), ones(65, 65)],
    "The explorer shows at most 4096 weights",
    "",
    "",
  ],
  [
    shown,
    ["nn.Conv2d(1, 1, (2, 3))", ones(4, 4), ones(3, 2)],
    "The weights are not 2 by 3 numbers",
    "",
    "",
  ],
  [shown, ["nn.Conv2d(1, 1, 2)", ones(4, 4), null], "The weights are not 2 by 2 numbers", "", ""],
  [
    shown,
    ["nn.Conv2d(1, 1, (2, 3))", ones(4, 4), ones(2, 2)],
    "The weights are not 2 by 3 numbers",
    "",
    "",
  ],
  [
    shown,
    ["nn.ConvTranspose1d(1, 1, 3, stride=24)", ones(1, 5), ones(1, 3)],
    "The explorer shows at most 96 rows and columns, not 101",
    "This counts the padding, the zeros inserted in between, and the output.",
    "",
  ],
  [
    shown,
    ["nn.ConvTranspose2d(1, 1, 2, stride=(1, 32))", ones(2, 4), ones(2, 2)],
    "The explorer shows at most 96 rows and columns, not 99",
    "This counts the padding, the zeros inserted in between, and the output.",
    "",
  ],
  [
    shown,
    ["nn.Conv1d(1, 1, 48, padding='same', dilation=2)", ones(1, 3), ones(1, 48)],
    "The explorer shows at most 96 rows and columns, not 97",
    "This counts the padding, the zeros inserted in between, and the output.",
    "",
  ],
  [
    shown,
    ["nn.Conv1d(1, 1, 2, padding='same', dilation=94)", ones(1, 3), ones(1, 2)],
    "The explorer shows at most 96 rows and columns, not 97",
    "This counts the padding, the zeros inserted in between, and the output.",
    "",
  ],
  [
    shown,
    ["nn.AdaptiveMaxPool1d(97)", ones(1, 3)],
    "The explorer shows at most 96 rows and columns, not 97",
    "This counts the padding, the zeros inserted in between, and the output.",
    "",
  ],
  [
    shown,
    ["nn.MaxPool1d(96, padding=47)", ones(1, 3)],
    "The explorer shows at most 96 rows and columns, not 97",
    "This counts the padding, the zeros inserted in between, and the output.",
    "",
  ],
  [
    shown,
    ["nn.Conv2d(1, 1, 2, padding=(0, 47))", ones(4, 3), ones(2, 2)],
    "The explorer shows at most 96 rows and columns, not 98",
    "This counts the padding, the zeros inserted in between, and the output.",
    "",
  ],
];

test("what cannot be read is told in whole sentences", () => {
  for (const [asked, given, ...wanted] of TOLD) {
    assert.throws(
      () => asked(...given),
      (problem) => {
        assert(problem instanceof LayerProblem, problem);
        assert.deepEqual([problem.message, problem.why, problem.lesson], wanted);
        assert.equal(problem.torch, false);
        return true;
      },
      wanted[0],
    );
  }
});

test("what is just not too much is read", () => {
  assert.deepEqual(readPasted("1 2; 3 4"), [
    [1, 2],
    [3, 4],
  ]);
  assert.deepEqual(readPasted("[[[[[[[1]]]]]]]"), [[1]]);
  assert.equal(readPasted(Array(64).fill("1").join("\n")).length, 64);
  assert.equal(readPasted(Array(64).fill("1").join(" "))[0].length, 64);
  assert.deepEqual(readPasted("1000000 -1000000"), [[1e6, -1e6]]);
  assert.equal(stateOf(link({ input: "random:4294967295:64x1" })).source.seed, 4294967295);
  assert.deepEqual(stateOf(link({ input: "photo:1x64" })).source.size, [1, 64]);
  assert.equal(readNetwork("nn.ReLU(),".repeat(200)).length, 200);
  assert.equal(readNetwork(`nn.ReLU()${" ".repeat(19991)}`).length, 1);
  assert.deepEqual(readNetwork("nn.Linear(250*400, -100000)")[0].positional, [1e5, -1e5]);
  assert.deepEqual(readShape("1, 100000"), [1, 100000]);
  for (const [line, rows, kernel, size] of [
    ["nn.AdaptiveMaxPool1d(96)", ones(1, 3), null, 96],
    ["nn.MaxPool1d(95, padding=46)", ones(1, 4), null, 1],
    ["nn.Conv1d(1, 1, 1, padding=46)", ones(1, 4), ones(1, 1), 96],
    ["nn.Conv1d(1, 1, 2, padding='same', dilation=93)", ones(1, 3), ones(1, 2), 3],
    ["nn.ConvTranspose1d(1, 1, 2, stride=31)", ones(1, 4), ones(1, 2), 95],
    ["nn.ConvTranspose1d(1, 1, 47)", ones(1, 4), ones(1, 47), 50],
    ["nn.ConvTranspose1d(1, 1, 2, padding=1, stride=31)", ones(1, 4), ones(1, 2), 93],
    ["nn.Conv2d(1, 1, 64, padding=16)", ones(32, 32), ones(64, 64), 1],
  ]) {
    assert.equal(shown(line, rows, kernel).output[0].length, size, line);
  }
});
