// Torch's own words for what it refuses. The build asks torch for them (tracing/refusals.py), so
// none is written here.

import { REFUSALS } from "#generated/torch.js";
import { LayerProblem } from "./problems.js";

/** The refusal of a name, with these numbers at its places; why and lesson are ours. */
export function refusal(name, places = {}, why = "", lesson = "") {
  const message = REFUSALS[name].replace(/\{(\w+)\}/g, (_, place) => String(places[place]));
  return new LayerProblem(message, why, lesson, true);
}
