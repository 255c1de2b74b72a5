// What the installed torch and the package say, asked by tests/shared/asked_of_torch.py.
// cases: of tests/data/geometry_cases.json, with tensors that only torch can draw, and with its
// answers. randint: by seed, whole numbers from 0 to 9. lp: {args, row, gradient} of LPPool1d, all
// of whose outputs a gradient of 1 reaches. The rest is told in windows.test.js.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";

const file = process.env.ASKED_OF_TORCH;
assert(file, "run pytest tests/project/test_script.py, which asks torch and then runs this");
// Python writes NaN and infinities, which JSON does not have.
const text = readFileSync(file, "utf8").replace(
  /(?<=[[ ])(NaN|-?Infinity)(?=[,\]}])/g,
  '"\\u0000$1"',
);
export const TORCH = JSON.parse(text, (_, value) =>
  typeof value === "string" && value[0] === "\0" ? Number(value.slice(1)) : value,
);
