// One window's calculation in words, as the figures show it: the package's notation.py and
// arithmetic.py, word for word, which a test holds to.

(() => {
  "use strict";
  const SW = (globalThis.SlidingWindows ??= {});
  const MINUS = "−";
  const MOST_TERMS = 36; // of a window written out; more would be read by nobody
  const RAISED = Object.fromEntries([..."0123456789−"].map((sign, i) => [sign, "⁰¹²³⁴⁵⁶⁷⁸⁹⁻"[i]]));

  /** Python rounds a number half-way between two to the even digit, toFixed() upwards. */
  function even(text, exact) {
    const mantissa = text.split("e")[0].length;
    const half = /^50*(e|$)/.test(exact.slice(mantissa));
    if (!half || !/[13579](e|$)/.test(text)) return text;
    return exact.slice(0, mantissa) + text.slice(mantissa);
  }

  /** At most three digits after the point, no trailing zeros, a real minus sign. */
  function number(value) {
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

  /** '=' if number(value) is the value, to float32's precision, else '≈'. */
  function equals(value) {
    if (!Number.isFinite(value)) return "=";
    const shown = Number(number(value).replaceAll(MINUS, "-"));
    const apart = Math.abs(shown - value);
    return apart <= 2e-7 * Math.max(Math.abs(shown), Math.abs(value)) ? "=" : "≈";
  }

  /** A number ready to stand after an operator: negative ones in brackets. */
  function signed(value) {
    const text = number(value);
    return text.startsWith(MINUS) ? `(${text})` : text;
  }

  function lp(values, norm, size) {
    const name = number(norm);
    const raised = Number.isInteger(norm) ? [...name].map((sign) => RAISED[sign] ?? sign).join("") : `^${name}`;
    const total = values.map((value) => `${signed(value)}${raised}`).join(" + ");
    const inner =
      values.length === size ? `(${total})` : `((${total}) · ${size}/${values.length})`;
    return { 1: inner, 2: `√${inner}`, 3: `∛${inner}` }[norm] ?? `${inner}^(1/${name})`;
  }

  /** ask and step: windows.js's. */
  SW.arithmetic = ({ kind, call, axes, bias }, { taps, value }) => {
    const result = `${equals(value)} ${number(value)}`;
    const values = taps.map((tap) => tap.value);
    const count = values.length;
    const divisor = call.args.divisor_override ?? count;
    const brief = count > MOST_TERMS;
    if (kind === "max") {
      return brief ? `max of ${count} numbers ${result}` : `max(${values.map(number).join(", ")}) ${result}`;
    }
    if (kind === "average" && brief) {
      const total = number(values.reduce((a, b) => a + b, 0));
      const by = number(divisor);
      return `sum of ${count} numbers / ${by}: ${total} / ${by} ${result}`;
    }
    if (kind === "average") {
      return `(${values.map(signed).join(" + ")}) / ${signed(divisor)} ${result}`;
    }
    if (kind === "lp") {
      if (brief) return `root of the sum of ${count} powers ${result}`;
      return `${lp(values, call.args.norm_type, axes[0].kernel * axes[1].kernel)} ${result}`;
    }
    if (brief) return `sum of ${count} products input · weight ${result}`;
    const terms = taps.map((tap) => `${signed(tap.value)}·${signed(tap.weight)}`).join(" + ");
    return `${terms}${bias === null ? "" : ` + bias ${signed(bias)}`} ${result}`;
  };
  SW.number = number;
})();
