// What the installed torch says, asked by tests/project/test_script.py: {cases, randint, lp}. cases: of
// tests/data/geometry_cases.json, with tensors that only torch can draw, and with its answers.
// randint: by seed, whole numbers from 0 to 9. lp: {args, row, gradient} of LPPool1d, all of whose
// outputs a gradient of 1 reaches.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";

const file = process.env.ASKED_OF_TORCH;
assert(file, "run pytest tests/project/test_script.py, which asks torch and then runs this");
export const TORCH = JSON.parse(readFileSync(file, "utf8"));
