// The explorer's modules that know no page: assets/ui/explorer/.

import assert from "node:assert/strict";
import { test } from "node:test";
import { run } from "../../assets/torch/calls.js";
import { LayerProblem } from "../../assets/torch/problems.js";
import { factsOf, legendOf, readerWords, seenBy } from "../../assets/ui/explorer/facts.js";
import { fits, fittingWeights, madeWeights } from "../../assets/ui/explorer/kernel.js";
import { layoutOf } from "../../assets/ui/explorer/layout.js";
import { NAMES, stateOf, wordsOf } from "../../assets/ui/explorer/link.js";
import { readPasted } from "../../assets/ui/explorer/pasted.js";
import {
  extentOf,
  overhang,
  placeOf,
  readersOf,
  spanOf,
  weightOf,
} from "../../assets/ui/explorer/places.js";
import { programOf } from "../../assets/ui/explorer/program.js";
import {
  fieldsOf,
  OPERATIONS,
  PRESETS,
  readCall,
  spelled,
} from "../../assets/ui/explorer/settings.js";
import { fitted, inputOf, resized, withRows, zeroed } from "../../assets/ui/explorer/source.js";
import { shared } from "../../assets/ui/shared.js";

const refused = (action, words) =>
  assert.throws(
    action,
    (problem) => problem instanceof LayerProblem && words.test(problem.message),
  );
const typed = (rows) => inputOf({ kind: "typed", rows });
const counting = (rows, cols) => inputOf({ kind: "arange", seed: 0, size: [rows, cols] });

/** A line's result on 0, 1, 2 and so on. */
function ran(line, rows, cols) {
  const call = readCall(line);
  return run(call, counting(rows, cols).rows, fittingWeights(call, null), 0);
}

test("a link's words come back from the state that they make", () => {
  const call = "nn.Conv2d(1, 1, kernel_size=(1, 2))";
  for (const words of [
    { call: "nn.MaxPool2d(kernel_size=2)", input: "random:7:5x6" },
    { call: "nn.MaxPool1d(kernel_size=2)", input: "arange:1x6", at: "0,3" },
    { call: "nn.AvgPool2d(kernel_size=2)", input: "photo:9x9", at: "2,1", gradient: "all" },
    { call, input: "1,-2.5;NaN,Infinity", weights: "0.1,-3", bias: "0.25", gradient: "one" },
  ]) {
    assert.deepEqual(wordsOf(stateOf(words)), words);
    assert(Object.keys(words).every((name) => NAMES.includes(name)));
  }
});

test("every setting to begin with is a link's, too", () => {
  for (const [name, words] of PRESETS) {
    const state = stateOf(words);
    assert.deepEqual(stateOf({ ...words, ...wordsOf(state) }), state, name);
  }
});

test("a link is refused for each part that does not fit the others", () => {
  const good = { call: "nn.Conv2d(1, 1, 2)", input: "random:1:4x4" };
  for (const [changed, words] of [
    [{ call: "nn.Conv2d(3, 8, 3)" }, /one channel in and one channel out/],
    [{ call: "nn.ReLU()" }, /slides no window/],
    [{ call: "nn.Conv1d(1, 1, 2)", input: "1,2;3,4" }, /one row, and this link has 2/],
    [{ input: "random:1:65x4" }, /1 to 64 rows/],
    [{ input: `random:${2 ** 32}:4x4` }, /from 0 to 4294967295/],
    [{ input: ";" }, /no numbers/],
    [{ input: "1,2;3" }, /different lengths: 2, 1/],
    [{ input: "1,x" }, /Enter numbers between/],
    [{ input: "1;".repeat(65) }, /1 to 64 rows/],
    [{ weights: "1,2,3" }, /kernel is 2 by 2, and this link has 1 by 3 weights/],
    [{ weights: "1,inf;1,1" }, /Weights must be finite/],
    [{ bias: "NaN" }, /bias in this link is not a number/],
    [{ at: "1" }, /position in this link/],
    [{ at: "-1,0" }, /position in this link/],
    [{ gradient: "some" }, /gradient in this link/],
  ]) {
    refused(() => stateOf({ ...good, ...changed }), words);
  }
});

test("a link and a program leave out weights that are not the kernel's", () => {
  const state = stateOf({ call: "nn.Conv2d(1, 1, 90)", input: "arange:4x4" });
  const input = inputOf(state.source);
  for (const weights of [null, [[1, 2]]]) {
    assert.equal(fits(state.call, weights), false);
    assert.equal(wordsOf({ ...state, weights }).weights, undefined);
    assert.doesNotMatch(programOf(state.call, input, weights, 0), /weight|bias/);
  }
  const pool = readCall("nn.MaxPool2d((1, 2))");
  assert.equal(wordsOf({ ...state, call: pool, weights: [[1, 2]] }).weights, undefined);
});

