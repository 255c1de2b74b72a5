// What a reader pastes as a grid: rows of numbers, or what torch, numpy and spreadsheets print.
// What can be read in two ways is not guessed at; a sentence asks.

import { readNumber } from "../../engine/numbers.js";
import { LayerProblem } from "../../torch/problems.js";
import { checkRows } from "./source.js";

const WORD = /[-+−–]?(?:[\d.]+(?:e[-+]?\d+)?|nan|inf(?:inity)?|∞)(?![^\s,[\]])/iy;

/**
 * Rows of numbers. Throws a LayerProblem that says what is unclear.
 * @type {(pasted: string) => number[][]}
 */
export function readPasted(pasted) {
  const text = listed(pasted.replace(/#.*$/gm, ""));
  const rows = text.includes("[") ? bracketed(text) : lines(text);
  checkRows(rows);
  return rows;
}

/**
 * Tuples as lists: '((1, 2), (3, 4))' to '[[1, 2], [3, 4]]'. The brackets of a call stay.
 * @type {(text: string) => string}
 */
function listed(text) {
  /** @type {boolean[]} */
  const tuples = [];
  return text.replace(/(\w?)\(|\)/g, (sign, before) => {
    if (sign === ")") return tuples.pop() ? "]" : ")";
    tuples.push(!before);
    return before ? sign : "[";
  });
}

/** @type {(word: string) => number} */
function numberOf(word) {
  const value = readNumber(word);
  if (value !== null) return value;
  throw new LayerProblem(
    `“${word.slice(0, 40)}” is not a number between −1,000,000 and 1,000,000.`,
    "Numbers such as -2.5, 3e4, nan and inf are accepted.",
  );
}

// ---- Brackets: one list in another, as Python prints a tensor or an array.

/** @type {(text: string) => number[][]} */
function bracketed(text) {
  if (/\.\.\.|…/.test(text)) {
    throw new LayerProblem(
      "Part of this tensor is left out (…).",
      "Print all of it: torch.set_printoptions(threshold=10_000).",
    );
  }
  const [first, last] = [text.indexOf("["), text.lastIndexOf("]") + 1];
  const [before, behind] = [text.slice(0, first), text.slice(last)];
  refuseChanged(before.replace(BEFORE, ""));
  refuseChanged(behind.replace(BEHIND, ""));
  const inside = text.slice(first, last);
  if (/\d,\d/.test(inside) && /[\d.]\s+[-+−–]?[\d.]/.test(inside)) throw askCommas(inside);
  const list = nested(inside);
  const sizes = [];
  for (let one = list; Array.isArray(one); [one] = one) sizes.push(one.length);
  const many = sizes.slice(0, -2).find((n) => n !== 1);
  if (many !== undefined) {
    throw new LayerProblem(
      `This tensor is ${sizes.join(" by ")}, and the explorer takes one grid of rows and columns.`,
      `Paste one channel of one sample, such as x[${sizes
        .slice(2)
        .map(() => 0)
        .join(", ")}].`,
    );
  }
  if (/\b(u?int\d*|long|short)\b/.test(before + behind) && !list.flat(8).every(isWhole)) {
    refuseChanged(behind);
  }
  let rows = list;
  for (let n = sizes.length; n > 2; n -= 1) [rows] = rows;
  if (sizes.length === 1) rows = [rows];
  if (!rows.every((row) => Array.isArray(row) && !row.some(Array.isArray))) {
    throw new LayerProblem("Some of the brackets hold rows, and some hold numbers.");
  }
  return rows;
}

// What may stand around the brackets, for it changes no number: a prompt, a name, and what makes a
// tensor or an array; the options of these, and methods that only say how the numbers are held.
const BEFORE =
  /^\s*(?:>>>|\.\.\.)?\s*(?:(?:print\()?[\w.]+\)?\s*\n\s*)?(?:[\w.]+\s*(?::\s*[\w.]+\s*)?[=:]\s*|Parameter containing:\s*)?(?:(?:(?:torch|np|numpy|nn|torch\.nn)\.)?(?:tensor|Tensor|(?:Float|Double|Half|Int|Long)Tensor|as_tensor|array|asarray|from_numpy|Parameter|Buffer|list|print)\(\s*)*$/;
const OPTION =
  /\s*,\s*(?:(?:dtype|requires_grad|device|grad_fn|copy)\s*=\s*(?:<[\w.\s]*>|[\w.]+|'[\w:|<>=]+'|"[\w:|<>=]+")|(?:torch|np|numpy)\.\w+)/;
const METHOD =
  /\s*\.(?:(?:float|double|half|int|long|cpu|cuda|clone|detach|numpy|contiguous|copy|tolist|requires_grad_|to|astype|type)\([\w.,\s='":]*\)|unsqueeze\(0\)|unsqueeze_\(0\))/;
const BEHIND = new RegExp(`^(?:${OPTION.source}|${METHOD.source}|\\s*,?\\s*\\)|\\s*[,;]?\\s*$)*$`);
const isWhole = (/** @type {number} */ value) => Number.isInteger(value);

/**
 * Refuses what may change the numbers: '-' before the brackets, or '* 2' or '.abs()' behind them.
 * @type {(around: string) => void}
 */
function refuseChanged(around) {
  const part = around.trim();
  if (!part) return;
  const told = `“${part.slice(0, 40)}”`;
  throw new LayerProblem(
    /[-+−–*/@%<>&|^~!]/.test(part)
      ? `${told} is a calculation, and only its numbers can be pasted.`
      : `${told} may be more than the name of these numbers, and only numbers can be pasted.`,
    "Print its result, and paste that.",
  );
}

/**
 * '[[1, 2], [3, 4]]' to lists of numbers; numpy prints no commas.
 * @type {(text: string) => any[]}
 */
function nested(text) {
  /** @type {any[][]} */
  const stack = [[]];
  let at = 0;
  let due = false; // a number or a list: a comma cannot be next
  while (at < text.length) {
    const sign = text[at];
    if (sign === "," && due) {
      throw new LayerProblem("A number is missing before a comma in these brackets.");
    }
    if (!/\s/.test(sign)) due = sign === "[" || sign === ",";
    if (sign === "[") stack.push([]);
    else if (sign === "]") {
      const done = stack.pop();
      if (!stack.length) throw new LayerProblem("There is one closing bracket too many.");
      stack[stack.length - 1].push(done);
    } else if (!/[\s,]/.test(sign)) {
      WORD.lastIndex = at;
      const word = WORD.exec(text)?.[0] ?? text.slice(at).split(/[\s,[\]]/)[0];
      stack[stack.length - 1].push(numberOf(word));
      at += word.length - 1;
    }
    at += 1;
    if (stack.length > 8)
      throw new LayerProblem("These brackets are nested too deeply for a grid.");
  }
  if (stack.length !== 1) throw new LayerProblem("A bracket is missing.");
  if (stack[0].length !== 1) {
    throw new LayerProblem("There are several lists of numbers here; paste one.");
  }
  return stack[0][0];
}

// ---- Lines.

const ASK_COMMAS =
  "Write decimals with a point, such as 1.5, and put one kind of separator between numbers.";
const ASK_SEMICOLONS =
  "Put each row on a line of its own, with spaces or commas between its numbers.";

/** @type {(text: string) => LayerProblem} */
const askCommas = (text) =>
  new LayerProblem(
    `Are the commas of “${text.slice(0, 40)}” decimal points, or do they separate numbers?`,
    ASK_COMMAS,
  );

/** @type {(text: string) => number[][]} */
function lines(text) {
  let rows = text.split("\n").map((line) => line.trim().replace(/;$/, ""));
  rows = rows.filter((line) => line.trim());
  if (rows.some((line) => line.includes(";"))) {
    const parts = rows.flatMap((line) => line.split(";")).map((part) => part.trim());
    // '1 2; 3 4' on one line can only be rows.
    const clear = rows.length === 1 && parts.every((part) => /\s/.test(part));
    if (!clear) {
      throw new LayerProblem(
        "Do the semicolons separate rows, or the numbers of a row?",
        ASK_SEMICOLONS,
      );
    }
    rows = parts;
  }
  if (rows.length && rows.every(mayBeDecimals)) {
    throw new LayerProblem(
      `Are the commas of “${rows[0].slice(0, 40)}” decimal points, or do they separate numbers?`,
      "Write decimals with a point, such as 1.5, or a space after each comma between numbers.",
    );
  }
  return rows.map((line) => rowOf(line));
}

// One comma between digits alone: a decimal, or two numbers; '1.234,5' and '1,234.5' too.
const ONE_COMMA = /^[-+−–]?(?:(?:\d{1,3}(?:\.\d{3})+|\d+),\d+|\d{1,3},\d{3}\.\d+)$/;

/**
 * Whether a line may be decimals with commas, even if commas separate these as in '12,5,13,5':
 * what could be the fractions is of one length, and what is before them of another.
 * @type {(line: string) => boolean}
 */
function mayBeDecimals(line) {
  if (ONE_COMMA.test(line)) return true;
  const parts = line.split(",");
  if (parts.length % 2 || !parts.every((part) => /^[-+−–]?\d+$/.test(part))) return false;
  const fractions = parts.filter((_, i) => i % 2);
  const [{ length }] = fractions;
  const wholes = parts.filter((_, i) => i % 2 === 0).map((part) => part.replace(/^\D/, ""));
  return (
    fractions.every((part) => /^\d+$/.test(part) && part.length === length) &&
    (wholes.every((part) => part.length !== length) || wholes.some((part) => part === "0"))
  );
}

/** @type {(line: string) => number[]} */
function rowOf(line) {
  const words = line.replace(/,$/, "").split(line.includes(",") ? "," : /\s+/);
  const parts = words.map((word) => word.trim());
  const mixed = parts.some((part) => /\s/.test(part));
  const decimals = parts.slice(1).some((part) => /^0\d/.test(part));
  if (line.includes(",") && (mixed || decimals)) throw askCommas(line);
  if (parts.slice(1).some((part) => /^0\d\d$/.test(part))) {
    throw new LayerProblem(
      `Do the spaces of “${line.slice(0, 40)}” separate numbers, or thousands?`,
      "Write thousands without a space, such as 1000.",
    );
  }
  return parts.map(numberOf);
}
