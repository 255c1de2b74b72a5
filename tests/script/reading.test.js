import assert from "node:assert/strict";
import { test } from "node:test";
import { bind, plainArguments } from "../../assets/torch/arguments.js";
import { formatCall, parseCall, run } from "../../assets/torch/calls.js";
import { measure } from "../../assets/torch/network.js";
import { LayerProblem } from "../../assets/torch/problems.js";
import { readNetwork, readShape } from "../../assets/torch/reading.js";

const refused = (action, words) =>
  assert.throws(
    action,
    (problem) => problem instanceof LayerProblem && words.test(problem.message),
  );

test("a network is read from code, from what torch prints and from bare lines", () => {
  const wanted = ["nn.Conv2d(3, 8, 3)", "nn.ReLU()"];
  for (const text of [
    "nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU())",
    "from torch import nn\n\nmodel = torch.nn.Sequential(\n  nn.Conv2d(3, 8, 3),  # first\n  nn.ReLU(),\n)",
    "Sequential(\n  (0): nn.Conv2d(3, 8, 3)\n  (1): nn.ReLU()\n)",
    "nn.Conv2d(3, 8, 3)\nnn.ReLU()",
    "nn.Sequential(OrderedDict([('a', nn.Conv2d(3, 8, 3)), ('b', nn.ReLU())]))",
  ]) {
    assert.deepEqual(
      readNetwork(text).map((call) => call.text),
      wanted,
      text,
    );
  }
});

test("nothing but plain calls is read, and the message says where", () => {
  refused(() => readNetwork("nn.ReLU()\nimport os; os.system('x')"), /^line 2: unexpected ;/);
  refused(() => readNetwork("nn.Conv2d(3, n, 3)"), /^line 1: unexpected n, 3\)/);
  refused(() => readNetwork("nn.Conv2d(3, 8, 3"), /unexpected the end/);
  refused(() => readNetwork(""), /no layer in this text/);
  refused(() => readNetwork("nn.ReLU()\n".repeat(201)), /At most 200 layers/);
  refused(() => readNetwork("nn.Linear(100001, 1)"), /beyond 100,000/);
});

test("an input's shape is read as readers write it", () => {
  for (const text of ["3x32x32", "(3, 32, 32)", "3, 32, 32", " 3 32 32 "]) {
    assert.deepEqual(readShape(text), [3, 32, 32]);
  }
  refused(() => readShape("3, 0"), /is not an input shape/);
  refused(() => readShape("1,2,3,4"), /one to three sizes/);
});

test("arguments are bound as Python binds them", () => {
  const [call] = readNetwork("nn.MaxPool2d(3, padding=1)");
  assert.deepEqual(bind(call), {
    ...{ kernel_size: 3, stride: null, padding: 1 },
    ...{ dilation: 1, return_indices: false, ceil_mode: false },
  });
  refused(() => bind(readNetwork("nn.Conv2d(3, 8)")[0]), /missing 1 required positional argument/);
  refused(() => bind(readNetwork("nn.MaxPol2d(2)")[0]), /is not a layer/);
});

test("a call's text comes back from its arguments, without what is torch's default", () => {
  for (const [text, wanted] of [
    ["nn.MaxPool2d(2, 2, 0)", "nn.MaxPool2d(kernel_size=2, stride=2)"],
    ["nn.Conv2d(1, 1, (3, 3), bias=False)", "nn.Conv2d(1, 1, kernel_size=3, bias=False)"],
    ["nn.AdaptiveAvgPool2d((2, None))", "nn.AdaptiveAvgPool2d(output_size=(2, None))"],
  ]) {
    assert.equal(formatCall(parseCall(text)), wanted);
  }
  assert.deepEqual(plainArguments(readNetwork("nn.MaxPool2d((2, 2))")[0]).kernel_size, 2);
});

test("one layer at a time, with windows, and not too large to be seen", () => {
  refused(() => parseCall("nn.ReLU()"), /slides no window/);
  refused(() => parseCall("nn.MaxPool2d(2)\nnn.MaxPool2d(2)"), /One layer at a time, not 2/);
  const wide = parseCall("nn.Conv1d(1, 1, 1, padding=50)");
  refused(() => run(wide, [[1]], [[1]], 0), /at most 96 rows and columns, not 101/);
});

test("a network's numbers follow from layer to layer, up to the one that does not fit", () => {
  const { stages, parameters, macs, whole } = measure(
    ["nn.Conv2d(3, 8, 3)", "nn.MaxPool2d(2)", "nn.Flatten()", "nn.Linear(1800, 10)"],
    [3, 32, 32],
  );
  assert(whole);
  assert.deepEqual(
    stages.map(({ shape }) => shape),
    [[3, 32, 32], [8, 30, 30], [8, 15, 15], [1800], [10]],
  );
  assert.deepEqual([parameters, macs], [8 * 28 + 18010, 8 * 900 * 27 + 18000]);
  assert.deepEqual([stages[2].sees, stages[2].jump], ["4", "2"]);
  const broken = measure(["nn.ReLU()", "nn.Conv2d(4, 8, 3)", "nn.ReLU()"], [3, 8, 8]);
  assert(!broken.whole && broken.stages[2].problem.torch && broken.stages[3].unreached);
});

test("'all' is said of no layer that hides its input, wherever its numbers went", () => {
  const equal = ["nn.AdaptiveAvgPool2d(1)", "nn.AdaptiveAvgPool2d(3)", "nn.Flatten()"];
  for (const [lines, wanted] of [
    [[...equal, "nn.Softmax(1)"], "–"],
    [[...equal, "nn.LogSoftmax(-1)"], "–"],
    [[...equal, "nn.Linear(9, 4)", "nn.Softmax(1)"], "all"],
    [["nn.AdaptiveAvgPool2d(1)", "nn.AdaptiveAvgPool2d(3)", "nn.Flatten(2)", "nn.Softmax(2)"], "–"],
    [["nn.Conv2d(1, 2, 8)", "nn.AdaptiveAvgPool2d(3)", "nn.Flatten()", "nn.Softmax(1)"], "all"],
    [["nn.Flatten()", "nn.Linear(64, 4)", "nn.Hardtanh(0, 1e-9)"], "–"],
    [["nn.Flatten()", "nn.Linear(64, 4)", "nn.Hardtanh()"], "all"],
  ]) {
    assert.equal(measure(lines, [1, 8, 8]).stages.at(-1).sees, wanted, lines.join(", "));
  }
});
