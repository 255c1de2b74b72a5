// A network's layers as plain numbers: shape, parameters, MACs and receptive field of each,
// and torch's own words for the first that cannot fit. Layers are read as data, never run.
// It says what the package's funnel() says (tracing/network.py, tracing/layers.py,
// tracing/receptive_field.py).

(() => {
  "use strict";
  const SW = (globalThis.SlidingWindows ??= {});
  const LONGEST = 20000; // characters of a network
  const MOST_LAYERS = 200;
  const LARGEST = 100000; // a number in a call, as in the package's tracing/parsing.py

  class LayerProblem extends Error {
    /** torch: true if the message is torch's own. */
    constructor(message, why = "", lesson = "", torch = false) {
      super(message);
      Object.assign(this, { why, lesson, torch });
    }
  }
  const torchSays = (message, why, lesson) => new LayerProblem(message, why, lesson, true);

  // ---- Reading: a small part of Python, calls and plain values alone.

  const TOKEN =
    /\s*(?:#[^\n]*)?(?:([A-Za-z_][\w.]*)|((?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)|("[^"\n]*"|'[^'\n]*')|([-()[\],=:+*]))/y;
  const BLANK = /(?:\s|#[^\n]*)*/y;
  // Lines above a network that only say where its names come from; nothing is imported here.
  const IMPORTS = /^(?:[ \t]*(?:(?:import|from)[ \t][\w., \t]*(?:\*|\([\w\s,]*\))?[ \t]*)?(?:#[^\n]*)?\n)+/;
  // What torch prints of a convolution without the quotes that Python needs.
  const UNQUOTED = {
    padding: ["same", "valid"],
    padding_mode: ["reflect", "replicate", "circular"],
  };

  class Reader {
    constructor(given) {
      // As many blank lines as there were: a message counts lines as the reader does.
      const text = given.replace(IMPORTS, (lines) => lines.replace(/[^\n]+/g, ""));
      this.text = text;
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

    takes(sign) {
      if (this.next.sign !== sign) return false;
      this.at += 1;
      return true;
    }

    must(sign) {
      if (!this.takes(sign)) throw this.wrong();
    }

    /** A value, or a product of whole numbers, such as 6*28*28. */
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

    factor(depth) {
      const token = this.next;
      this.at += 1;
      if (token.string) return token.string.slice(1, -1);
      if (token.name && CONSTANTS.has(token.name)) return CONSTANTS.get(token.name);
      if (token.number) return number(token.number, 1);
      if (token.sign === "-" && this.next.number) {
        this.at += 1;
        return number(this.tokens[this.at - 1].number, -1);
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

    /** 'nn.Conv2d(3, 8, 3)' at the present place, or the layers of an nn.Sequential. */
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
      const call = { name, positional: [], named: [] };
      const bare = [];
      this.must("(");
      while (!this.takes(")")) {
        if (this.next.name && this.tokens[this.at + 1]?.sign === "=") {
          const key = this.next.name;
          this.at += 2;
          if (Object.hasOwn(UNQUOTED, key) && UNQUOTED[key].includes(this.next.name)) {
            bare.push(this.next);
            call.named.push([key, this.next.name]);
            this.at += 1;
          } else call.named.push([key, this.value()]);
        } else {
          if (call.named.length) throw this.wrong();
          call.positional.push(this.value());
        }
        if (!this.takes(",") && this.next.sign !== ")") throw this.wrong();
      }
      let [text, from] = ["", head.start];
      for (const { name: word, start, stop } of bare) {
        text += `${this.text.slice(from, start)}'${word}'`;
        from = stop;
      }
      text += this.text.slice(from, this.tokens[this.at - 1].stop);
      call.text = text.replace(/\s+/g, " ");
      return [call];
    }

    /** Layers up to a closing sign; commas, and the '(0):' that torch prints, may stand between. */
    several(close, depth) {
      const found = [];
      while (this.next.sign !== close || (close === "" && this.at < this.tokens.length)) {
        if (this.next.sign === "(" && this.tokens[this.at + 2]?.sign === ")") {
          this.at += 3;
          this.must(":");
        }
        found.push(...this.layers(depth + 1));
        if (found.length > MOST_LAYERS) {
          throw new LayerProblem(`At most ${MOST_LAYERS} layers are taken.`);
        }
        this.takes(",");
      }
      if (close) this.must(close);
      return found;
    }

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

  const CONSTANTS = new Map([
    ["True", true],
    ["False", false],
    ["None", null],
  ]);

  /** A float keeps its kind, for torch takes no 2.0 for a size. */
  function number(text, sign) {
    const value = sign * Number(text);
    if (!(Math.abs(value) <= LARGEST)) {
      throw new LayerProblem(`${text} is beyond 100,000, the largest number taken`);
    }
    return /^\d+$/.test(text) ? value : { float: value };
  }

  /** The calls in a network's text: an nn.Sequential, what torch prints of one, or bare layers. */
  function readNetwork(text) {
    if (text.length > LONGEST) {
      throw new LayerProblem(`A network has at most 20,000 characters, not ${text.length}.`);
    }
    const reader = new Reader(text);
    if (reader.next.name && reader.tokens[1]?.sign === "=") reader.at = 2; // model = nn.Sequential
    const found = reader.several("", 0);
    if (!found.length) throw new LayerProblem("There is no layer in this text.");
    return found;
  }

  /** '3x32x32', '(3, 32, 32)' or '3, 32, 32' to [3, 32, 32]. */
  function readShape(text) {
    const sizes = text
      .replace(/^[\s([]+|[\s,)\]]+$/g, "")
      .split(/\s*[x×,;]\s*|\s+/i)
      .map((word) => (/^\d{1,7}$/.test(word) ? Number(word) : NaN));
    const why = "Sizes are whole numbers from 1, channels first, such as 3, 32, 32 or 784.";
    if (sizes.some(Number.isNaN) || sizes.some((n) => n < 1 || n > LARGEST)) {
      throw new LayerProblem(`“${text.slice(0, 60)}” is no input shape`, why);
    }
    if (sizes.length > 3) {
      throw new LayerProblem(`An input has one to three sizes here, not ${sizes.length}.`, why);
    }
    return sizes;
  }

  // ---- Signatures, as torch's constructors have them. A test compares them with torch's.

  const window_ = ["kernel_size", ["stride", null], ["padding", 0]];
  const CONV = [
    ...["in_channels", "out_channels", "kernel_size", ["stride", 1], ["padding", 0]],
    ...[["dilation", 1], ["groups", 1], ["bias", true], ["padding_mode", "zeros"]],
    ...[["device", null], ["dtype", null]],
  ];
  const TRANSPOSED = [
    ...["in_channels", "out_channels", "kernel_size", ["stride", 1], ["padding", 0]],
    ...[["output_padding", 0], ["groups", 1], ["bias", true], ["dilation", 1]],
    ...[["padding_mode", "zeros"], ["device", null], ["dtype", null]],
  ];
  const MAX = [...window_, ["dilation", 1], ["return_indices", false], ["ceil_mode", false]];
  const AVERAGE = [...window_, ["ceil_mode", false], ["count_include_pad", true]];
  const LP = ["norm_type", "kernel_size", ["stride", null], ["ceil_mode", false]];
  const NORM = [
    ...["num_features", ["eps", 1e-5], ["momentum", 0.1], ["affine", true]],
    ...[["track_running_stats", true], ["device", null], ["dtype", null], ["bias", true]],
  ];
  const INPLACE = [["inplace", false]];
  const DROPOUT = [["p", 0.5], ["inplace", false]];

  // name: [parameters, the rule, who complains of wrong arguments]
  const LAYERS = {
    Conv1d: [CONV, convolution],
    Conv2d: [CONV, convolution],
    ConvTranspose1d: [TRANSPOSED, transposed],
    ConvTranspose2d: [TRANSPOSED, transposed],
    MaxPool1d: [MAX, maxPool1d, "_MaxPoolNd"],
    MaxPool2d: [MAX, maxPool2d, "_MaxPoolNd"],
    AvgPool1d: [AVERAGE, averagePool],
    AvgPool2d: [[...AVERAGE, ["divisor_override", null]], averagePool],
    LPPool1d: [LP, lpPool, "_LPPoolNd"],
    LPPool2d: [LP, lpPool, "_LPPoolNd"],
    AdaptiveAvgPool1d: [["output_size"], adaptive, "_AdaptiveAvgPoolNd"],
    AdaptiveAvgPool2d: [["output_size"], adaptive, "_AdaptiveAvgPoolNd"],
    AdaptiveMaxPool1d: [
      ["output_size", ["return_indices", false]],
      adaptive,
      "_AdaptiveMaxPoolNd",
    ],
    AdaptiveMaxPool2d: [
      ["output_size", ["return_indices", false]],
      adaptive,
      "_AdaptiveMaxPoolNd",
    ],
    ReLU: [INPLACE, elementWise],
    ReLU6: [INPLACE, elementWise],
    LeakyReLU: [[["negative_slope", 0.01], ["inplace", false]], elementWise],
    PReLU: [[["num_parameters", 1], ["init", 0.25], ["device", null], ["dtype", null]], prelu],
    ELU: [[["alpha", 1], ["inplace", false]], elementWise],
    SELU: [INPLACE, elementWise],
    CELU: [[["alpha", 1], ["inplace", false]], elementWise],
    GELU: [[["approximate", "none"]], elementWise],
    SiLU: [INPLACE, elementWise],
    Mish: [INPLACE, elementWise],
    Sigmoid: [[], elementWise],
    Tanh: [[], elementWise],
    Hardtanh: [
      [["min_val", -1], ["max_val", 1], ["inplace", false], ["min_value", null], ["max_value", null]],
      elementWise,
    ],
    Hardsigmoid: [INPLACE, elementWise],
    Hardswish: [INPLACE, elementWise],
    Softplus: [[["beta", 1], ["threshold", 20]], elementWise],
    Softsign: [[], elementWise],
    LogSigmoid: [[], elementWise],
    Softmax: [[["dim", null]], softmax],
    LogSoftmax: [[["dim", null]], softmax],
    Identity: [[], elementWise],
    BatchNorm1d: [NORM, batchNorm, "_BatchNorm"],
    BatchNorm2d: [NORM, batchNorm, "_BatchNorm"],
    Dropout: [DROPOUT, dropout, "_DropoutNd"],
    Dropout1d: [DROPOUT, dropout, "_DropoutNd"],
    Dropout2d: [DROPOUT, dropout, "_DropoutNd"],
    Flatten: [[["start_dim", 1], ["end_dim", -1]], flatten],
    Linear: [
      ["in_features", "out_features", ["bias", true], ["device", null], ["dtype", null]],
      linear,
    ],
  };

  /** The name that differs least, by at most two letters; capitals count for nothing. */
  function nearest(name, names) {
    const distance = (a, b) => {
      let row = Array.from({ length: b.length + 1 }, (_, i) => i);
      for (let i = 0; i < a.length; i += 1) {
        const next = [i + 1];
        for (let j = 0; j < b.length; j += 1) {
          next.push(Math.min(row[j + 1] + 1, next[j] + 1, row[j] + (a[i] === b[j] ? 0 : 1)));
        }
        row = next;
      }
      return row.at(-1);
    };
    const word = name.slice(0, 40).toLowerCase();
    const far = names.map((one) => [distance(word, one.toLowerCase()), one]);
    const [least, found] = far.reduce((a, b) => (b[0] < a[0] ? b : a));
    return least <= Math.min(2, word.length / 3) ? found : null;
  }

  /** A call's arguments by name, or what Python says of them. */
  function bind(call) {
    if (!Object.hasOwn(LAYERS, call.name)) {
      const near = nearest(call.name, Object.keys(LAYERS));
      throw new LayerProblem(
        `${call.name} is not a layer of this page`,
        near ? `Did you mean ${near}?` : `It knows ${Object.keys(LAYERS).join(", ")}.`,
      );
    }
    const [parameters, , owner = call.name] = LAYERS[call.name];
    const names = parameters.map((one) => (Array.isArray(one) ? one[0] : one));
    const required = parameters.filter((one) => !Array.isArray(one));
    const said = (text) =>
      torchSays(`${owner}.__init__() ${text}`, `It takes ${names.join(", ") || "no arguments"}.`);
    const keywordOnly = parameters === NORM ? 1 : 0;
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
    const most = names.length - keywordOnly;
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
      if (Array.isArray(parameter) && !found.has(parameter[0])) found.set(...parameter);
    }
    const args = Object.fromEntries(found);
    checkKinds(args, call);
    return args;
  }

  /** Arguments that no rule below reads, but torch refuses when they are of another kind. */
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

  function whole(args, name, call) {
    if (Number.isInteger(args[name])) return args[name];
    throw new LayerProblem(`${call.name}: ${name} must be a whole number`);
  }

  /**
   * One number for each axis. One in brackets, such as (2,), torch repeats for both axes, but not
   * as an output_size, nor as the kernel_size of a layer that does more with it than hand it on:
   * of convolutions and LPPool2d. LPPool1d, which multiplies by its kernel_size, takes none.
   */
  function several(args, name, call, rank, none = false) {
    const listed = Array.isArray(args[name]) && call.name !== "LPPool1d";
    const handedOn = name !== "kernel_size" || /^(Max|Avg)Pool/.test(call.name);
    const repeats = listed && args[name].length === 1 && name !== "output_size" && handedOn;
    const [each] = repeats ? args[name] : [args[name]];
    const list = listed && !repeats ? args[name] : Array(rank).fill(each);
    const fits = (n) => Number.isInteger(n) || (none && n === null);
    if (list.length === rank && list.every(fits)) return list;
    const many = rank === 2 ? "one whole number or two" : "one whole number";
    throw new LayerProblem(`${call.name}: ${name} must be ${many}`);
  }

  function truth(args, name, call) {
    if (typeof args[name] === "boolean") return args[name];
    throw new LayerProblem(`${call.name}: ${name} must be True or False`);
  }

  const real = (value) => (value !== null && typeof value === "object" ? value.float : value);

  function decimal(args, name, call) {
    const value = real(args[name]);
    if (typeof value === "number") return value;
    throw new LayerProblem(`${call.name}: ${name} must be a number`);
  }

  /** 'same' or 'valid'; null for a padding in numbers. */
  function paddingWord(args, call) {
    if (typeof args.padding !== "string") return null;
    if (["same", "valid"].includes(args.padding)) return args.padding;
    throw new LayerProblem(
      `${call.name}: the only words for padding are 'same' and 'valid', not '${args.padding}'`,
      "Or give a number, or one for rows and one for columns.",
      PADDING,
    );
  }

  function paddingMode(args, call) {
    if (["zeros", "reflect", "replicate", "circular"].includes(args.padding_mode)) {
      return args.padding_mode;
    }
    throw new LayerProblem(
      `${call.name}: padding_mode must be 'zeros', 'reflect', 'replicate' or 'circular'`,
      "",
      PADDING,
    );
  }

  /** Arguments as plain values, each of its kind; a pair of equals is one number. */
  function plainArguments(call) {
    const args = bind(call);
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
  const rankOf = (call) => Number(call.name.at(-2));
  const product = (numbers) => numbers.reduce((a, b) => a * b, 1);
  const by = (numbers) => numbers.join("x");
  const spaced = (numbers) => `(${numbers.join(" x ")})`;
  const list = (numbers) => `[${numbers.join(", ")}]`;

  // ---- Rules: (args, shape with a batch of one, call) to {shape, parameters, macs, windows}.
  // windows: [kernel, stride, padding before, dilation] an axis; null where they are not alike.
  // way: what else sight.js needs in order to follow what a layer's output sees.

  const SIZE = "lessons/output-size/";
  const PADDING = "lessons/padding/";
  const SETUP = "lessons/a-typical-setup/";

  /** A layer of ``rank`` takes one sample without its batch, too: its first size is then channels. */
  function batched(shape, rank) {
    return shape.length === rank + 1 ? [1, ...shape] : shape;
  }

  function unbatched(out, shape, rank) {
    return shape.length === rank + 1 ? out.slice(1) : out;
  }

  function checkNegative(sizes) {
    const wrong = sizes.find((n) => n < 0);
    if (wrong !== undefined) {
      throw torchSays(
        `Trying to create tensor with negative dimension ${wrong}: ${list(sizes)}`,
        "A size cannot be less than nothing.",
      );
    }
  }

  function checkGroups(channels, out, groups) {
    const why = "Each group takes an equal share of the channels.";
    if (groups <= 0) throw torchSays("groups must be a positive integer", why);
    if (channels % groups) throw torchSays("in_channels must be divisible by groups", why);
    if (out % groups) throw torchSays("out_channels must be divisible by groups", why);
  }

  function expectedDims(call, shape, rank, name) {
    if (shape.length === rank + 1 || shape.length === rank + 2) return;
    throw torchSays(
      `Expected ${rank + 1}D (unbatched) or ${rank + 2}D (batched) input to ${name}${rank}d, ` +
        `but got input of size: ${list(shape)}`,
      `${call.name} needs channels and ${rank === 2 ? "a height and a width" : "a length"}; ` +
        `the output of the layer before has ${shape.length - 1} size${shape.length === 2 ? "" : "s"}.`,
    );
  }

  function channelsMismatch(head, weight, shape, wanted) {
    return torchSays(
      `Given ${head}, weight of size ${list(weight)}, expected input${list(shape)} to have ` +
        `${wanted} channels, but got ${shape[1]} channels instead`,
      `What comes in has ${shape[1]} channels: say in_channels=${shape[1]}, or change the layer before.`,
      SETUP,
    );
  }

  function convolution(args, shape, call) {
    const rank = rankOf(call);
    const [channels, out, groups] = ["in_channels", "out_channels", "groups"].map((name) =>
      whole(args, name, call),
    );
    const kernel = several(args, "kernel_size", call, rank);
    const stride = several(args, "stride", call, rank);
    const dilation = several(args, "dilation", call, rank);
    const bias = truth(args, "bias", call);
    checkGroups(channels, out, groups);
    const text = paddingWord(args, call);
    const padding = text ? Array(rank).fill(0) : several(args, "padding", call, rank);
    if (text === "same" && stride.some((s) => s !== 1)) {
      throw torchSays(
        "padding='same' is not supported for strided convolutions",
        "A stride makes the output smaller, so it cannot be the same size; give numbers instead.",
        "lessons/padding/#same-with-a-stride",
      );
    }
    const mode = paddingMode(args, call);
    const weight = [out, Math.trunc(channels / groups), ...kernel];
    checkNegative(weight);
    let pads = padding.map((p) => [p, p]);
    if (text === "same") {
      pads = kernel.map((k, i) => {
        const total = dilation[i] * (k - 1);
        return [Math.floor(total / 2), total - Math.floor(total / 2)];
      });
    }
    const full = batched(shape, rank);
    if (mode !== "zeros") checkCopied(shape, pads, mode, rank);
    expectedDims(call, shape, rank, "conv");
    if (text !== "same" && mode === "zeros" && padding.some((p) => p < 0)) {
      throw torchSays("negative padding is not supported", "Cut the input instead.", PADDING);
    }
    if (stride.some((s) => s <= 0)) {
      throw torchSays("non-positive stride is not supported", "A window must move on.", STRIDE);
    }
    checkDilation(dilation);
    const sizes = full.slice(2);
    // Copied padding, and the odd element of padding='same', are put on before the checks.
    const early = pads.map(([a, b]) => (mode !== "zeros" ? a + b : b - a));
    const seen = [...full.slice(0, 2), ...sizes.map((n, i) => n + early[i])];
    checkWeight(`groups=${groups}`, weight, seen, channels, groups);
    const padded = sizes.map((n, i) => n + pads[i][0] + pads[i][1]);
    const extent = kernel.map((k, i) => dilation[i] * (k - 1) + 1);
    if (padded.some((n, i) => n < extent[i])) {
      throw torchSays(
        `Calculated padded input size per channel: ${spaced(padded)}. Kernel size: ` +
          `${spaced(extent)}. Kernel size can't be greater than actual input size`,
        `The window spans ${extent.join("×")}, and with its padding only ${padded.join("×")} is left ` +
          "to slide over.",
        "lessons/output-size/#when-no-window-fits",
      );
    }
    const found = padded.map((n, i) => Math.floor((n - extent[i]) / stride[i]) + 1);
    const result = unbatched([full[0], out, ...found], shape, rank);
    return {
      shape: result,
      parameters: product(weight) + (bias ? out : 0),
      macs: product(result) * weight[1] * product(kernel),
      windows:
        shape.length === rank + 2
          ? kernel.map((k, i) => [k, stride[i], pads[i][0], dilation[i]])
          : null,
      way: { fill: mode, pads: pads.flat().some(Boolean) },
    };
  }

  const STRIDE = "lessons/stride-instead-of-pooling/";

  function checkDilation(dilation) {
    if (dilation.every((d) => d > 0)) return;
    // Torch's words for it depend on the kernel that it happens to choose.
    throw new LayerProblem(
      "dilation must be at least 1",
      "A dilation of 1 leaves no gap between the elements that a window reads.",
      "lessons/dilation/",
    );
  }

  function checkWeight(head, weight, full, channels, groups) {
    if (weight[0] < groups) {
      throw torchSays(
        `Given groups=${groups}, expected weight to be at least ${groups} at ` +
          "dimension 0, but got weight of size " +
          `${list(weight)} instead`,
        "A layer needs at least one channel.",
      );
    }
    if (full[1] !== channels) throw channelsMismatch(head, weight, full, channels);
    if (weight.includes(0)) {
      // Torch's words for it depend on the kernel that it happens to choose.
      throw new LayerProblem("the kernel has no elements", "A window needs at least one element.");
    }
  }

  /** Padding that copies real elements cannot reach further than there are any. */
  function checkCopied(shape, pads, mode, rank) {
    if (shape.length !== rank + 1 && shape.length !== rank + 2) {
      throw torchSays(
        `Padding size ${2 * rank} is not supported for ${shape.length}D input tensor.`,
        `With the batch, ${shape.length} sizes come in.`,
      );
    }
    const full = batched(shape, rank);
    for (let i = rank - 1; i >= 0; i -= 1) {
      const most = Math.max(...pads[i]);
      const size = full[2 + i];
      if (mode === "circular" && most > size) {
        throw torchSays(
          "Padding value causes wrapping around more than once.",
          `There are only ${size} elements to copy along that axis.`,
          PADDING,
        );
      }
      if (mode === "reflect" && most >= size) {
        const dimension = shape.length - rank + i;
        throw torchSays(
          `Argument #${i === rank - 1 ? 4 : 6}: Padding size should be less than the corresponding input dimension, but ` +
            `got: padding (${pads[i].join(", ")}) at dimension ${dimension} of input ${list(shape)}`,
          `A mirror of ${size} elements shows ${size - 1} beyond the edge.`,
          PADDING,
        );
      }
    }
  }

  function transposed(args, shape, call) {
    const rank = rankOf(call);
    const [channels, out, groups] = ["in_channels", "out_channels", "groups"].map((name) =>
      whole(args, name, call),
    );
    const [kernel, stride, padding, dilation, extra] = [
      ...["kernel_size", "stride", "padding", "dilation", "output_padding"],
    ].map((name) => several(args, name, call, rank));
    const bias = truth(args, "bias", call);
    if (args.padding_mode !== "zeros") {
      throw torchSays(
        `Only "zeros" padding mode is supported for ${call.name}`,
        "A transposed convolution's padding takes elements away; there is nothing to fill.",
        PADDING,
      );
    }
    checkGroups(channels, out, groups);
    const weight = [channels, Math.trunc(out / groups), ...kernel];
    checkNegative(weight);
    expectedDims(call, shape, rank, "conv_transpose");
    const full = batched(shape, rank);
    if (padding.some((p) => p < 0)) {
      throw torchSays("negative padding is not supported", "", PADDING);
    }
    if (extra.some((p) => p < 0)) throw torchSays("negative output_padding is not supported", "", SIZE);
    if (stride.some((s) => s <= 0)) {
      throw torchSays("non-positive stride is not supported", "A window must move on.", STRIDE);
    }
    checkDilation(dilation);
    checkWeight("transposed=1", weight, full, channels, groups);
    // Torch runs a signal as an image of one row.
    const rows = (numbers, first) => (rank === 2 ? numbers : [first, ...numbers]);
    const [e, s, d] = [rows(extra, 0), rows(stride, 1), rows(dilation, 1)];
    if (e.some((n, i) => n >= s[i] && n >= d[i])) {
      throw torchSays(
        "output padding must be smaller than either stride or dilation, but got " +
          `output_padding_height: ${e[0]} output_padding_width: ${e[1]} stride_height: ${s[0]} ` +
          `stride_width: ${s[1]} dilation_height: ${d[0]} dilation_width: ${d[1]}`,
        "output_padding chooses among the sizes that a stride rounds to the same; there are " +
          "no more of them than the stride.",
        "lessons/output-size/#the-way-back-up",
      );
    }
    const sizes = full.slice(2);
    const found = sizes.map(
      (n, i) =>
        (n - 1) * stride[i] - 2 * padding[i] + dilation[i] * (kernel[i] - 1) + extra[i] + 1,
    );
    if (found.some((n) => n < 1)) {
      // Torch's words for it depend on the kernel that it happens to choose; some let it be empty.
      throw new LayerProblem(
        "the output has no elements",
        `The padding takes away all that the layer makes: the size is ${by(found)}.`,
        "lessons/output-size/#the-way-back-up",
      );
    }
    return {
      shape: unbatched([full[0], out, ...found], shape, rank),
      parameters: product(weight) + (bias ? out : 0),
      macs: product(shape) * weight[1] * product(kernel),
      windows: null, // its outputs do not all see equally much
      way:
        shape.length === rank + 2
          ? { spread: kernel.map((k, i) => [k, stride[i], padding[i], dilation[i]]) }
          : {},
    };
  }

  /** Torch's number of windows along an axis. */
  function count(size, kernel, stride, padding, dilation, ceil) {
    const room = size + 2 * padding - dilation * (kernel - 1) - 1;
    let found = (ceil ? Math.ceil(room / stride) : Math.floor(room / stride)) + 1;
    if (ceil && (found - 1) * stride >= size + padding) found -= 1;
    return found;
  }

  function windowsOf(shape, rank, kernel, stride, padding, dilation) {
    if (shape.length !== rank + 2) return null;
    return kernel.map((k, i) => [k, stride[i], padding[i], dilation[i]]);
  }

  const plainResult = (shape, windows) => ({ shape, parameters: 0, macs: 0, windows });

  /** A pool's stride that is the kernel's size; a convolution takes neither. */
  const isUnset = (stride) => stride === null || (Array.isArray(stride) && !stride.length);

  function poolArguments(args, call, rank) {
    if (args.return_indices) {
      throw new LayerProblem(
        `${call.name} with return_indices=True returns two tensors, not one to hand on`,
      );
    }
    const kernel = several(args, "kernel_size", call, rank);
    const stride = isUnset(args.stride) ? kernel : several(args, "stride", call, rank);
    const padding = "padding" in args ? several(args, "padding", call, rank) : Array(rank).fill(0);
    const dilation =
      "dilation" in args ? several(args, "dilation", call, rank) : Array(rank).fill(1);
    return { kernel, stride, padding, dilation, ceil: truth(args, "ceil_mode", call) };
  }

  const HALF = "lessons/padding/#at-most-half-the-kernel";
  const TOO_SMALL = "The window is larger than what is left to slide over.";

  function tooSmall(planes, sizes, found) {
    return torchSays(
      `Given input size: (${by([planes, ...sizes])}). Calculated output size: ` +
        `(${by([planes, ...found])}). Output size is too small`,
      `${TOO_SMALL} Shrink less in the layers before, or make the window smaller.`,
      "lessons/output-size/#when-no-window-fits",
    );
  }

  /** Torch's checks of a two-dimensional pool, in torch's order: rows, then columns, then both. */
  function checkPool(pool) {
    const { kernel, stride, padding, dilation } = pool;
    const why = "Else a window could lie in the padding alone, where there is no maximum and no mean.";
    for (let i = 0; i < 2; i += 1) {
      if (stride[i] === 0) {
        throw torchSays("stride should not be zero", "A window must move on.", STRIDE);
      }
      if (padding[i] < 0) {
        throw torchSays(`pad must be non-negative, but got pad: ${padding[i]}`, "", PADDING);
      }
      if (padding[i] > Math.trunc((dilation[i] * (kernel[i] - 1) + 1) / 2)) {
        throw torchSays(
          "pad should be at most half of effective kernel size, but got pad=" +
            `${padding[i]}, kernel_size=${kernel[i]} and dilation=${dilation[i]}`,
          why,
          HALF,
        );
      }
    }
    const both = (what, numbers, names) => {
      if (numbers.every((n) => n > 0)) return;
      throw torchSays(
        `${what} should be greater than zero, but got ` +
          `${names[0]}: ${numbers[0]} ${names[1]}: ${numbers[1]}`,
        "",
        SIZE,
      );
    };
    both("kernel size", kernel, ["kH", "kW"]);
    both("stride", stride, ["dH", "dW"]);
    both("dilation", dilation, ["dilationH", "dilationW"]);
    if (padding.some((p, i) => p > Math.trunc(kernel[i] / 2))) {
      throw torchSays(
        "pad should be smaller than or equal to half of kernel size, but got " +
          `padW = ${padding[1]}, padH = ${padding[0]}, kW = ${kernel[1]}, kH = ${kernel[0]}`,
        `${why} This check leaves the dilation out.`,
        HALF,
      );
    }
  }

  function pooled(full, pool) {
    const { kernel, stride, padding, dilation, ceil } = pool;
    return full
      .slice(2)
      .map((n, i) => count(n, kernel[i], stride[i], padding[i], dilation[i], ceil));
  }

  function maxPool2d(args, shape, call) {
    const pool = poolArguments(args, call, 2);
    if (shape.length !== 3 && shape.length !== 4) {
      throw torchSays(
        "non-empty 3D or 4D (batch mode) tensor expected for input",
        `MaxPool2d needs channels, a height and a width; ${shape.length - 1} size(s) come in.`,
      );
    }
    return pool2d(pool, shape);
  }

  function pool2d(pool, shape) {
    const full = batched(shape, 2);
    checkPool(pool);
    const found = pooled(full, pool);
    if (found.some((n) => n < 1)) throw tooSmall(full[1], full.slice(2), found);
    const windows = windowsOf(shape, 2, pool.kernel, pool.stride, pool.padding, pool.dilation);
    return plainResult(unbatched([...full.slice(0, 2), ...found], shape, 2), windows);
  }

  function maxPool1d(args, shape, call) {
    const pool = poolArguments(args, call, 1);
    if (shape.length !== 2 && shape.length !== 3) {
      throw torchSays(
        "max_pool1d: Expected 2D or 3D (batch mode) tensor with optional 0 dim batch size for " +
          `input, but got:${list(shape)}`,
        "MaxPool1d needs channels and a length.",
      );
    }
    const full = batched(shape, 1);
    const [k, s, p, d] = [pool.kernel[0], pool.stride[0], pool.padding[0], pool.dilation[0]];
    const says = (text, lesson) => torchSays(`max_pool1d() ${text}`, "", lesson);
    if (k <= 0) throw says(`kernel_size must be greater than zero, but got ${k}`, SIZE);
    if (s <= 0) throw says(`stride must be greater than zero, but got ${s}`, STRIDE);
    if (p < 0) throw says(`padding must be non-negative, but got ${p}`, PADDING);
    if (p > Math.trunc(k / 2)) {
      throw torchSays(
        `max_pool1d() padding should be at most half of kernel size, but got padding=${p} and ` +
          `kernel_size=${k}`,
        "Else a window could lie in the padding alone, where there is no maximum.",
        HALF,
      );
    }
    if (d <= 0) throw says(`dilation must be greater than zero, but got ${d}`, "lessons/dilation/");
    const found = pooled(full, pool);
    if (found[0] < 1) {
      throw torchSays(
        `max_pool1d() Invalid computed output size: ${found[0]}`,
        TOO_SMALL,
        "lessons/output-size/#when-no-window-fits",
      );
    }
    const windows = windowsOf(shape, 1, pool.kernel, pool.stride, pool.padding, pool.dilation);
    return plainResult(unbatched([...full.slice(0, 2), ...found], shape, 1), windows);
  }

  /** Torch runs a signal's average as that of an image of one row. */
  function asImage(pool) {
    const rows = (numbers, first) => [first, ...numbers];
    return {
      kernel: rows(pool.kernel, 1),
      stride: rows(pool.stride, 1),
      padding: rows(pool.padding, 0),
      dilation: rows(pool.dilation, 1),
      ceil: pool.ceil,
    };
  }

  function averagePool(args, shape, call) {
    const rank = rankOf(call);
    const pool = poolArguments(args, call, rank);
    truth(args, "count_include_pad", call);
    if (rank === 1) {
      checkDims1d(shape, "avg_pool1d");
      return meanSignal(pool, shape);
    }
    const divisor = args.divisor_override;
    if (divisor !== null && !Number.isInteger(divisor)) {
      throw new LayerProblem("AvgPool2d: divisor_override must be a whole number or None");
    }
    if (divisor === 0) throw torchSays("divisor must be not zero", "", "lessons/average-pooling/");
    if (shape.length < 3) throw outOfRange(-3, shape.length);
    if (shape.length > 4) {
      throw torchSays(
        "Expected 3D or 4D (batch mode) tensor with optional 0 dim batch size for input, but got:" +
          list(shape),
        "AvgPool2d needs channels, a height and a width.",
      );
    }
    return pool2d(pool, shape);
  }

  function checkDims1d(shape, name) {
    if (shape.length === 2 || shape.length === 3) return;
    throw torchSays(
      `Expected 2 to 3 dimensions, but got ${shape.length}-dimensional tensor for argument #1 ` +
        `'self' (while checking arguments for ${name})`,
      "It needs channels and a length.",
    );
  }

  function meanSignal(pool, shape) {
    const full = batched(shape, 1);
    const image = asImage(pool);
    const made = pool2d(image, [full[0], full[1], 1, full[2]]);
    const out = [full[0], full[1], made.shape[3]];
    const windows = windowsOf(shape, 1, pool.kernel, pool.stride, pool.padding, pool.dilation);
    return plainResult(unbatched(out, shape, 1), windows);
  }

  function lpPool(args, shape, call) {
    const rank = rankOf(call);
    const pool = poolArguments(args, call, rank);
    const norm = decimal(args, "norm_type", call);
    let result;
    if (rank === 1) {
      checkDims1d(shape, "avg_pool1d");
      result = meanSignal(pool, shape);
    } else {
      if (shape.length < 3) throw outOfRange(-3, shape.length);
      if (shape.length > 4) {
        throw torchSays(
          "Expected 3D or 4D (batch mode) tensor with optional 0 dim batch size for input, but " +
            `got:${list(shape)}`,
          "LPPool2d needs channels, a height and a width.",
        );
      }
      result = pool2d(pool, shape);
    }
    if (norm === 0) {
      throw torchSays("float division by zero", "A root of order 0 is not a number.");
    }
    return result;
  }

  function adaptive(args, shape, call) {
    const rank = rankOf(call);
    const isMax = call.name.includes("Max");
    const wanted = several(args, "output_size", call, rank, true);
    if (args.return_indices) {
      throw new LayerProblem(
        `${call.name} with return_indices=True returns two tensors, not one to hand on`,
      );
    }
    if (rank === 1) {
      checkDims1d(shape, isMax ? "adaptive_max_pool1d" : "adaptive_avg_pool1d");
    } else if (shape.length < 3 && Array.isArray(args.output_size)) {
      throw torchSays(
        "Input dimension should be at least 3",
        `${call.name} needs channels, a height and a width.`,
      );
    } else if (shape.length === 2 && !isMax && args.output_size === 1) {
      return plainResult([1, 1], null); // torch takes a plain mean of whatever there is
    } else if (!isMax && args.output_size < 0) {
      throw negativeOutput(wanted);
    } else if (shape.length < 3 || shape.length > 4) {
      const colon = isMax ? ":" : "";
      throw torchSays(
        `adaptive_${isMax ? "max" : "avg"}_pool2d(): Expected 3D or 4D tensor, but got${colon} ` +
          list(shape),
        `${call.name} needs channels, a height and a width.`,
      );
    }
    if (rank === 1 && wanted[0] === null) {
      throw new LayerProblem(`${call.name}: output_size must be one whole number`);
    }
    if (args.output_size === null) {
      throw torchSays("object of type 'NoneType' has no len()", "Write (None, None), or a number.");
    }
    const full = batched(shape, rank);
    const out = wanted.map((n, i) => n ?? full[2 + i]);
    const rows = rank === 2 ? out : [1, ...out];
    if (out.some((n) => n < 0)) {
      if (isMax) {
        const lead = shape.length === rank + 1 ? full.slice(1, 2) : full.slice(0, 2);
        checkNegative([...lead, ...rows]);
      }
      throw negativeOutput(rows);
    }
    const axes =
      shape.length === rank + 2 ? out.map((n, i) => evenWindows(full[2 + i], n)) : [null];
    const result = unbatched([...full.slice(0, 2), ...out], shape, rank);
    const way = { adaptive: shape.length === rank + 2 };
    return { ...plainResult(result, axes.includes(null) ? null : axes), way };
  }

  function negativeOutput(sizes) {
    return torchSays(
      "adaptive_avg_pool2d: elements of output_size must be greater than or equal to 0 but " +
        `received {${sizes.join(", ")}}`,
      "The output size is the number of windows.",
    );
  }

  /** Windows floor(j·n/o) to ceil((j+1)·n/o) as one kernel and stride, if they are all alike. */
  function evenWindows(size, out) {
    if (out < 1) return null;
    const starts = Array.from({ length: out }, (_, j) => Math.floor((j * size) / out));
    const lengths = new Set(starts.map((start, j) => Math.ceil(((j + 1) * size) / out) - start));
    const steps = new Set(starts.slice(1).map((start, j) => start - starts[j]));
    if (lengths.size > 1 || steps.size > 1 || steps.has(0)) return null;
    const [kernel] = lengths;
    const [stride = kernel] = steps;
    return count(size, kernel, stride, 0, 1, false) === out ? [kernel, stride, 0, 1] : null;
  }

  const one = (shape) => shape.slice(2).map(() => [1, 1, 0, 1]);

  function elementWise(args, shape, call) {
    if (call.name === "GELU" && typeof args.approximate !== "string") {
      throw new LayerProblem("GELU: approximate must be 'none' or 'tanh'");
    }
    if (call.name === "GELU" && !["none", "tanh"].includes(args.approximate)) {
      throw torchSays("approximate argument must be either none or tanh.", "");
    }
    if (call.name === "CELU" && real(args.alpha) === 0) {
      throw torchSays("ZeroDivisionError: alpha cannot be 0 for CELU", "");
    }
    if (call.name === "Hardtanh") {
      const [low, high] = [args.min_value ?? args.min_val, args.max_value ?? args.max_val];
      if (!(real(high) > real(low))) {
        throw new LayerProblem("Hardtanh: max_val must be greater than min_val");
      }
    }
    return plainResult(shape, one(shape));
  }

  /** A number as Python prints it. */
  const python = (value) =>
    typeof value === "object" && Number.isInteger(value.float) ? `${value.float}.0` : real(value);

  function dropout(args, shape, call) {
    const p = decimal(args, "p", call);
    if (p < 0 || p > 1) {
      throw torchSays(
        `dropout probability has to be between 0 and 1, but got ${python(args.p)}`,
        "It is the share of numbers that are set to zero while training.",
      );
    }
    if (call.name === "Dropout1d" && ![2, 3].includes(shape.length)) {
      throw torchSays(
        `dropout1d: Expected 2D or 3D input, but received a ${shape.length}D input. Note that ` +
          "dropout1d exists to provide channel-wise dropout on inputs with 1 spatial dimension, " +
          "a channel dimension, and an optional batch dimension (i.e. 2D or 3D inputs).",
        "For images there is Dropout2d.",
      );
    }
    return plainResult(shape, one(shape));
  }

  function prelu(args, shape, call) {
    const parameters = whole(args, "num_parameters", call);
    checkNegative([parameters]);
    if (parameters !== 1 && parameters !== shape[1]) {
      throw torchSays(
        `Mismatch of parameter numbers and input channel size. Found parameter numbers = ` +
          `${parameters} and channel size = ${shape[1]}.`,
        "PReLU holds one slope for all channels, or one for each.",
      );
    }
    return { ...plainResult(shape, one(shape)), parameters };
  }

  function outOfRange(dim, rank) {
    return torchSays(
      `Dimension out of range (expected to be in range of [${-rank}, ${rank - 1}], but got ${dim})`,
      `With the batch, ${rank} sizes come in.`,
    );
  }

  function softmax(args, shape, call) {
    if (args.dim !== null) {
      const dim = whole(args, "dim", call);
      if (dim < -shape.length || dim >= shape.length) throw outOfRange(dim, shape.length);
      const axis = dim < 0 ? dim + shape.length : dim;
      const centres = axis > 1 && call.name === "Softmax";
      const along = axis > 1 ? { mixes: [axis - 2], centres } : { same: true };
      const way = shape.length === 2 ? { gathers: true } : along;
      if (shape[axis] > 1) return { ...plainResult(shape, null), way };
    }
    return plainResult(shape, null); // a softmax of one number is 1
  }

  function batchNorm(args, shape, call) {
    const rank = rankOf(call);
    const features = whole(args, "num_features", call);
    const [affine, tracked] = [truth(args, "affine", call), truth(args, "track_running_stats", call)];
    const bias = truth(args, "bias", call);
    if (affine) checkNegative([features]);
    if (tracked && features < 0) {
      throw torchSays("zeros: Dimension size must be non-negative.", "");
    }
    const fits = rank === 2 ? [4] : [2, 3];
    if (!fits.includes(shape.length)) {
      throw torchSays(
        `expected ${fits.map((n) => `${n}D`).join(" or ")} input (got ${shape.length}D input)`,
        `With the batch, ${shape.length} sizes come in.`,
      );
    }
    if (real(args.eps) < 0) {
      throw torchSays(`batch_norm eps must be non-negative, but got ${python(args.eps)}`, "");
    }
    if (!tracked && product(shape) === shape[1]) {
      throw torchSays(
        "Expected more than 1 value per channel when training, got input size " +
          `torch.Size(${list(shape)})`,
        "Without stored statistics it uses this one input's.",
      );
    }
    if (shape[1] !== features && (tracked || affine)) {
      throw torchSays(
        `${tracked ? "running_mean" : "weight"} should contain ${shape[1]} elements not ${features}`,
        `What comes in has ${shape[1]} channels: say num_features=${shape[1]}.`,
        SETUP,
      );
    }
    return {
      ...plainResult(shape, tracked ? one(shape) : null),
      parameters: affine ? features * (bias ? 2 : 1) : 0,
      way: tracked ? {} : { mixes: shape.slice(2).map((_, axis) => axis), centres: true },
    };
  }

  function flatten(args, shape, call) {
    const rank = shape.length;
    const [start, end] = ["start_dim", "end_dim"].map((name) => {
      const dim = whole(args, name, call);
      if (dim < -rank || dim >= rank) throw outOfRange(dim, rank);
      return dim < 0 ? dim + rank : dim;
    });
    if (start > end) {
      throw torchSays("flatten() has invalid args: start_dim cannot come after end_dim", "");
    }
    const middle = product(shape.slice(start, end + 1));
    const result = [...shape.slice(0, start), middle, ...shape.slice(end + 1)];
    return { ...plainResult(result, null), way: { reshapes: true } };
  }

  function linear(args, shape, call) {
    const [into, out] = [whole(args, "in_features", call), whole(args, "out_features", call)];
    const bias = truth(args, "bias", call);
    checkNegative([out, into]);
    const last = shape.at(-1);
    if (last !== into) {
      const rows = product(shape.slice(0, -1));
      throw torchSays(
        `mat1 and mat2 shapes cannot be multiplied (${rows}x${last} and ${into}x${out})`,
        shape.length > 2
          ? `The last size that comes in is ${last}. Is an nn.Flatten() missing before this layer?`
          : `${last} numbers come in: say in_features=${last}.`,
        SETUP,
      );
    }
    const result = [...shape.slice(0, -1), out];
    return {
      shape: result,
      parameters: into * out + (bias ? out : 0),
      macs: product(result) * into,
      windows: null,
      way: shape.length === 2 ? { gathers: true } : { mixes: [shape.length - 3], linear: true },
    };
  }

  // ---- The whole network.

  const once = (numbers) =>
    new Set(numbers).size === 1 ? `${numbers[0]}` : numbers.join("×");

  /** The receptive field after one more layer: size += d(k-1)·jump, jump *= stride. */
  function grown(field, windows) {
    if (!field || !windows || windows.length !== field.length) return null;
    return field.map(({ size, jump }, axis) => {
      const [kernel, stride, , dilation] = windows[axis];
      return { size: size + dilation * (kernel - 1) * jump, jump: jump * stride };
    });
  }

  /**
   * What each layer makes of an input of this shape (channels first, no batch).
   * layers: texts. Returns {stages, parameters, macs}; stages[0] is the input. A stage has call,
   * shape, parameters, macs, sees and jump (words), or a problem; nothing is known after one.
   */
  function measure(texts, input) {
    let field = input.length > 1 ? input.slice(1).map(() => ({ size: 1, jump: 1 })) : null;
    let sight = SW.sight.ofInput(input.slice(1));
    let shape = [1, ...input];
    const words = () => {
      if (!field) return { sees: SW.sight.everything(sight) ? "all" : "–", jump: "–" };
      return {
        sees: once(field.map((axis) => axis.size)),
        jump: once(field.map((axis) => axis.jump)),
      };
    };
    const stages = [{ call: "input", shape: input, parameters: 0, macs: 0, ...words() }];
    let broken = false;
    for (const text of texts) {
      if (broken) {
        stages.push({ call: text, unreached: true });
        continue;
      }
      try {
        const made = measureOne(text, shape);
        field = grown(field, made.windows);
        sight = SW.sight.after(sight, made.way, shape.slice(2), made.shape.slice(2));
        shape = made.shape;
        const { parameters, macs } = made;
        stages.push({ call: text, shape: shape.slice(1), parameters, macs, ...words() });
      } catch (problem) {
        if (!(problem instanceof LayerProblem)) throw problem;
        broken = true;
        stages.push({ call: text, problem });
      }
    }
    const total = (name) => stages.reduce((sum, stage) => sum + (stage[name] ?? 0), 0);
    return { stages, parameters: total("parameters"), macs: total("macs"), whole: !broken };
  }

  function measureOne(text, shape) {
    const found = readNetwork(text);
    if (found.length !== 1) throw new LayerProblem("one layer a line, please");
    const [call] = found;
    const args = bind(call);
    const made = LAYERS[call.name][1](args, shape, call);
    if (made.shape.length < 2 || made.shape[0] !== 1 || made.shape.includes(0)) {
      throw new LayerProblem(
        `${call.name} makes (${made.shape.join(", ")}) of a batch of one (${shape.slice(1).join(", ")})`,
        "There, no sample of this batch is left to hand on.",
      );
    }
    const huge = [product(made.shape), made.parameters, made.macs];
    if (huge.some((n) => n > Number.MAX_SAFE_INTEGER)) {
      throw new LayerProblem("These numbers are beyond 2⁵³, where they cannot be counted exactly.");
    }
    const rule = LAYERS[call.name][1];
    const curved = /MaxPool|LPPool/.test(call.name) || [elementWise, prelu].includes(rule);
    const way = {
      windows: made.windows,
      mean: call.name.includes("AvgPool"),
      curved: curved && call.name !== "Identity",
      ...made.way,
    };
    return { ...made, way };
  }

  SW.layers = { readNetwork, readShape, plainArguments, measure, LAYERS, LayerProblem };
})();
