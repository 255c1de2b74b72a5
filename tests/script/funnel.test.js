// The calculator's funnel: every solid to one scale, none on another, each with its words. Its
// places are read from the SVG, under a document that only remembers what is put into it.

import assert from "node:assert/strict";
import { test } from "node:test";
import { measure } from "../../assets/torch/network.js";
import { picture } from "../../assets/ui/funnel.js";

const SVG = "http://www.w3.org/2000/svg";

class Element {
  attributes = {};
  children = [];
  textContent = "";

  constructor(tag) {
    this.tag = tag;
  }

  setAttribute(name, value) {
    this.attributes[name] = typeof value === "number" ? value : String(value);
  }

  append(...children) {
    this.children.push(...children);
  }

  all(tag, name) {
    const mine = (one) => one.tag === tag && (!name || one.attributes.class === name);
    return this.children.flatMap((one) => [...(mine(one) ? [one] : []), ...one.all(tag, name)]);
  }
}

globalThis.document = {
  createElementNS(namespace, tag) {
    assert.equal(namespace, SVG);
    return new Element(tag);
  },
};

const NETWORKS = {
  pools: [
    [3, 110, 110],
    ["nn.Conv2d(3, 8, 3)", "nn.MaxPool2d(2)", "nn.Conv2d(8, 16, 3)", "nn.MaxPool2d(2)"],
  ],
  wide: [
    [2, 20, 60],
    ["nn.Conv2d(2, 4, 3, padding=1)", "nn.ReLU()", "nn.MaxPool2d((2, 3))", "nn.Flatten()"],
  ],
  classes: [
    [1, 32, 32],
    ["nn.Conv2d(1, 6, 5)", "nn.Flatten()", "nn.Linear(4704, 120)", "nn.Linear(120, 10)"],
  ],
  long: [[3, 224, 224], Array(6).fill(["nn.Conv2d(3, 64, 1)", "nn.Conv2d(64, 3, 1)"]).flat()],
  broken: [
    [1, 6, 6],
    ["nn.MaxPool2d(2)", "nn.Conv2d(9, 9, 1)", "nn.ReLU()"],
  ],
  signal: [
    [4, 90],
    ["nn.Conv1d(4, 8, 3)", "nn.MaxPool1d(40)"],
  ],
};
const WIDTHS = [1200, 900, 500, 300];

const close = (found, wanted, about, least = 0.06) =>
  assert(Math.abs(found - wanted) < least, `${about}: ${found}, not ${wanted}`);

/** Each solid of a picture, from its SVG. */
function solidsOf(root) {
  return root.children.map((group) => {
    const { x, y, width, height, class: kind } = group.all("rect")[0].attributes;
    const [big, small] = group.all("text");
    const points = group.all("polygon", "sw-side").map(({ attributes: { points } }) => {
      assert.match(points, /^(-?\d+\.\d,-?\d+\.\d ?){4}$/);
      return points.split(" ").map((point) => point.split(",").map(Number));
    });
    const back = points.length ? points[0][1][0] - x : 0;
    const up = points.length ? y - points[0][1][1] : 0;
    return { group, x, y, width, height, kind, big, small, points, back, up, bottom: y + height };
  });
}

/** Solids that stand on one line. */
function linesOf(solids) {
  const lines = Map.groupBy(solids, ({ bottom }) => bottom.toFixed(3));
  return [...lines.values()];
}

function drawn(name, width) {
  const [input, layers] = NETWORKS[name];
  const made = measure(layers, input);
  const [root, ...more] = picture(made, width);
  assert.deepEqual([root.tag, more.length], ["svg", 0]);
  assert(root.children.every(({ tag }) => tag === "g"));
  return { made, root, solids: solidsOf(root) };
}

const every = (action) => {
  for (const name of Object.keys(NETWORKS)) {
    for (const width of WIDTHS) action(drawn(name, width), width, `${name}, ${width}`);
  }
};

