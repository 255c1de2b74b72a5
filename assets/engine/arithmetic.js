// One window's calculation in words, as the figures show it: the package's core/arithmetic.py,
// word for word, which a test holds to.

import { windowSize } from "./geometry.js";
import { equals, MINUS, number, signed } from "./numbers.js";

const MOST_TERMS = 36; // of a window written out; more would be read by nobody
const RAISED = Object.fromEntries([..."0123456789−"].map((sign, i) => [sign, "⁰¹²³⁴⁵⁶⁷⁸⁹⁻"[i]]));

// ---- Whether what is printed on the left gives what is printed on the right, exactly.

/** @typedef {[bigint, number]} Decimal digits over a power of ten */

/**
 * What is printed, exactly.
 * @type {(value: number) => Decimal}
 */
function shown(value) {
  const [mantissa, exponent = "0"] = number(value).replaceAll(MINUS, "-").split("e");
  const [whole, part = ""] = mantissa.split(".");
  const places = part.length - Number(exponent);
  const digits = BigInt(whole + part);
  return places < 0 ? [digits * 10n ** BigInt(-places), 0] : [digits, places];
}

/** @type {(one: Decimal, other: Decimal) => Decimal} */
const times = ([a, p], [b, q]) => [a * b, p + q];
/** @type {(decimal: Decimal, most: number) => bigint} */
const scaled = ([digits, places], most) => digits * 10n ** BigInt(most - places);
/** @type {(one: Decimal, other: Decimal) => boolean} */
const same = (a, b) => scaled(a, Math.max(a[1], b[1])) === scaled(b, Math.max(a[1], b[1]));
/** @type {(decimal: Decimal, n: number) => Decimal} */
const power = ([digits, places], n) => [digits ** BigInt(n), places * n];

/** @type {(terms: Decimal[]) => Decimal} */
function sum(terms) {
  const most = Math.max(0, ...terms.map((term) => term[1]));
  return [terms.reduce((total, term) => total + scaled(term, most), 0n), most];
}

/**
 * '= 4', or '≈ 3.667'. numbers: all that is printed. holds: whether it gives the result.
 * @type {(value: number, numbers: number[], holds: () => boolean) => string}
 */
function resulting(value, numbers, holds) {
  const exact = equals(value) === "=" && (![...numbers, value].every(Number.isFinite) || holds());
  return `${exact ? "=" : "≈"} ${number(value)}`;
}

/**
 * @type {(values: number[], norm: number, scale: number, value: number) => boolean}
 */
function isRoot(values, norm, scale, value) {
  if (norm > 0 && Number.isInteger(norm) && scale === 1) {
    return same(sum(values.map((v) => power(shown(v), norm))), power(shown(value), norm));
  }
  /** @param {number} v */
  const plain = (v) => Number(number(v).replaceAll(MINUS, "-"));
  const total = values.reduce((all, v) => all + raised(plain(v), norm), 0) * scale;
  const [root, mine] = [raised(total, 1 / norm), plain(value)];
  return Math.abs(root - mine) <= 1e-12 * Math.abs(mine);
}

/**
 * As torch's: the power 0.5 is a square root.
 * @type {(base: number, exponent: number) => number}
 */
const raised = (base, exponent) => base ** exponent;

/**
 * Why torch's LP pool gives nan for numbers of which none is nan; '' if it does not.
 * @type {(values: number[], norm: number) => string}
 */
function noRoot(values, norm) {
  if (values.some(Number.isNaN)) return "";
  if (!Number.isInteger(norm)) {
    const negative = values.some((value) => value < 0);
    return negative ? ` (torch has no power ${number(norm)} of a negative number)` : "";
  }
  const total = values.reduce((all, value) => all + raised(value, norm), 0);
  const none = total < 0 && Math.abs(norm) !== 1;
  return none ? " (the sum is negative, of which torch takes no root)" : "";
}

/**
 * That torch's powers overflow or underflow where the numbers do not; '' if the value is their
 * root. Powers of either sign may cancel: of those a 0 says nothing.
 * @type {(values: number[], norm: number, value: number) => string}
 */
