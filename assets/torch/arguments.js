// A call's arguments by name, each of its kind, or what Python and torch say of them.

import { PADDING_MODES, SIGNATURES } from "#generated/torch.js";
import { LayerProblem, PADDING, torchSays } from "./problems.js";

/**
 * @typedef {import("./shared.js").Args} Args
 * @typedef {import("./shared.js").Named} Named
 */

/**
 * The name that differs least, by at most two letters; capitals count for nothing.
 * @type {(name: string, names: string[]) => string | null}
 */
function nearest(name, names) {
  /** @type {(a: string, b: string) => number} */
  const distance = (a, b) => {
    let row = Array.from({ length: b.length + 1 }, (_, i) => i);
    for (let i = 0; i < a.length; i += 1) {
      const next = [i + 1];
      for (let j = 0; j < b.length; j += 1) {
        next.push(Math.min(row[j + 1] + 1, next[j] + 1, row[j] + (a[i] === b[j] ? 0 : 1)));
      }
      row = next;
    }
    return row[b.length];
  };
  const word = name.slice(0, 40).toLowerCase();
  const far = names.map((one) => ({ one, letters: distance(word, one.toLowerCase()) }));
  const least = far.reduce((a, b) => (b.letters < a.letters ? b : a));
  return least.letters <= Math.min(2, word.length / 3) ? least.one : null;
}

/**
 * A call's arguments by name, or what Python says of them.
 * @type {(call: import("./reading.js").Call) => Args}
 */
export function bind(call) {
  if (!Object.hasOwn(SIGNATURES, call.name)) {
    const near = nearest(call.name, Object.keys(SIGNATURES));
    throw new LayerProblem(
      `${call.name} is not a layer of this page`,
      near ? `Did you mean ${near}?` : `It knows ${Object.keys(SIGNATURES).join(", ")}.`,
    );
  }
  const { parameters, positional: most, owner } = SIGNATURES[call.name];
  const names = parameters.map(([name]) => name);
  const required = parameters.filter((one) => one.length === 1).map(([name]) => name);
  /** @param {string} text */
  const said = (text) =>
    torchSays(`${owner}.__init__() ${text}`, `It takes ${names.join(", ") || "no arguments"}.`);
  const found = new Map(call.positional.slice(0, names.length).map((v, i) => [names[i], v]));
  for (const [key, value] of call.named) {
    if (!names.includes(key)) throw said(`got an unexpected keyword argument '${key}'`);
    if (found.has(key)) {
      if (call.named.filter(([other]) => other === key).length > 1) {
        throw new LayerProblem(`keyword argument repeated: ${key}`);
      }
      throw said(`got multiple values for argument '${key}'`);
    }
    found.set(key, value);
  }
  if (call.positional.length > most) {
    const range =
      required.length === most
        ? `${most + 1} positional argument${most ? "s" : ""}`
        : `from ${required.length + 1} to ${most + 1} positional arguments`;
    throw said(`takes ${range} but ${call.positional.length + 1} were given`);
  }
  const missing = required.filter((name) => !found.has(name)).map((name) => `'${name}'`);
  if (missing.length) {
    const last = missing.pop();
    const list = missing.length > 1 ? `${missing.join(", ")}, and ` : `${missing.join("")} and `;
    const plural = missing.length ? "s" : "";
    throw said(
      `missing ${missing.length + 1} required positional argument${plural}: ` +
        `${missing.length ? list : ""}${last}`,
    );
  }
  for (const parameter of parameters) {
    if (parameter.length === 1) continue;
    const [name, fallback] = parameter;
    if (!found.has(name)) found.set(name, fallback);
  }
  const args = Object.fromEntries(found);
  checkKinds(args, call);
  return args;
}

/**
 * Arguments that no rule below reads, but torch refuses when they are of another kind.
 * @type {(args: Args, call: Named) => void}
 */
function checkKinds(args, call) {
  for (const name of NUMBERS) if (name in args) decimal(args, name, call);
  for (const name of NUMBERS_OR_NONE) {
    if (name in args && args[name] !== null) decimal(args, name, call);
  }
  if ("return_indices" in args) truth(args, "return_indices", call);
  if (![null, undefined, "cpu"].includes(args.device)) {
    throw new LayerProblem(`${call.name}: device must be None or 'cpu' here`);
  }
  if (![null, undefined].includes(args.dtype)) {
    throw new LayerProblem(`${call.name}: dtype must be None here, which is float32`);
  }
}

const NUMBERS = [
  ...["eps", "negative_slope", "alpha", "beta", "threshold", "init", "min_val", "max_val"],
];
const NUMBERS_OR_NONE = ["momentum", "min_value", "max_value"];