/** [shape or null, first layer, last layer] of what a solid stands for. */
function runsOf({ stages }) {
  const runs = [];
  for (const [at, { shape = null, unreached }] of stages.entries()) {
    if (unreached) continue;
    if (shape && `${runs.at(-1)?.[0]}` === `${shape}`) runs.at(-1)[2] = at;
    else runs.push([shape, at, at]);
  }
  return runs;
}

test("layers of one shape share a solid, and what is behind a misfit is left out", () => {
  every(({ made, solids }) => {
    const found = solids.map(({ group }) => group.attributes);
    const wanted = runsOf(made).map(([, first, last]) => [first, last]);
    assert.deepEqual(
      found.map((one) => [one["data-first"], one["data-last"]]),
      wanted,
    );
  });
  assert.deepEqual(
    runsOf(drawn("wide", 500).made).map(([, ...layers]) => layers),
    [
      [0, 0],
      [1, 2],
      [3, 3],
      [4, 4],
    ],
  );
  assert.equal(runsOf(drawn("broken", 500).made).length, 3);
});

test("maps have one scale, as large as the picture allows", () => {
  every(({ made, solids }, width, about) => {
    const runs = runsOf(made);
    const scales = solids.flatMap(({ width: wide, height }, n) => {
      const [shape] = runs[n];
      if (shape?.length !== 3) return [];
      close(wide / shape[2], height / shape[1], about);
      return [wide / shape[2]];
    });
    if (!scales.length) return;
    for (const scale of scales) close(scale, scales[0], about);
    const longest = Math.max(
      ...runs.flatMap(([shape]) => (shape?.length === 3 ? shape.slice(1) : [])),
    );
    // A row may make them smaller, by steps of six percent down to a half.
    const steps = Math.log(scales[0] / (Math.min(230, width * 0.36) / longest)) / Math.log(0.94);
    close(steps, Math.round(steps), about);
    assert(steps > -0.1 && steps < 11.1, about);
  });
});

test("a row that needs no more than half the size is one row, as large as fits", () => {
  const scale = (name, width) => drawn(name, width).solids[0].width / NETWORKS[name][0][2];
  const rows = (name, width) => linesOf(drawn(name, width).solids).length;
  for (const [width, times] of [
    [1200, 0],
    [1000, 0],
    [850, 4],
    [700, 9],
    [650, 11],
  ]) {
    assert.equal(rows("pools", width), 1);
    // A step less, and the row would not fit.
    close(scale("pools", width), (Math.min(230, width * 0.36) / 110) * 0.94 ** times, width, 0.001);
  }
  for (const width of [600, 300]) {
    assert.equal(rows("pools", width), 2);
    close(scale("pools", width) * 110, width * 0.36, "rows at full size");
  }
});

test("the longest side decides, of a small map and of a tall one", () => {
  for (const [shape, width, height] of [
    [[1, 1, 1], 230, 230],
    [[1, 100, 10], 23, 230],
    [[1, 10, 100], 230, 23],
  ]) {
    const [map] = solidsOf(picture(measure([], shape), 900)[0]);
    close(map.width, width, shape);
    close(map.height, height, shape);
  }
});

test("depth is channels, to a scale of its own", () => {
  every(({ made, solids }, width, about) => {
    const runs = runsOf(made);
    const channels = runs.flatMap(([shape]) => (shape?.length === 3 ? [shape[0]] : []));
    for (const [n, { back, up, points, x, y, width: wide, bottom }] of solids.entries()) {
      const [shape] = runs[n];
      if (shape?.length !== 3) {
        assert.equal(points.length, 0, about);
        continue;
      }
      const depth = Math.max(2, (shape[0] / Math.max(...channels)) * Math.min(64, width / 8));
      close(back, 0.72 * depth, about);
      close(up, 0.5 * depth, about);
      const right = x + wide;
      const top = [
        [x, y],
        [x + back, y - up],
        [right + back, y - up],
        [right, y],
      ];
      const side = [
        [right, y],
        [right + back, y - up],
        [right + back, bottom - up],
        [right, bottom],
      ];
      for (const [face, corners] of [top, side].entries()) {
        for (const [corner, place] of corners.entries()) {
          for (const axis of [0, 1]) close(points[face][corner][axis], place[axis], about, 0.11);
        }
      }
      assert.equal(points.length, 2);
    }
  });
});