test("a program makes the input as the explorer made it", () => {
  const [plane, signal] = [readCall("nn.MaxPool2d(2)"), readCall("nn.AvgPool1d(2)")];
  const made = (call, input) => programOf(call, input, null, 0).split("\n").slice(3);
  const end = ["layer = nn.MaxPool2d(kernel_size=2)", "print(layer(x))"];
  const drawn = inputOf({ kind: "random", seed: 3, size: [2, 4] });
  assert.deepEqual(made(plane, drawn), [
    "torch.manual_seed(3)",
    "x = torch.randint(0, 10, (1, 2, 4)).float()",
    ...end,
  ]);
  assert.deepEqual(made(plane, counting(2, 3)), ["x = torch.arange(6.0).reshape(1, 2, 3)", ...end]);
  const numbers = typed([
    [1, -0.5],
    [NaN, -Infinity],
  ]);
  assert.equal(
    made(plane, numbers)[0],
    'x = torch.tensor([[[1.0, -0.5], [float("nan"), float("-inf")]]])',
  );
  assert.equal(made(signal, typed([[1, 2]]))[0], "x = torch.tensor([[1.0, 2.0]])");
});

test("a program sets the weights and the bias of a convolution", () => {
  const program = (line, weights) => programOf(readCall(line), counting(1, 4), weights, 1.5);
  assert.match(
    program("nn.Conv2d(1, 1, (1, 2))", [[1, 2]]),
    /\nlayer\.weight\.data = torch\.tensor\(\[\[\[\[1\.0, 2\.0\]\]\]\]\)\nlayer\.bias\.data = torch\.tensor\(\[1\.5\]\)\n/,
  );
  const signal = program("nn.Conv1d(1, 1, 2, bias=False)", [[1, 2]]);
  assert.match(signal, /torch\.tensor\(\[\[\[1\.0, 2\.0\]\]\]\)/);
  assert.doesNotMatch(signal, /bias\.data/);
});

test("typed numbers keep their places in another size, and made ones are made for it", () => {
  const numbers = typed([
    [1, 2],
    [3, 4],
  ]);
  assert.deepEqual(resized(numbers, 1, 3).rows, [[1, 2, 0]]);
  assert.deepEqual(resized(resized(numbers, 1, 3), 2, 2).rows, [
    [1, 2],
    [0, 0],
  ]);
  const other = resized(counting(2, 2), 2, 3);
  assert.deepEqual(other, counting(2, 3));
});

test("a signal is a grid's first row, and the grid comes back with what was done to it", () => {
  const whole = typed([
    [1, 2],
    [3, 4],
  ]);
  const signal = fitted(whole, true);
  assert.deepEqual(signal.rows, [[1, 2]]);
  assert.deepEqual(fitted(signal, true), signal);
  assert.deepEqual(fitted(signal, false), whole);
  const changed = resized(withRows(signal, [[5, 2]]), 1, 3);
  assert.deepEqual(fitted(changed, false).rows, [
    [5, 2, 0],
    [3, 4, 0],
  ]);
  assert.deepEqual(fitted(zeroed(signal), false).rows, [
    [0, 0],
    [0, 0],
  ]);
  assert.deepEqual(fitted(fitted(counting(3, 2), true), false), counting(3, 2));
});

test("a photo is shrunk to means, and repeated where there are more places than pixels", () => {
  shared.photo = [
    [0, 10, 20, 30],
    [10, 20, 30, 40],
  ];
  const rowsOf = (rows, cols) => inputOf({ kind: "photo", seed: 0, size: [rows, cols] }).rows;
  assert.deepEqual(rowsOf(1, 2), [[10, 30]]);
  assert.deepEqual(rowsOf(4, 1), [[15], [15], [25], [25]]);
});

test("weights that are there stay as a kernel grows, and others are kept for the next one", () => {
  const call = readCall("nn.Conv2d(1, 1, (2, 3))");
  const grown = fittingWeights(call, [[7], [8], [9]]);
  assert.deepEqual([grown.length, grown[0].length], [2, 3]);
  assert.deepEqual([grown[0][0], grown[1][0]], [7, 8]);
  assert(grown.flat().every((value) => value >= -2 && value <= 8));
  assert.equal(fittingWeights(call, grown), grown);
  for (const line of ["nn.MaxPool2d(2)", "nn.Conv2d(1, 1, 65)", "nn.Conv2d(1, 1, 0)"]) {
    assert.equal(fittingWeights(readCall(line), grown), grown, line);
  }
});