function pastPowers(values, norm, value) {
  if (Math.abs(norm) === 0.5 && values.includes(-Infinity) && value > 0) {
    return ` (torch's power ${number(norm)} of −∞ is that of ∞ here)`;
  }
  if (!values.every(Number.isFinite)) return "";
  const oneSign = norm % 2 === 0 || Math.min(...values) >= 0 || Math.max(...values) <= 0;
  const [large, small] = norm > 0 ? ["overflow", "underflow"] : ["underflow", "overflow"];
  if (!Number.isFinite(value) && (norm > 0 || oneSign)) return ` (torch's powers ${large})`;
  const none = norm > 0 ? values.some((v) => v !== 0) : values.every((v) => v !== 0);
  return value === 0 && oneSign && none ? ` (torch's powers ${small})` : "";
}

/**
 * The same of a sum. A divisor of 0 gives infinity or nan without it.
 * @type {(terms: number[], divisor: number, value: number, what?: string) => string}
 */
function past(terms, divisor, value, what = "sum") {
  const follows = Number.isFinite(value) || divisor === 0 || !terms.every(Number.isFinite);
  return follows ? "" : ` (torch's ${what} overflows)`;
}

/**
 * @type {(values: number[], norm: number, size: number) => string}
 */
function lp(values, norm, size) {
  const name = number(norm);
  const raised = Number.isInteger(norm)
    ? [...name].map((sign) => RAISED[sign] ?? sign).join("")
    : `^${name}`;
  const total = values.map((value) => `${signed(value)}${raised}`).join(" + ");
  const inner = values.length === size ? `(${total})` : `((${total}) · ${size}/${values.length})`;
  return { 1: inner, 2: `√${inner}`, 3: `∛${inner}` }[norm] ?? `${inner}^(1/${name})`;
}

/**
 * ask and step: engine/operations.js's.
 * @type {(ask: import("./operations.js").Asked, step: import("./operations.js").Told) => string}
 */
export const arithmetic = ({ kind, call, axes, bias }, { taps, value, blind = "" }) => {
  const result = `${equals(value)} ${number(value)}`;
  const unseen = blind && ` (the window sees no input, ${blind} alone)`;
  const values = taps.map((tap) => tap.value);
  const count = values.length;
  const divisor = call.args.divisor_override ?? count;
  /** @param {number[]} terms */
  const divides = (terms) =>
    resulting(value, [...terms, divisor], () =>
      same(sum(terms.map(shown)), times(shown(value), shown(divisor))),
    );
  const brief = count > MOST_TERMS;
  if (kind === "max") {
    return brief
      ? `max of ${count} numbers ${result}`
      : `max(${values.map(number).join(", ")}) ${result}${unseen}`;
  }
  if (kind === "average" && brief) {
    const total = values.reduce((a, b) => a + b, 0);
    const by = number(divisor);
    return `sum of ${count} numbers / ${by}: ${number(total)} / ${by} ${divides([total])}${past(values, divisor, value)}`;
  }
  if (kind === "average") {
    const total = values.map(count > 1 ? signed : number).join(" + ");
    return `(${total}) / ${signed(divisor)} ${divides(values)}${past(values, divisor, value)}`;
  }
  if (kind === "lp") {
    const [norm, size] = [call.args.norm_type, windowSize(axes)];
    const why =
      (Number.isNaN(value) ? noRoot(values, norm) : "") || pastPowers(values, norm, value);
    if (brief) {
      return `root of the sum of ${count} powers ${resulting(value, [], () => !why)}${why}`;
    }
    const root = resulting(value, values, () => isRoot(values, norm, size / count, value));
    return `${lp(values, norm, size)} ${root}${why}`;
  }
  const printed = taps.flatMap((tap) => [tap.value, tap.weight]);
  const added = bias === null ? "" : ` + bias ${signed(bias)}`;
  if (brief) {
    const over = past([...printed, bias ?? 0], 1, value, "sum of products");
    return `sum of ${count} products input · weight${added} ${result}${over}`;
  }
  const terms = taps.map((tap) => `${signed(tap.value)}·${signed(tap.weight)}`).join(" + ");
  const over = past([...printed, bias ?? 0], 1, value, "sum of products");
  const sums = resulting(value, [...printed, bias ?? 0], () => {
    const products = taps.map((tap) => times(shown(tap.value), shown(tap.weight)));
    return same(sum([...products, shown(bias ?? 0)]), shown(value));
  });
  return `${terms}${added} ${sums}${unseen}${over}`;
};
