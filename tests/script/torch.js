// What the installed torch and the package say, asked by tests/shared/asked_of_torch.py.
// cases: of tests/data/geometry_cases.json, with tensors that only torch can draw, and with its
// answers. randint: by seed, whole numbers from 0 to 9. lp: {args, row, gradient} of LPPool1d, all
// of whose outputs a gradient of 1 reaches. The rest is told in windows.test.js.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";

const file = process.env.ASKED_OF_TORCH;
assert(file, "run pytest tests/project/test_script.py, which asks torch and then runs this");
// Python writes NaN and Infinity, which JSON does not have; a reviver would take seconds.
const text = readFileSync(file, "utf8")
  .replaceAll(/(?<=[[ ]-?)Infinity(?=[,\]}])/g, "1e999")
  .replaceAll(/(?<=[[ ])NaN(?=[,\]}])/g, "null");
export const TORCH = JSON.parse(text);

/** Numbers in lists, with nan again. */
export const numbers = (told) => (Array.isArray(told) ? told.map(numbers) : (told ?? Number.NaN));