test("each kind of weights has the kernel's size", () => {
  const [square, signal] = [readCall("nn.Conv2d(1, 1, 3)"), readCall("nn.Conv1d(1, 1, 3)")];
  assert.deepEqual(madeWeights(signal, "sobel", 1), [[-1, 0, 1]]);
  assert.deepEqual(madeWeights(square, "sobel", 1)[1], [-2, 0, 2]);
  assert.deepEqual(madeWeights(signal, "ones", 1), [[1, 1, 1]]);
  assert.equal(madeWeights(square, "mean", 1)[2][2], Math.fround(1 / 9));
  assert.notDeepEqual(madeWeights(square, "random", 1), madeWeights(square, "random", 2));
  refused(() => madeWeights(readCall("nn.Conv2d(1, 1, 2)"), "sobel", 1), /Sobel's kernel is 3×3/);
  assert.equal(madeWeights(readCall("nn.Conv2d(1, 1, 65)"), "ones", 1), null);
});

test("facts of a convolution, of a transposed one and of pools", () => {
  const facts = (...asked) => Object.fromEntries(factsOf(ran(...asked)).map(([n, ...l]) => [n, l]));
  assert.deepEqual(facts("nn.Conv2d(1, 1, 3, stride=2)", 6, 5), {
    "output size": ["height: ⌊(6 − 3) / 2⌋ + 1 = 2", "width: ⌊(5 − 3) / 2⌋ + 1 = 2"],
    parameters: ["10"],
    "multiply-accumulates": ["36"],
    "never read": ["5 of 30 input elements"],
    "receptive field": ["3×3"],
  });
  const transposed = facts("nn.ConvTranspose1d(1, 1, 2, stride=3, bias=False)", 1, 20);
  assert.deepEqual(transposed.parameters, ["2"]);
  assert.deepEqual(transposed["multiply-accumulates"], ["40"]); // each of the input's elements meets each weight
  assert.deepEqual(transposed["receptive field"], ["not the same everywhere"]);
  const pool = facts("nn.MaxPool1d(3, dilation=2)", 1, 60);
  assert.deepEqual([pool.parameters, pool["multiply-accumulates"]], [["0"], ["0"]]);
  assert.deepEqual(pool["receptive field"], ["5"]);
  const field = (line) => facts(line, 4, 5)["receptive field"][0];
  assert.equal(field("nn.AdaptiveAvgPool2d((2, 1))"), "2×5");
  assert.equal(field("nn.AdaptiveAvgPool2d((2, 2))"), "2×3");
  assert.equal(field("nn.AdaptiveAvgPool2d((2, 3))"), "not the same everywhere");
  assert.equal(field("nn.AdaptiveAvgPool2d((4, 4))"), "1×2");
});

test("what an output sees leaves padding out", () => {
  const seen = (line, rows, cols, number) => {
    const result = ran(line, rows, cols);
    return seenBy(result, result.step(number));
  };
  const padded = "nn.MaxPool2d(2, padding=1)";
  assert.equal(seen(padded, 4, 4, 0), "rows 0, columns 0: 1 element of the input");
  assert.equal(seen(padded, 4, 4, 4), "rows 1 to 2, columns 1 to 2: 4 elements of the input");
  assert.equal(seen("nn.AvgPool1d(3)", 1, 6, 1), "3 to 5: 3 elements of the input");
  assert.equal(
    seen("nn.ConvTranspose1d(1, 1, 1, stride=2)", 1, 3, 1),
    "none of the input", // a zero between two elements
  );
  const corner = "nn.Conv2d(1, 1, 1, padding=1)";
  assert.equal(seen(corner, 2, 2, 0), "none of the input");
});

test("who reads a cell is counted, in padding too", () => {
  const result = ran("nn.MaxPool2d(2, padding=1)", 4, 4);
  assert.equal(readerWords(result, -1, 0, 1), "padding (-1, 0) is read by 1 window");
  assert.equal(readerWords(result, 3, 3, 1200), "input (3, 3) is read by 1,200 windows");
  const signal = ran("nn.AvgPool1d(2)", 1, 3);
  assert.equal(readerWords(signal, 0, 2, 0), "input 2 is read by no window");
});

test("the legend says what the padding of a call holds", () => {
  const legend = (line) => Object.fromEntries(legendOf(ran(line, 4, 4)));
  assert.deepEqual(legend("nn.AvgPool2d(2)"), {});
  assert.deepEqual(legend("nn.MaxPool2d(3)"), {
    "sw-untouched": "never read",
    "sw-winner": "the largest",
    "sw-tie": "just as large, but later",
  });
  assert.equal(legend("nn.AdaptiveMaxPool2d(2)")["sw-winner"], "the largest");
  for (const [line, words] of [
    ["nn.MaxPool2d(2, padding=1)", "padding holds −∞"],
    ["nn.AvgPool2d(2, padding=1)", "padding holds 0"],
    ["nn.AvgPool2d(2, padding=1, count_include_pad=False)", "padding is not counted"],
    ["nn.Conv2d(1, 1, 3, padding='same')", "padding holds 0"],
    ["nn.Conv2d(1, 1, 3, padding=1, padding_mode='reflect')", "padding (reflect)"],
    ["nn.ConvTranspose2d(1, 1, 3)", "zeros put around"],
    ["nn.ConvTranspose2d(1, 1, 3, stride=2)", "zeros put around and between, by stride 2"],
    ["nn.ConvTranspose2d(1, 1, 1, stride=(2, 3))", "zeros put between, by the strides"],
  ]) {
    assert.equal(legend(line)["sw-pad"], words, line);
  }
});

test("a cell of a stretched, turned figure is found in the reader's own numbers", () => {
  const result = ran("nn.ConvTranspose2d(1, 1, (2, 3), stride=(1, 2))", 2, 2);
  const { ask } = result;
  const place = (row, col) => placeOf(ask.rows, ask.stretch, row, col);
  assert.deepEqual(place(1, 2), [1, 1]);
  for (const [row, col] of [
    [1, 1],
    [-1, 0],
    [0, 4],
    [2, 0],
  ]) {
    assert.equal(place(row, col), null);
  }
  assert.deepEqual(weightOf(result, 0, 0), [1, 2]);
  assert.deepEqual(weightOf(ran("nn.Conv2d(1, 1, 2)", 3, 3), 0, 1), [0, 1]);
});

test("windows along an axis: from where to where, how far past the end, and whose", () => {
  const { cols } = ran("nn.MaxPool2d(3, stride=2, ceil_mode=True)", 4, 4).geometry;
  assert.deepEqual(spanOf(cols, 1), [2, 5]);
  assert.equal(overhang(cols), 1);
  assert.deepEqual(readersOf(cols, 2), [0, 1]);
  assert.equal(overhang(ran("nn.MaxPool2d(2, padding=1)", 4, 4).geometry.cols), 0);
  const uneven = ran("nn.AdaptiveMaxPool1d(3)", 1, 4).geometry.cols;
  assert.deepEqual(spanOf(uneven, 1), [1, 3]);
  assert.equal(extentOf(uneven, 1), 2);
  assert.equal(extentOf(cols, 1), 3);
  assert.equal(extentOf(cols, 2), null);
});

test("cells are as large as the room allows, and below each other where that makes them larger", () => {
  const panels = [
    { name: "input", rows: 5, cols: 5 },
    { name: "output", rows: 3, cols: 3 },
    { name: "gradient", rows: 5, cols: 5 },
  ];
  assert.deepEqual(layoutOf(panels, 2000, 800), { stacked: false, cell: 46, kernelCell: 46 });
  assert.deepEqual(layoutOf(panels, 300, 800), { stacked: false, cell: 32, kernelCell: 32 });
  assert.deepEqual(layoutOf(panels, 200, 800), { stacked: true, cell: 39, kernelCell: 39 });
  const photo = [
    { name: "input", rows: 40, cols: 40 },
    { name: "kernel", rows: 3, cols: 3 },
    { name: "output", rows: 38, cols: 38 },
  ];
  const wide = layoutOf(photo, 700, 500);
  assert.deepEqual(wide, { stacked: false, cell: 7, kernelCell: 24 });
  const narrow = layoutOf(photo, 300, 500);
  assert(narrow.stacked && narrow.kernelCell === 24);
  assert(78 * narrow.cell + 3 * 24 + 3 * 30 <= 500); // all of it is seen at once
});

test("each operation offered has controls for the arguments that torch lets it have", () => {
  const names = OPERATIONS.flatMap(([, operations]) => operations);
  assert.equal(new Set(names).size, 14);
  for (const name of names) {
    const channels = name.startsWith("Conv") ? "1, 1, " : "";
    const { args } = readCall(`nn.${name}(${channels}2${name.startsWith("LP") ? ", 2" : ""})`);
    assert(fieldsOf(name).length > 0 && fieldsOf(name).every((field) => field in args), name);
  }
  const [kernel, averages] = [
    ["kernel_size", "stride", "padding"],
    ["ceil_mode", "count_include_pad"],
  ];
  for (const [name, wanted] of [
    ["MaxPool1d", [...kernel, "dilation", "ceil_mode"]],
    ["AvgPool1d", [...kernel, ...averages]],
    ["AvgPool2d", [...kernel, ...averages, "divisor_override"]],
    ["LPPool2d", ["norm_type", "kernel_size", "stride", "ceil_mode"]],
    ["Conv2d", [...kernel, "dilation", "padding_mode", "bias"]],
    ["ConvTranspose1d", [...kernel, "output_padding", "dilation", "bias"]],
    ["AdaptiveMaxPool2d", ["output_size"]],
  ]) {
    assert.deepEqual(fieldsOf(name), wanted, name);
  }
});

test("a pair is spelled as torch would have it", () => {
  assert.equal(spelled(["2", " 2 "], false), "2");
  assert.equal(spelled(["−1", "2"], false), "(-1, 2)"); // a minus sign as people copy it
  assert.equal(spelled(["", "2"], false), "(None, 2)");
  assert.equal(spelled(["3", "2"], true), "3");
});

test("commas that may be decimal points are asked about, in one line as in several", () => {
  for (const text of ["0,5", "1,5", "1.234,5\n2.345,6", "1,234.5", "12,5,13,5", "0,5,1,5"]) {
    refused(() => readPasted(text), /decimal points/);
  }
  assert.deepEqual(readPasted("1,2,3,4\n5,6,7,8")[1], [5, 6, 7, 8]);
  assert.deepEqual(readPasted("0, 5"), [[0, 5]]);
});

test("tuples and comments are read as Python reads them", () => {
  for (const text of [
    "((1, 2), (3, 4))",
    "[(1, 2), (3, 4)]",
    "([1, 2], [3, 4])",
    "torch.tensor(((1, 2), (3, 4)))  # a - b",
    "1 2 # first\n3 4",
  ]) {
    assert.deepEqual(readPasted(text), [
      [1, 2],
      [3, 4],
    ]);
  }
  refused(() => readPasted("-((1, 2), (3, 4))"), /is a calculation/);
  refused(() => readPasted("((1, 2), (3, 4)"), /bracket is missing/);
});

test("what may change the numbers of a list is refused, and what only holds them is not", () => {
  for (const text of [
    "np.sqrt([[4,9]])",
    "torch.tensor([[1,-2]]).abs()",
    "torch.tensor([[1],[2]]).T",
    "torch.tensor([[1,2]]) > 1",
    "torch.tensor([[1,2]]) % 2",
    "~tensor([[1,2]])",
    "torch.zeros_like([[1,2]])",
    "torch.tensor([[1,2,3,4]]).reshape(2, 2)",
    "torch.tensor([[1,2]]).float().neg()",
    "torch.tensor([[1,2]]).unsqueeze(1)",
    "not [[1,2]]",
    "x = abs(torch.tensor([[1,2]]))",
    "torch.tensor([[1.5,2]], dtype=torch.int32)",
    "torch.tensor([[1.5,2]]).long()",
    "x ** [[1,2]]",
    "2 [[1,2]]",
  ]) {
    refused(() => readPasted(text), /is a calculation|may be more than the name/);
  }
  for (const text of [
    "[[1,2]]",
    "[[1,2],]",
    "[[1,2,],],",
    "x = [[1,2]];",
    "x: list = [[1,2]]",
    ">>> x\ntensor([[1, 2]])",
    ">>> print(x)\n[[1 2]]",
    "Parameter containing:\ntensor([[1., 2.]], requires_grad=True)",
    "nn.Parameter(torch.tensor([[1., 2.]]))",
    "torch.tensor([[1, 2]]).float().unsqueeze(0)",
    "torch.tensor([[1, 2]]).to(torch.float32).to('cpu')",
    "torch.tensor([[1, 2]], dtype=torch.int32)",
    "tensor([[1, 2]], device='cuda:0', grad_fn=<MulBackward0>)",
    "np.array([[1, 2]], np.float32).astype('float64')",
    "array([[1., 2.]], dtype='<f8')",
    "torch.tensor(((1, 2),)).detach().numpy()",
    "print([[1,2]])",
  ]) {
    assert.deepEqual(readPasted(text), [[1, 2]], text);
  }
});

test("a number that is missing between commas is missed in brackets, too", () => {
  for (const text of ["[1,,2]", "[[1,2,,],[3,,4]]", "[,1]", "[[1,2],,[3,4]]", "(1,,2)"]) {
    refused(() => readPasted(text), /number is missing/);
  }
});
