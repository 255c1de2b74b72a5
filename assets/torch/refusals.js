// Torch's own words for what it refuses. The build asks torch for them (tracing/refusals.py), so
// none is written here.

import { REFUSALS } from "#generated/torch.js";
import { LayerProblem } from "./problems.js";

/**
 * The refusal of a name, with these numbers at its places; why and lesson are ours.
 * @type {(name: string, places?: Record<string, unknown>, why?: string, lesson?: string) => LayerProblem}
 */
export function refusal(name, places = {}, why = "", lesson = "") {
  const message = REFUSALS[name].replace(/\{(\w+)\}/g, (_whole, place) => String(places[place]));
  return new LayerProblem(message, why, lesson, true);
}