// ---- Arguments of a kind; torch's words for wrong kinds are long and say less.

/** @type {(args: Args, name: string, call: Named) => number} */
export function whole(args, name, call) {
  if (Number.isInteger(args[name])) return args[name];
  throw new LayerProblem(`${call.name}: ${name} must be a whole number`);
}

/**
 * One number for each axis. One in brackets, such as (2,), torch repeats for both axes, but not
 * as an output_size, nor as the kernel_size of a layer that does more with it than hand it on:
 * of convolutions and LPPool2d. LPPool1d, which multiplies by its kernel_size, takes no list there.
 * @type {(args: Args, name: string, call: Named, rank: number, none?: boolean) => any[]}
 */
export function several(args, name, call, rank, none = false) {
  const counted = call.name === "LPPool1d" && name === "kernel_size";
  const listed = Array.isArray(args[name]) && !counted;
  const handedOn = name !== "kernel_size" || /^(Max|Avg)Pool/.test(call.name);
  const repeats = listed && args[name].length === 1 && name !== "output_size" && handedOn;
  const [each] = repeats ? args[name] : [args[name]];
  const list = listed && !repeats ? args[name] : Array(rank).fill(each);
  /** @param {any} n */
  const fits = (n) => Number.isInteger(n) || (none && n === null);
  if (list.length === rank && list.every(fits)) return list;
  const many = rank === 2 ? "one whole number or two" : "one whole number";
  throw new LayerProblem(`${call.name}: ${name} must be ${many}`);
}

/** @type {(args: Args, name: string, call: Named) => boolean} */
export function truth(args, name, call) {
  if (typeof args[name] === "boolean") return args[name];
  throw new LayerProblem(`${call.name}: ${name} must be True or False`);
}

/** @type {(value: any) => any} */
export const real = (value) => (value !== null && typeof value === "object" ? value.float : value);

/** @type {(args: Args, name: string, call: Named) => number} */
export function decimal(args, name, call) {
  const value = real(args[name]);
  if (typeof value === "number") return value;
  throw new LayerProblem(`${call.name}: ${name} must be a number`);
}

/**
 * 'same' or 'valid'; null for a padding in numbers.
 * @type {(args: Args, call: Named) => string | null}
 */
export function paddingWord(args, call) {
  if (typeof args.padding !== "string") return null;
  if (["same", "valid"].includes(args.padding)) return args.padding;
  throw new LayerProblem(
    `${call.name}: the only words for padding are 'same' and 'valid', not '${args.padding}'`,
    "Or give a number, or one for rows and one for columns.",
    PADDING,
  );
}

/** @type {(args: Args, call: Named) => string} */
export function paddingMode(args, call) {
  if (PADDING_MODES.includes(args.padding_mode)) return args.padding_mode;
  const modes = PADDING_MODES.map((mode) => `'${mode}'`);
  throw new LayerProblem(
    `${call.name}: padding_mode must be ${modes.slice(0, -1).join(", ")} or ${modes.at(-1)}`,
    "",
    PADDING,
  );
}

/**
 * Arguments as plain values, each of its kind; a pair of equals is one number.
 * @type {(call: import("./reading.js").Call) => Args}
 */
export function plainArguments(call) {
  const args = bind(call);
  /** @type {(name: string) => any} */
  const kind = (name) => {
    if (PAIRS.includes(name)) {
      if (name === "padding" && call.name.startsWith("Conv") && paddingWord(args, call)) {
        return args.padding;
      }
      if (name === "stride" && isUnset(args.stride)) return null;
      if (name === "output_size" && args.output_size === null) return null; // torch refuses it
      const list = several(args, name, call, rankOf(call), name === "output_size");
      return list.every((n) => n === list[0] && n !== null) ? list[0] : list;
    }
    if (FLAGS.includes(name)) return truth(args, name, call);
    if (name === "norm_type") return decimal(args, name, call);
    if (name === "divisor_override") return args[name] === null ? null : whole(args, name, call);
    if (/_channels$|^groups$/.test(name)) return whole(args, name, call);
    return name === "padding_mode" ? paddingMode(args, call) : args[name];
  };
  return Object.fromEntries(Object.keys(args).map((name) => [name, kind(name)]));
}

const PAIRS = ["kernel_size", "stride", "padding", "output_padding", "dilation", "output_size"];
const FLAGS = ["ceil_mode", "count_include_pad", "bias"];
/** @type {(call: Named) => number} */
export const rankOf = (call) => Number(call.name.at(-2));

/**
 * A pool's stride that is the kernel's size; a convolution takes neither.
 * @type {(stride: any) => boolean}
 */
export const isUnset = (stride) => stride === null || (Array.isArray(stride) && !stride.length);
