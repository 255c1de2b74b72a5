// Numbers as the figures write them (the package's core/text.py), and as readers type them.

export const MINUS = "−";

/**
 * Python rounds a number half-way between two to the even digit, toFixed() upwards.
 * @type {(text: string, exact: string) => string}
 */
function even(text, exact) {
  const mantissa = text.split("e")[0].length;
  const half = /^50*(e|$)/.test(exact.slice(mantissa));
  if (!half || !/[13579](e|$)/.test(text)) return text;
  return exact.slice(0, mantissa) + text.slice(mantissa);
}

/**
 * At most three digits after the point, no trailing zeros, a real minus sign.
 * @type {(value: number) => string}
 */
export function number(value) {
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : `${MINUS}∞`;
  const magnitude = Math.abs(value);
  let text;
  if ((magnitude > 0 && magnitude < 0.0005) || magnitude >= 1e6) {
    text = even(magnitude.toExponential(2), magnitude.toExponential(60));
    text = text.replace("e+", "e").replace("-", MINUS);
  } else {
    text = even(magnitude.toFixed(3), magnitude.toFixed(60)).replace(/\.?0+$/, "");
  }
  return value < 0 && text !== "0" ? MINUS + text : text;
}

/**
 * '=' if number(value) is the value, to float32's precision, else '≈'.
 * @type {(value: number) => "=" | "≈"}
 */
export function equals(value) {
  if (!Number.isFinite(value)) return "=";
  const shown = Number(number(value).replaceAll(MINUS, "-"));
  const apart = Math.abs(shown - value);
  return apart <= 2e-7 * Math.max(Math.abs(shown), Math.abs(value)) ? "=" : "≈";
}

/**
 * A number ready to stand after an operator: negative ones in brackets.
 * @type {(value: number) => string}
 */
export function signed(value) {
  const text = number(value);
  return text.startsWith(MINUS) ? `(${text})` : text;
}

const LARGEST_VALUE = 1e6;

/**
 * @type {<T>(rows: number, cols: number, value: (row: number, col: number) => T) => T[][]}
 */
export const grid = (rows, cols, value) =>
  Array.from({ length: rows }, (_, r) => Array.from({ length: cols }, (_, c) => value(r, c)));

/**
 * The same rows but for one number.
 * @type {(rows: number[][], row: number, col: number, value: number) => number[][]}
 */
export const replaced = (rows, row, col, value) =>
  rows.map((line, r) => (r === row ? line.map((old, c) => (c === col ? value : old)) : line));

/**
 * A number typed by a reader, as float32 holds it, nan and inf too; null if the text is not one.
 * @type {(text: string | number) => number | null}
 */
export function readNumber(text) {
  const plain = String(text).trim().replace(/^[−–]/, "-");
  const special = /^([-+]?)(nan|inf|infinity|∞)$/i.exec(plain);
  if (special) return special[2].toLowerCase() === "nan" ? NaN : Number(`${special[1]}Infinity`);
  if (!/^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d{1,3})?$/i.test(plain)) return null;
  const value = Number(plain);
  return Math.abs(value) <= LARGEST_VALUE ? Math.fround(value) : null;
}

/**
 * 1234 as "1,234".
 * @type {(count: number) => string}
 */
export const counted = (count) => count.toLocaleString("en-US");

/**
 * The fewest digits that are this float32.
 * @type {(value: number) => string}
 */
export function short(value) {
  if (Number.isInteger(value) || !Number.isFinite(value)) return String(value);
  for (let digits = 1; digits < 9; digits += 1) {
    const text = Number(value.toPrecision(digits));
    if (Math.fround(text) === Math.fround(value)) return String(text);
  }
  return String(value);
}
