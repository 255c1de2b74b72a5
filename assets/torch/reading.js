// Layers read from a text as data, never run: a small part of Python, calls and plain values alone.

import { LIMITS, PADDING_MODES } from "#generated/torch.js";
import { counted } from "../engine/numbers.js";
import { LayerProblem } from "./problems.js";

/**
 * A layer's call: its arguments, and its text as it is shown.
 * @typedef {{ name: string, positional: any[], named: [string, any][], text: string }} Call
 */

const LONGEST = 20000; // characters of a network
const MOST_LAYERS = 200;

const TOKEN =
  /\s*(?:#[^\n]*)?(?:([A-Za-z_][\w.]*)|((?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)|("[^"\n]*"|'[^'\n]*')|([-()[\],=:+*]))/y;
const BLANK = /(?:\s|#[^\n]*)*/y;
// Lines above a network that only say where its names come from; nothing is imported here.
const IMPORTS =
  /^(?:[ \t]*(?:(?:import|from)[ \t][\w., \t]*(?:\*|\([\w\s,]*\))?[ \t]*)?(?:#[^\n]*)?\n)+/;
// What torch prints of a convolution without the quotes that Python needs.
/** @type {Record<string, string[]>} */
const UNQUOTED = {
  padding: ["same", "valid"],
  padding_mode: PADDING_MODES.filter((mode) => mode !== "zeros"),
};

/**
 * @typedef {object} Token
 * @property {string} [name]
 * @property {string} [number]
 * @property {string} [string]
 * @property {string} [sign]
 * @property {number} start
 * @property {number} stop
 */

class Reader {
  /** @param {string} given */
  constructor(given) {
    // As many blank lines as there were: a message counts lines as the reader does.
    const text = given.replace(IMPORTS, (lines) => lines.replace(/[^\n]+/g, ""));
    this.text = text;
    /** @type {Token[]} */
    this.tokens = [];
    let at = 0;
    for (;;) {
      BLANK.lastIndex = at;
      BLANK.exec(text);
      at = BLANK.lastIndex;
      if (at >= text.length) break;
      TOKEN.lastIndex = at;
      const match = TOKEN.exec(text);
      if (!match) throw this.wrong(at);
      const [, name, number, string, sign] = match;
      const start = TOKEN.lastIndex - (name ?? number ?? string ?? sign).length;
      this.tokens.push({ name, number, string, sign, start, stop: TOKEN.lastIndex });
      at = TOKEN.lastIndex;
    }
    this.at = 0;
  }

  /** @returns {Token} */
  get next() {
    return this.tokens[this.at] ?? { sign: "", start: this.text.length, stop: this.text.length };
  }

  wrong(at = this.next.start) {
    const line = this.text.slice(0, at).split("\n").length;
    const found = this.text.slice(at, at + 24).split("\n")[0] || "the end";
    return new LayerProblem(
      `line ${line}: unexpected ${found}`,
      "Write plain layer calls with literal values, such as nn.Conv2d(3, 8, kernel_size=3).",
    );
  }

  /** @param {string} sign */
  takes(sign) {
    if (this.next.sign !== sign) return false;
    this.at += 1;
    return true;
  }

  /** @param {string} sign */
  must(sign) {
    if (!this.takes(sign)) throw this.wrong();
  }

  /**
   * A value, or a product of whole numbers, such as 6*28*28.
   * @returns {any}
   */
  value(depth = 0) {
    let found = this.factor(depth);
    while (this.next.sign === "*") {
      const at = this.next.start;
      this.at += 1;
      const other = this.factor(depth);
      if (!Number.isInteger(found) || !Number.isInteger(other)) throw this.wrong(at);
      found = number(String(Math.abs(found * other)), Math.sign(found * other));
    }
    return found;
  }

  /**
   * @param {number} depth
   * @returns {any}
   */
  factor(depth) {
    const token = this.next;
    this.at += 1;
    if (token.string) return token.string.slice(1, -1);
    if (token.name && CONSTANTS.has(token.name)) return CONSTANTS.get(token.name);
    if (token.number) return number(token.number, 1);
    if (token.sign === "-" && this.next.number) {
      this.at += 1;
      return number(this.tokens[this.at - 1].number ?? "", -1);
    }
    if ((token.sign === "(" || token.sign === "[") && depth < 3) {
      const close = token.sign === "(" ? ")" : "]";
      const items = [];
      let comma = false;
      while (!this.takes(close)) {
        if (items.length && !comma) throw this.wrong();
        items.push(this.value(depth + 1));
        comma = this.takes(",");
      }
      return items.length === 1 && !comma && close === ")" ? items[0] : items;
    }
    this.at -= 1;
    throw this.wrong();
  }

  /**
   * 'nn.Conv2d(3, 8, 3)' at the present place, or the layers of an nn.Sequential.
   * @returns {Call[]}
   */
  layers(depth = 0) {
    const head = this.next;
    if (!head.name || depth > 8) throw this.wrong();
    this.at += 1;
    const name = head.name.replace(/^(torch\.)?nn\./, "");
    if (name === "Sequential") {
      this.must("(");
      return this.several(")", depth);
    }
    if (name === "OrderedDict" || name === "collections.OrderedDict") return this.dictionary(depth);
    /** @type {Call} */
    const call = { name, positional: [], named: [], text: "" };
    const bare = [];
    this.must("(");
    while (!this.takes(")")) {
      if (this.next.name && this.tokens[this.at + 1]?.sign === "=") {
        const key = this.next.name;
        this.at += 2;
        const word = this.next.name ?? "";
        if (Object.hasOwn(UNQUOTED, key) && UNQUOTED[key].includes(word)) {
          bare.push(this.next);
          call.named.push([key, word]);
          this.at += 1;
        } else call.named.push([key, this.value()]);
      } else {
        if (call.named.length) throw this.wrong();
        call.positional.push(this.value());
      }
      if (!this.takes(",") && this.next.sign !== ")") throw this.wrong();
    }
    let text = "";
    let from = head.start;
    for (const { name: word, start, stop } of bare) {
      text += `${this.text.slice(from, start)}'${word}'`;
      from = stop;
    }
    text += this.text.slice(from, this.tokens[this.at - 1].stop);
    call.text = text.replace(/\s+/g, " ");
    return [call];
  }

  /**
   * Layers up to a closing sign; commas, and the '(0):' that torch prints, may come between.
   * @param {string} close
   * @param {number} depth
   * @returns {Call[]}
   */
  several(close, depth) {
    const found = [];
    while (this.next.sign !== close || (close === "" && this.at < this.tokens.length)) {
      if (this.next.sign === "(" && this.tokens[this.at + 2]?.sign === ")") {
        this.at += 3;
        this.must(":");
      }
      found.push(...this.layers(depth + 1));
      if (found.length > MOST_LAYERS) {
        throw new LayerProblem(`At most ${MOST_LAYERS} layers are accepted.`);
      }
      this.takes(",");
    }
    if (close) this.must(close);
    return found;
  }

  /**
   * @param {number} depth
   * @returns {Call[]}
   */
  dictionary(depth) {
    const found = [];
    this.must("(");
    this.must("[");
    while (this.takes("(")) {
      if (!this.next.string) throw this.wrong();
      this.at += 1;
      this.must(",");
      found.push(...this.layers(depth + 1));
      this.takes(",");
      this.must(")");
      this.takes(",");
    }
    this.must("]");
    this.takes(",");
    this.must(")");
    return found;
  }
}

/** @type {Map<string, boolean | null>} */
const CONSTANTS = new Map([
  ["True", true],
  ["False", false],
  ["None", null],
]);

/**
 * A float keeps its kind, for torch takes no 2.0 for a size.
 * @type {(text: string, sign: number) => number | { float: number }}
 */
function number(text, sign) {
  const value = sign * Number(text);
  if (!(Math.abs(value) <= LIMITS.number)) {
    throw new LayerProblem(
      `${text} is beyond ${counted(LIMITS.number)}, the largest number accepted`,
    );
  }
  return /^\d+$/.test(text) ? value : { float: value };
}

/**
 * The calls in a network's text: an nn.Sequential, what torch prints of one, or bare layers.
 * @type {(text: string) => Call[]}
 */
export function readNetwork(text) {
  if (text.length > LONGEST) {
    throw new LayerProblem(`A network has at most 20,000 characters, not ${text.length}.`);
  }
  const reader = new Reader(text);
  if (reader.next.name && reader.tokens[1]?.sign === "=") reader.at = 2; // model = nn.Sequential
  const found = reader.several("", 0);
  if (!found.length) throw new LayerProblem("There is no layer in this text.");
  return found;
}

/**
 * '3x32x32', '(3, 32, 32)' or '3, 32, 32' to [3, 32, 32].
 * @type {(text: string) => number[]}
 */
export function readShape(text) {
  const sizes = text
    .replace(/^[\s([]+|[\s,)\]]+$/g, "")
    .split(/\s*[x×,;]\s*|\s+/i)
    .map((word) => (/^\d{1,7}$/.test(word) ? Number(word) : NaN));
  const why = "Sizes are whole numbers from 1, channels first, such as 3, 32, 32 or 784.";
  if (sizes.some(Number.isNaN) || sizes.some((n) => n < 1 || n > LIMITS.number)) {
    throw new LayerProblem(`“${text.slice(0, 60)}” is not an input shape`, why);
  }
  if (sizes.length > 3) {
    throw new LayerProblem(`An input has one to three sizes here, not ${sizes.length}.`, why);
  }
  return sizes;
}
