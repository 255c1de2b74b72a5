// Starts the network calculator (ui/calculator.js) on its page.
// For its own page alone. Material's instant navigation runs a page's script again each time the
// page is shown.

import { SIGNATURES } from "#generated/torch.js";
import { measure } from "./torch/network.js";
import { readNetwork } from "./torch/reading.js";
import { Calculator } from "./ui/calculator.js";
import { whenReady } from "./ui/elements.js";
import { shared } from "./ui/shared.js";

shared.layers = { readNetwork, measure, SIGNATURES }; // what tests reach from outside

whenReady("#network", (root) => {
  shared.network = new Calculator(root);
});
