// One operation on one small input, as plain numbers: where each window lies, what it reads and
// makes of it, and what it hands back of a gradient. layers.js says first what torch refuses.
// It says what the package's slide() says: core/geometry.py, core/moves.py,
// tracing/pooling.py, tracing/convolution.py.

(() => {
  "use strict";
  const SW = (globalThis.SlidingWindows ??= {});
  const { LAYERS, LayerProblem, readNetwork, plainArguments } = SW.layers;
  const MOST_SIDE = 96; // rows or columns that a page can show, and step through at once
  const MOST_WEIGHTS = 4096;
  const COPIES = ["reflect", "replicate", "circular"];

  // ---- The torch line.

  const KINDS = {
    MaxPool: "max",
    AvgPool: "average",
    LPPool: "lp",
    Conv: "convolution",
    ConvTranspose: "convolution",
    AdaptiveMaxPool: "max",
    AdaptiveAvgPool: "average",
  };
  const stem = (operation) => operation.slice(0, -2);
  const rankOf = (operation) => Number(operation.at(-2));
  const isTransposed = (operation) => operation.startsWith("ConvTranspose");

  /** 'nn.MaxPool2d(3, stride=2)' to {operation, args}: every argument by name, in plain values. */
  function parseCall(text) {
    const found = readNetwork(text);
    if (found.length !== 1) {
      throw new LayerProblem(
        `One layer at a time, not ${found.length}`,
        "The network calculator stacks layers.",
        "network/",
      );
    }
    const [call] = found;
    if (Object.hasOwn(LAYERS, call.name) && !Object.hasOwn(KINDS, stem(call.name))) {
      throw new LayerProblem(
        `nn.${call.name} slides no window`,
        "The explorer takes max, average, LP and adaptive pools, and convolutions.",
      );
    }
    return { operation: call.name, args: plainArguments(call) };
  }

  /** The inverse: names for all but channels, and nothing that is torch's default. */
  function formatCall({ operation, args }) {
    const words = [];
    for (const parameter of LAYERS[operation][0]) {
      const [name, fallback] = Array.isArray(parameter) ? parameter : [parameter];
      if (Array.isArray(parameter) && args[name] === fallback) continue;
      words.push(name.endsWith("_channels") ? python(args[name]) : `${name}=${python(args[name])}`);
    }
    return `nn.${operation}(${words.join(", ")})`;
  }

  function python(value) {
    if (value === null) return "None";
    if (value.float !== undefined) return String(value.float);
    if (typeof value === "boolean") return value ? "True" : "False";
    if (Array.isArray(value)) return `(${value.map(python).join(", ")})`;
    return typeof value === "string" ? `'${value}'` : String(value);
  }

  // ---- Where windows lie: positions count from the input's first element; less is padding.

  const range = (count, make) => Array.from({ length: count }, (_, i) => make(i));

  /** One axis. padding: [before, after]. Offers what the package's geometry.Axis offers. */
  function axisOf(given) {
    const { size, kernel = 1, stride = 1, padding = [0, 0], dilation = 1, ceil = false } = given;
    const crop = given.crop ?? [0, 0];
    const extent = dilation * (kernel - 1) + 1;
    const room = size + padding[0] + padding[1] - crop[0] - crop[1] - extent;
    const naive = (ceil ? Math.ceil(room / stride) : Math.floor(room / stride)) + 1;
    // Torch drops a last window that would start in the padding on the right.
    const drops = ceil && (naive - 1) * stride >= size + padding[0];
    const starts = range(naive - (drops ? 1 : 0), (j) => j * stride - padding[0] + crop[0]);
    const stop = size + padding[1] - crop[1];
    const windows = starts.map((start) =>
      range(kernel, (i) => start + i * dilation).filter((p) => p < stop),
    );
    const axis = { size, kernel, stride, padding, dilation, ceil, extent, naive, starts, windows };
    return { ...axis, formula: regularWords(axis) };
  }

  /** Adaptive pooling's windows: from floor(j·n/o) to ceil((j + 1)·n/o). */
  function unevenAxis(size, out) {
    const spans = range(out, (j) => [
      Math.floor((j * size) / out),
      Math.ceil(((j + 1) * size) / out),
    ]);
    const windows = spans.map(([start, stop]) => range(stop - start, (i) => start + i));
    const formula = `window j is ⌊j·${size}/${out}⌋ ≤ i < ⌈(j + 1)·${size}/${out}⌉`;
    return { size, padding: [0, 0], spans, windows, formula };
  }

  /** A transposed convolution's: the input stretched by its stride, under windows at stride 1. */
  function transposedAxis({ size, kernel, stride, padding, dilation, extra }) {
    const before = dilation * (kernel - 1) - padding;
    const room = [before, before + extra];
    // Where there is less room than none, torch crops the input.
    const pads = room.map((n) => Math.max(n, 0));
    const crop = room.map((n) => Math.max(-n, 0));
    const axis = axisOf({ size: stride * (size - 1) + 1, kernel, padding: pads, dilation, crop });
    const span = `${dilation > 1 ? `${dilation}·(${kernel} − 1)` : `${kernel} − 1`}`;
    const less = padding ? ` − 2·${padding}` : "";
    const more = extra ? ` + ${extra}` : "";
    const out = axis.starts.length;
    return { ...axis, formula: `(${size} − 1)·${stride}${less} + ${span}${more} + 1 = ${out}` };
  }

  function regularWords({ size, kernel, stride, padding, dilation, ceil, naive, starts }) {
    const [left, right] = ceil ? "⌈⌉" : "⌊⌋";
    const [before, after] = padding;
    const pads = before === after ? ` + 2·${before}` : ` + ${before} + ${after}`;
    const full = `${size}${before || after ? pads : ""}`;
    const span = dilation === 1 ? kernel : `(${dilation}·(${kernel} − 1) + 1)`;
    const text = `${left}(${full} − ${span}) / ${stride}${right} + 1 = ${naive}`;
    const out = starts.length;
    if (out === naive) return text;
    const inside = out * stride - before < size + after;
    return `${text}, less 1 that would start ${inside ? "in the padding" : "past the end"}: ${out}`;
  }

  /** Rows and columns of a call on an input of (height, width); a signal is one row. */
  function axesOf({ operation, args }, sizes) {
    const rank = rankOf(operation);
    const each = (value) => (Array.isArray(value) ? value : Array(rank).fill(value));
    const axes = sizes.slice(2 - rank).map((size, i) => {
      const of = (name) => each(args[name])[i];
      if (operation.startsWith("Adaptive")) return unevenAxis(size, of("output_size") ?? size);
      const kernel = of("kernel_size");
      const dilation = of("dilation") ?? 1;
      if (isTransposed(operation)) {
        const extra = of("output_padding");
        const [stride, padding] = [of("stride"), of("padding")];
        return transposedAxis({ size, kernel, stride, padding, dilation, extra });
      }
      const total = dilation * (kernel - 1);
      const before = args.padding === "same" ? Math.floor(total / 2) : of("padding");
      const after = args.padding === "same" ? total - before : before;
      const padding = typeof before === "number" ? [before, after] : [0, 0];
      const stride = args.stride === null ? kernel : of("stride");
      return axisOf({ size, kernel, stride, padding, dilation, ceil: args.ceil_mode });
    });
    return rank === 2 ? axes : [axisOf({ size: 1 }), ...axes];
  }

  function sizeWords([rows, cols], rank) {
    if (rank === 1 || rows.formula === cols.formula) return [cols.formula];
    return [`height: ${rows.formula}`, `width: ${cols.formula}`];
  }

  /** The element of which a position holds a copy; null where it holds a constant. */
  function origin(position, size, mode) {
    if (position >= 0 && position < size) return position;
    if (mode === "reflect") return position < 0 ? -position : 2 * (size - 1) - position;
    if (mode === "replicate") return Math.min(Math.max(position, 0), size - 1);
    return mode === "circular" ? ((position % size) + size) % size : null;
  }

  // ---- What windows make.

  function checkShown(sizes, shape) {
    const largest = Math.max(...sizes, ...shape);
    if (largest <= MOST_SIDE) return;
    throw new LayerProblem(
      `The explorer shows at most ${MOST_SIDE} rows and columns, not ${largest.toLocaleString("en-US")}`,
      "This counts the padding, the zeros put between, and the output.",
    );
  }

  /** Padded rows and columns, before anything so large is made. */
  function paddedSizes({ operation, args }, sizes) {
    const least = (value) => [value ?? 0].flat();
    const pads = Math.max(...least(typeof args.padding === "string" ? 0 : args.padding));
    const kernels = least(args.kernel_size).map((k, i) => {
      const dilations = least(args.dilation ?? 1);
      return (dilations[i] ?? dilations[0]) * (k - 1) + 1;
    });
    const extent = Math.max(0, ...kernels);
    if (isTransposed(operation)) {
      const stride = Math.max(...least(args.stride));
      return sizes.map((n) => stride * (n - 1) + 1 + 2 * Math.max(0, extent - 1 - pads));
    }
    return sizes.map((n) => n + (args.padding === "same" ? extent - 1 : 2 * pads));
  }

  /**
   * A call on rows of numbers (one channel). kernel: its weights, rows of columns, as torch holds
   * them; bias: a number or null. Throws torch's own refusal, or one of ours, as a LayerProblem.
   * Returns {geometry, plane, kernel, output, step(n)}; plane is the padded, stretched input.
   */
  function run(call, rows, kernel = null, bias = null) {
    const { operation, args } = call;
    const rank = rankOf(operation);
    const sizes = [rows.length, rows[0].length];
    const shape = [1, ...sizes.slice(2 - rank)];
    const made = LAYERS[operation][1](args, shape, { name: operation });
    const out = made.shape.slice(1);
    if (out.includes(0)) {
      throw new LayerProblem(`An output of ${out.join(" by ")} holds no number`);
    }
    checkShown(paddedSizes(call, sizes.slice(2 - rank)), out);
    const axes = axesOf(call, sizes);
    if (KINDS[stem(operation)] === "convolution") checkKernel(call, kernel);
    const ask = { call, kind: KINDS[stem(operation)], rows, axes, bias };
    ask.stretch = stretchOf(call);
    ask.mode = COPIES.includes(args.padding_mode) ? args.padding_mode : null;
    ask.plane = planeOf(ask);
    ask.kernel = kernel && isTransposed(operation) ? turned(kernel) : kernel;
    const geometry = {
      rows: axes[0],
      cols: axes[1],
      output: axes.map((axis) => axis.windows.length),
      untouched: untouched(ask),
      formula: sizeWords(axes, rank),
    };
    const [height, width] = geometry.output;
    const output = range(height, (r) => range(width, (c) => valueOf(ask, tapsOf(ask, r, c))));
    const step = (n) => stepOf(ask, Math.floor(n / width), n % width, output);
    return { ask, geometry, plane: ask.plane, kernel: ask.kernel, output, step };
  }

  function checkKernel({ operation, args }, kernel) {
    const size = [args.kernel_size].flat();
    const [height, width] = rankOf(operation) === 1 ? [1, size[0]] : [size[0], size.at(-1)];
    if (height * width > MOST_WEIGHTS) {
      throw new LayerProblem(`The explorer shows at most ${MOST_WEIGHTS} weights`);
    }
    const fits = kernel?.length === height && kernel.every((row) => row.length === width);
    if (!fits) throw new LayerProblem(`The weights are not ${height} by ${width} numbers`);
  }

  function stretchOf({ operation, args }) {
    if (!isTransposed(operation)) return [1, 1];
    const strides = [args.stride].flat();
    return rankOf(operation) === 1 ? [1, strides[0]] : [strides[0], strides.at(-1)];
  }

  const turned = (rows) => rows.map((row) => [...row].reverse()).reverse();

  /** Where a position of the plane lies in the input itself; null in padding and between. */
  function home(ask, row, col) {
    const place = [row, col].map((position, i) => {
      const found = origin(position, ask.axes[i].size, ask.mode);
      return found === null || found % ask.stretch[i] ? null : found / ask.stretch[i];
    });
    return place.includes(null) ? null : place;
  }

  function planeOf(ask) {
    const filling = ask.kind === "max" ? -Infinity : 0;
    const [down, across] = ask.axes;
    const length = ({ size, padding }) => size + padding[0] + padding[1];
    return range(length(down), (r) =>
      range(length(across), (c) => {
        const place = home(ask, r - down.padding[0], c - across.padding[0]);
        return place ? ask.rows[place[0]][place[1]] : filling;
      }),
    );
  }

  /** Elements of the input that no window reads, as 'row,column' of the plane. */
  function untouched(ask) {
    const read = ask.axes.map((axis) => new Set(axis.windows.flat()));
    const found = new Set();
    for (let r = 0; r < ask.axes[0].size; r += ask.stretch[0]) {
      for (let c = 0; c < ask.axes[1].size; c += ask.stretch[1]) {
        if (!read[0].has(r) || !read[1].has(c)) found.add(`${r},${c}`);
      }
    }
    return found;
  }

  /** What the window of one output reads, row by row. */
  function tapsOf(ask, row, col) {
    const [down, across] = ask.axes;
    const leaves = ask.call.args.count_include_pad === false;
    const taps = [];
    down.windows[row].forEach((r, i) => {
      across.windows[col].forEach((c, j) => {
        if (leaves && !home(ask, r, c)) return;
        const value = ask.plane[r + down.padding[0]][c + across.padding[0]];
        taps.push({ row: r, col: c, value, weight: ask.kernel?.[i][j] });
      });
    });
    return taps;
  }

  /** As torch adds: each sum is a float32, which holds no more than 3.4e38. */
  const sum = (numbers) => numbers.reduce((a, b) => Math.fround(a + b), 0);
  const divisorOf = (ask, taps) => ask.call.args.divisor_override ?? taps.length;

  function valueOf(ask, taps) {
    const { args } = ask.call;
    if (ask.kind === "max") return taps.reduce((most, tap) => Math.max(most, tap.value), -Infinity);
    if (ask.kind === "average") {
      return Math.fround(sum(taps.map((tap) => tap.value)) / divisorOf(ask, taps));
    }
    if (ask.kind === "convolution") {
      const products = taps.map((tap) => Math.fround(tap.value * tap.weight));
      return Math.fround(sum(products) + (ask.bias ?? 0));
    }
    return power(powersOf(ask, taps), 1 / args.norm_type);
  }

  /** Torch averages the powers, then multiplies by the whole kernel's size. */
  function powersOf(ask, taps) {
    const powers = taps.map((tap) => power(tap.value, ask.call.args.norm_type));
    return Math.fround(Math.fround(sum(powers) / taps.length) * wholeSize(ask));
  }

  /** Elements of a window that nothing cuts short. */
  const wholeSize = (ask) => ask.axes[0].kernel * ask.axes[1].kernel;

  /** base to an exponent as torch gives it, a float32: it multiplies, or takes the square root. */
  function power(base, exponent) {
    const square = Math.fround(base * base);
    if (exponent === 2) return square;
    if (exponent === 3) return Math.fround(square * base);
    if (exponent === -2) return Math.fround(1 / square);
    if (Math.abs(exponent) !== 0.5 || base > 0) return Math.fround(base ** exponent);
    const root = base < 0 ? NaN : base;
    return exponent > 0 ? root : 1 / root;
  }

  function stepOf(ask, row, col, output) {
    const taps = tapsOf(ask, row, col);
    const value = output[row][col];
    const step = { taps, value, winner: null, ties: [] };
    const reads = taps.some((tap) => home(ask, tap.row, tap.col)); // else of padding alone
    if (!reads) step.blind = isTransposed(ask.call.operation) ? "added zeros" : "padding";
    if (ask.kind === "max") {
      const real = taps.map((tap) => home(ask, tap.row, tap.col) !== null);
      const wins = Number.isNaN(value)
        ? taps.findLastIndex((tap) => Number.isNaN(tap.value)) // each nan wins over what was before
        : taps.findIndex((tap, i) => real[i] && tap.value === value);
      if (wins >= 0) step.winner = wins; // none in padding alone
      const equal = (tap, i) => (tap.value === value && i !== step.winner ? [i] : []);
      step.ties = taps.flatMap(equal);
    }
    return { ...step, arithmetic: SW.arithmetic(ask, step) };
  }

  // ---- The way back.

  /** The gradient of each input element, for an upstream gradient of each output. */
  function gradient({ ask, output }, upstream) {
    const found = ask.rows.map((row) => row.map(() => 0));
    output.forEach((line, r) =>
      line.forEach((_, c) => {
        const step = stepOf(ask, r, c, output);
        sharesOf(ask, step, upstream[r][c]).forEach((share, i) => {
          const place = share === null ? null : home(ask, step.taps[i].row, step.taps[i].col);
          if (place) found[place[0]][place[1]] += share;
        });
      }),
    );
    return found.map((row) => row.map(Math.fround));
  }

  /** What each tap receives of a gradient; null for nothing at all. */
  function sharesOf(ask, { taps, winner }, arriving) {
    if (ask.kind === "max") return taps.map((_, i) => (i === winner ? arriving : null));
    if (ask.kind === "average") return taps.map(() => arriving / divisorOf(ask, taps));
    if (ask.kind === "convolution") return taps.map((tap) => arriving * tap.weight);
    // d/dx of (scale · Σ x^p)^(1/p), in torch's order; where the sum is zero torch says zero.
    const norm = ask.call.args.norm_type;
    const scale = wholeSize(ask) / taps.length;
    const total = powersOf(ask, taps);
    const slope = (value, exponent) => Math.fround(exponent * power(value, exponent - 1));
    const common = total !== 0 ? Math.fround(arriving * slope(total, 1 / norm)) * scale : 0;
    return taps.map((tap) => common * slope(tap.value, norm));
  }

  Object.assign(SW, { parseCall, formatCall, run, gradient });
})();
