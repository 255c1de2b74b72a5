// Starts the explorer (ui/explorer/page.js) on its page.
// For its own page alone. Material's instant navigation runs a page's script again each time the
// page is shown.

import { arithmetic } from "./engine/arithmetic.js";
import { number } from "./engine/numbers.js";
import { gradient } from "./engine/operations.js";
import { randint } from "./engine/random.js";
import { formatCall, parseCall, run } from "./torch/calls.js";
import { whenReady } from "./ui/elements.js";
import { Explorer } from "./ui/explorer/page.js";
import { FRAME } from "./ui/explorer/steps.js";
import { shared } from "./ui/shared.js";

const HERE = /** @type {HTMLScriptElement} */ (document.currentScript).src;
// What tests and figures/*.js reach from outside.
Object.assign(shared, { parseCall, formatCall, run, gradient, number, arithmetic });

/** Grey numbers that only some readers ask for, in a script of their own. */
function bringPhoto() {
  if (shared.photo) return Promise.resolve();
  return new Promise((resolve, reject) => {
    const script = document.createElement("script");
    const src = new URL("photo.js", HERE).href;
    Object.assign(script, { src, onload: resolve, onerror: reject });
    document.head.append(script);
  });
}

whenReady("#sw-explorer", (root) => {
  shared.explorer = { randint, FRAME, page: new Explorer(root, bringPhoto) };
});