test("sheets are drawn where each channel is three pixels deep", () => {
  every(({ made, solids }, _, about) => {
    const runs = runsOf(made);
    for (const [n, { group, back, up, x, y, width, height }] of solids.entries()) {
      const sheets = group.all("path", "sw-sheet").map((one) => one.attributes.d);
      const [channels] = runs[n][0] ?? [0];
      const seen = back > 0 && channels <= back / 0.72 / 3 + 1e-9;
      assert.equal(sheets.length, seen ? channels - 1 : 0, about);
      for (const [at, path] of sheets.entries()) {
        const [left, over, wide, high] = /^M(.+),(.+)h(.+)v(.+)$/.exec(path).slice(1).map(Number);
        const share = (at + 1) / channels;
        close(left, x + back * share, about);
        close(over, y - up * share, about);
        assert.deepEqual([wide, high], [width, height]);
      }
    }
  });
  assert.equal(drawn("pools", 1200).root.all("path", "sw-sheet").length, 2 + 7 + 7 + 15 + 15);
  const sheets = (channels) => picture(measure([], [channels, 8, 8]), 480)[0].all("path").length;
  assert.deepEqual([sheets(20), sheets(21)], [19, 0]); // all 60 pixels deep
});

test("vectors are bars and signals sheets, the longest as high as may be", () => {
  const bars = drawn("classes", 900).solids.slice(2);
  assert.deepEqual(
    bars.map(({ width }) => width),
    [10, 10, 10],
  );
  close(bars[0].height, 230 * 0.7, "4704");
  close(bars[1].height, (230 * 0.7 * 120) / 4704, "120");
  assert.equal(bars[2].height, 3); // least
  for (const [width, each] of [
    [900, 230 / 90],
    [300, (300 * 0.6) / 90],
  ]) {
    const shapes = [
      [4, 90],
      [8, 88],
      [8, 2],
    ];
    for (const [n, { width: wide, height }] of drawn("signal", width).solids.entries()) {
      close(height, Math.max(2, shapes[n][0] * each), "rows");
      close(wide, Math.max(2, shapes[n][1] * each), "columns");
    }
  }
  const thin = solidsOf(picture(measure(["nn.Flatten()"], [1, 1000]), 300)[0]);
  assert.deepEqual([thin[0].height, thin[1].height], [2, 161]);
  const [narrow] = solidsOf(picture(measure([], [1000, 1]), 300)[0]);
  assert.deepEqual([narrow.width, narrow.height], [2, 180]);
  const [one] = solidsOf(picture(measure([], [1]), 900)[0]);
  close(one.height, 161, "the only one");
  // Maps count for their own scale alone.
  const pooled = measure(["nn.AdaptiveAvgPool2d(2)", "nn.Flatten()"], [3, 64, 64]);
  close(solidsOf(picture(pooled, 900)[0])[2].height, 161, "12");
});

