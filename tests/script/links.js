// What links to the explorer and the network calculator hold, by those pages' own rules. Given, as
// JSON, a list of [page, hash] on standard input; says, in the same order, {call, rows, weights,
// bias} of the explorer, numbers as text where they may be infinite, {input, layers} of the calculator, or {problem} of what a page refuses.

import { readFileSync } from "node:fs";
import { formatCall, run } from "../../assets/torch/calls.js";
import { measure } from "../../assets/torch/network.js";
import { LayerProblem } from "../../assets/torch/problems.js";
import { networkOf } from "../../assets/ui/calculator.js";
import { fittingWeights } from "../../assets/ui/explorer/kernel.js";
import { stateIn } from "../../assets/ui/explorer/link.js";
import { inputOf } from "../../assets/ui/explorer/source.js";

const READERS = {
  explorer(hash) {
    const { call, source, weights, bias } = stateIn(hash);
    const { rows } = inputOf(source);
    run(call, rows, fittingWeights(call, weights), bias); // or what torch would refuse
    return { call: formatCall(call), rows: rows.map((row) => row.map(String)), weights, bias };
  },
  network(hash) {
    const found = networkOf(hash);
    if (found === "bad") throw new LayerProblem("This network cannot be read.");
    const { stages } = measure(found.layers, found.input);
    for (const { problem } of stages) if (problem) throw problem;
    return found;
  },
};

function read([page, hash]) {
  try {
    return READERS[page](hash);
  } catch (problem) {
    if (!(problem instanceof LayerProblem)) throw problem;
    return { problem: problem.message };
  }
}

const links = JSON.parse(readFileSync(0, "utf8"));
process.stdout.write(JSON.stringify(links.map(read)));
