// The calculator's funnel: areas to one scale, channels as depth to another, vectors as bars.

import { counted } from "../engine/numbers.js";

const NS = "http://www.w3.org/2000/svg";

export const tuple = (shape) => `(${shape.join(", ")}${shape.length === 1 ? "," : ""})`;

function svg(tag, attributes, ...children) {
  const element = document.createElementNS(NS, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/** Layers with one shape make one solid. */
function solids(stages) {
  const found = [];
  stages.forEach((stage, at) => {
    const shape = stage.shape ?? null;
    const before = found.at(-1);
    if (stage.unreached) return;
    if (shape && before?.shape && String(before.shape) === String(shape)) before.last = at;
    else found.push({ shape, first: at, last: at });
  });
  return found;
}

const TALLEST = 230;
const DEEPEST = 64; // pixels along the edge that goes back
const SLANT = [0.72, 0.5];
const GAP = 22;
const LABEL = 44;

function sized(found, width) {
  const maps = found.filter(({ shape }) => shape?.length === 3);
  const flat = found.filter(({ shape }) => shape && shape.length < 3);
  const deepest = Math.max(1, ...maps.map(({ shape }) => shape[0]));
  const longest = Math.max(1, ...maps.flatMap(({ shape }) => shape.slice(1)));
  const flattest = Math.max(1, ...flat.flatMap(({ shape }) => shape));
  const deep = (shape) => Math.max(2, (shape[0] / deepest) * Math.min(DEEPEST, width / 8));
  const place = (scale) =>
    found.map((one) => {
      const { shape } = one;
      let box = { w: 40, h: 40, d: 0 };
      if (shape?.length === 3) box = { w: shape[2] * scale, h: shape[1] * scale, d: deep(shape) };
      if (shape?.length === 2) {
        const each = Math.min(TALLEST, width * 0.6) / flattest;
        box = { w: Math.max(2, shape[1] * each), h: Math.max(2, shape[0] * each), d: 0 };
      }
      if (shape?.length === 1)
        box = { w: 10, h: Math.max(3, (shape[0] / flattest) * TALLEST * 0.7), d: 0 };
      const text = label(one).map((line) => line.length * 7.2);
      return { ...one, ...box, outer: Math.max(box.w + box.d * SLANT[0], ...text) + GAP };
    });
  const scale = Math.min(TALLEST, width * 0.36) / longest;
  const total = (boxes) => boxes.reduce((sum, box) => sum + box.outer, 0);
  // One row, if that needs no more than half the size.
  for (let tries = 0, smaller = scale; tries < 12; tries += 1, smaller *= 0.94) {
    if (total(place(smaller)) <= width) return place(smaller);
  }
  return place(scale);
}

function label({ shape, first }) {
  if (!shape) return ["does not fit", `layer ${first}`];
  if (shape.length === 1) return [counted(shape[0]), "numbers"];
  return [counted(shape[0]), shape.slice(1).join("×")];
}

export function picture(made, width) {
  const boxes = sized(solids(made.stages), width);
  const lines = [[]];
  let used = 0;
  for (const box of boxes) {
    if (used + box.outer > width && lines.at(-1).length) {
      lines.push([]);
      used = 0;
    }
    lines.at(-1).push(box);
    used += box.outer;
  }
  const groups = [];
  let top = 4;
  for (const line of lines) {
    const height = Math.max(...line.map((box) => box.h + box.d * SLANT[1]));
    const free = width - line.reduce((sum, box) => sum + box.outer, 0);
    let left = Math.max(0, free / 2) + GAP / 2;
    for (const box of line) {
      const inner = box.outer - GAP;
      groups.push(solid(box, left + inner / 2, top + height));
      left += box.outer;
    }
    top += height + LABEL + 10;
  }
  const shapes = boxes.map(({ shape, first }) =>
    shape ? tuple(shape) : `layer ${first} does not fit`,
  );
  const root = svg(
    "svg",
    { viewBox: `0 0 ${width} ${Math.ceil(top)}`, width, height: Math.ceil(top), role: "img" },
    ...groups,
  );
  root.setAttribute("aria-label", `The funnel: ${shapes.join(", then ")}.`);
  return [root];
}

function solid(box, middle, bottom) {
  const { w, h, d, shape } = box;
  const [dx, dy] = [d * SLANT[0], d * SLANT[1]];
  const x = middle - (w + dx) / 2;
  const y = bottom - h;
  const group = svg("g", { "data-first": box.first, "data-last": box.last });
  const points = (...list) =>
    list.map((point) => point.map((n) => n.toFixed(1)).join(",")).join(" ");
  if (!shape) {
    group.append(
      svg("rect", { x, y, width: w, height: h, class: "sw-missing" }),
      svg("path", { d: `M${x + 10},${y + 10}l20,20m0,-20l-20,20`, class: "sw-missing" }),
    );
  } else {
    if (d) {
      group.append(
        svg("polygon", {
          class: "sw-side",
          points: points([x, y], [x + dx, y - dy], [x + w + dx, y - dy], [x + w, y]),
        }),
        svg("polygon", {
          class: "sw-side",
          points: points(
            [x + w, y],
            [x + w + dx, y - dy],
            [x + w + dx, bottom - dy],
            [x + w, bottom],
          ),
        }),
      );
    }
    group.append(svg("rect", { x, y, width: w, height: h, class: "sw-front" }));
    // Few channels can be told apart, so their edges are drawn.
    for (let sheet = 1; d && sheet < shape[0] && shape[0] <= d / 3; sheet += 1) {
      const [sx, sy] = [(dx * sheet) / shape[0], (dy * sheet) / shape[0]];
      const path = `M${x + sx},${y - sy}h${w}v${h}`;
      group.append(svg("path", { d: path, class: "sw-sheet" }));
    }
  }
  const [big, small] = label(box);
  const text = (content, at, name) => {
    const element = svg("text", {
      x: middle,
      y: bottom + at,
      "text-anchor": "middle",
      class: name,
    });
    element.textContent = content;
    return element;
  };
  group.append(text(big, 20, "sw-big"), text(small, 38, "sw-small"));
  return group;
}