test("solids of a row stand beside each other with room between, in the middle", () => {
  every(({ solids, root }, width, about) => {
    const { viewBox, width: wide, height, role } = root.attributes;
    assert.deepEqual([wide, role], [width, "img"]);
    assert.equal(viewBox, `0 0 ${width} ${height}`);
    let floor = 4;
    for (const line of linesOf(solids)) {
      // The letters of its words are 7.2 pixels wide, a little more than they are.
      const spans = line.map(({ x, width: front, back, big, small }) => {
        const middle = x + (front + back) / 2;
        const letters = Math.max(big.textContent.length, small.textContent.length) * 7.2;
        return [middle, Math.max(front + back, letters) / 2];
      });
      for (const [n, [middle, half]] of spans.entries()) {
        if (n) close(middle - half - (spans[n - 1][0] + spans[n - 1][1]), 22, about);
      }
      const [first, last] = [spans[0], spans.at(-1)];
      const [left, right] = [first[0] - first[1], last[0] + last[1]];
      const room = width - (right - left) - 22;
      close(left, 11 + Math.max(0, room / 2), about); // one that is too wide begins at the edge
      const top = Math.min(...line.map(({ y, up }) => y - up));
      close(top, floor, about);
      floor = line[0].bottom + 44 + 10;
    }
    assert.equal(height, Math.ceil(floor), about);
  });
});

test("a row is as full as it can be", () => {
  for (const width of [500, 300]) {
    const lines = linesOf(drawn("long", width).solids);
    const outer = ({ width: front, back, big, small }) =>
      22 + Math.max(front + back, 7.2 * big.textContent.length, 7.2 * small.textContent.length);
    assert(lines.length > 2);
    for (const [n, line] of lines.entries()) {
      const used = line.reduce((sum, one) => sum + outer(one), 0);
      assert(used <= width + 0.1);
      if (n + 1 < lines.length) assert(used + outer(lines[n + 1][0]) > width - 0.1);
    }
  }
});

test("a row that fits to the pixel is one row", () => {
  // Each is as wide as its ten letters and the room beside it: 94 pixels.
  const stages = Array.from({ length: 9 }, (_, n) => ({ shape: [12_345_678 + n] }));
  const rows = (count, width) =>
    linesOf(solidsOf(picture({ stages: stages.slice(0, count) }, width)[0])).map(
      ({ length }) => length,
    );
  assert.deepEqual(rows(4, 376), [4]);
  assert.deepEqual(rows(4, 375), [3, 1]);
  assert.deepEqual(rows(9, 376), [4, 4, 1]);
});

test("below each solid stands what it is, and the picture says it all", () => {
  every(({ solids }) => {
    for (const { x, width, back, bottom, big, small } of solids) {
      for (const [text, down, name] of [
        [big, 20, "sw-big"],
        [small, 38, "sw-small"],
      ]) {
        close(text.attributes.x, x + (width + back) / 2, "middle");
        close(text.attributes.y, bottom + down, "below");
        assert.deepEqual([text.attributes["text-anchor"], text.attributes.class], ["middle", name]);
      }
    }
  });
  const words = (name) =>
    drawn(name, 900).solids.map(({ big, small }) => [big.textContent, small.textContent]);
  assert.deepEqual(words("classes"), [
    ["1", "32×32"],
    ["6", "28×28"],
    ["4,704", "numbers"],
    ["120", "numbers"],
    ["10", "numbers"],
  ]);
  assert.deepEqual(words("signal")[1], ["8", "88"]);
  assert.deepEqual(words("wide")[0], ["2", "20×60"]);
  assert.deepEqual(words("broken").at(-1), ["does not fit", "layer 2"]);
  assert.equal(
    drawn("broken", 900).root.attributes["aria-label"],
    "The funnel: (1, 6, 6), then (1, 3, 3), then layer 2 does not fit.",
  );
  assert.equal(
    picture(measure(["nn.Flatten()"], [2, 3]), 900)[0].attributes["aria-label"],
    "The funnel: (2, 3), then (6,).",
  );
});

test("a layer that does not fit is a crossed box", () => {
  const [, , { group, x, y, width, height, kind }] = drawn("broken", 900).solids;
  assert.deepEqual([width, height, kind], [40, 40, "sw-missing"]);
  const [cross] = group.all("path");
  assert.deepEqual(cross.attributes, {
    d: `M${x + 10},${y + 10}l20,20m0,-20l-20,20`,
    class: "sw-missing",
  });
  const fronts = drawn("broken", 900).root.all("rect", "sw-front");
  assert.equal(fronts.length, 2);
});
