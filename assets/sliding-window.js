// <sliding-window>: a moving figure that readers step through, with the same drawing as its GIF.
// When the figure comes near the screen, the element loads figures/NAME.trace.js and puts a drawing
// of its own in the poster's place. It plays in the GIF's tempo while it is seen, so that its slider
// always tells what is shown. The GIF is for those without scripts, or where the data are lost.
// A classic script, and data in scripts, for Chromium refuses modules and fetch() on file://. Texts become textContent, never markup; looks are CSS variables.

(() => {
  "use strict";
  const SW = (globalThis.SlidingWindows ??= {});
  const SVG = "http://www.w3.org/2000/svg";
  // What the letters of scripts/slidingwindows/drawing/stepper.py stand for: [ground, ink].
  const LOOKS = {
    p: ["page", "text"],
    z: ["page", "muted"],
    d: ["pad", "muted"],
    h: ["page", "muted"],
    e: ["page", "text"],
    w: ["window", "text"],
    k: ["edge", "page"],
    f: ["fresh", "page"],
    r: ["result", "text"],
  };
  const ICONS = {
    back: "M6 6h2v12H6zm12 0v12l-8.5-6z",
    play: "M8 5v14l11-7z",
    pause: "M6 5h4v14H6zm8 0h4v14h-4z",
    forward: "M16 6h2v12h-2zM6 6l8.5 6L6 18z",
  };
  const SPEEDS = [0.5, 1, 2, 4];
  const HINT = "Step with the buttons or the arrow keys. Then point at any number.";
  const LOST = "The steps of this figure could not be loaded. The animation still plays.";
  const NEAR = "600px"; // from the screen: time enough to load some two kilobytes
  const SEEN = 0.25; // of a figure, before it moves
  const FEW = 4; // outputs that a sentence names one by one
  const ARROWS = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };

  const arrived = new Map();
  const loading = new Map();

  /** Each figures/NAME.trace.js calls this once; what nobody asked for is not kept. */
  SW.figure = (name, data) => loading.has(name) && arrived.set(name, data);

  /** The data of a figure, asked for once; rejects if the file is missing or damaged. */
  function load(name, source) {
    if (!loading.has(name)) {
      const script = document.createElement("script");
      const promise = new Promise((resolve, reject) => {
        script.onload = () =>
          arrived.has(name) ? resolve(arrived.get(name)) : reject(new Error(`${source} is damaged`));
        script.onerror = () => reject(new Error(`${source} is missing`));
      });
      loading.set(name, promise);
      script.src = source;
      document.head.append(script);
    }
    return loading.get(name);
  }

  function make(tag, attributes = {}, ...children) {
    const element = document.createElement(tag);
    set(element, attributes);
    element.append(...children);
    return element;
  }

  function draw(tag, attributes, ...children) {
    const element = document.createElementNS(SVG, tag);
    set(element, attributes);
    element.append(...children);
    return element;
  }

  function set(element, attributes) {
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  }

  const icon = (name) =>
    draw("svg", { viewBox: "0 0 24 24", "aria-hidden": "true" }, draw("path", { d: ICONS[name] }));
  const paint = (role) => `var(--fig-${role})`;
  const minus = (number) => String(number).replace("-", "−");
  const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);

  /** A figure's data as SVG, as large as the picture whose place it takes. */
  class Drawing {
    constructor(name, data) {
      this.data = data;
      this.count = data.steps.length;
      this.cells = data.panels.flatMap((panel, number) => cellsOf(data, panel, number));
      this.links();
      this.hatching = `hatch-${name}`;
      const [width, height] = data.size;
      const still = draw("g", { "aria-hidden": "true" });
      still.append(...data.shapes.map((shape) => this.shape(draw("rect", {}), shape)));
      still.append(...data.texts.map(writing));
      this.overlay = draw("g", { class: "sw-overlay", "aria-hidden": "true" });
      this.words = draw("g", { "aria-hidden": "true" });
      this.spot = draw("rect", { class: "sw-spot", visibility: "hidden" });
      this.panels = data.panels.map((panel, number) => this.panel(panel, number));
      this.svg = draw(
        "svg",
        { class: data.tempo[1] ? "sw-scene sw-glides" : "sw-scene", viewBox: `0 0 ${width} ${height}`, role: "group" },
        this.pattern(),
        still,
        ...this.panels,
        this.overlay,
        this.words,
        this.spot,
      );
      this.show(0);
    }

    pattern() {
      const line = { d: "M-2 2 2-2M0 8 8 0M6 10 10 6", stroke: paint("hatch"), "stroke-width": 1.5 };
      const size = { width: 8, height: 8, patternUnits: "userSpaceOnUse" };
      return draw("pattern", { id: this.hatching, ...size }, draw("path", line));
    }

    /** Who reads a cell, who writes it. */
    links() {
      this.data.steps.forEach((step, number) => {
        step.inputs = new Set([...step[2], ...Object.values(step[3]).flat()]);
        for (const id of step.inputs) this.cells[id].readers.push(number);
        for (const [id, text] of step[5]) this.cells[id].writers.push([number, text]);
      });
    }

    panel(panel, number) {
      const group = draw("g", {});
      for (const cell of this.cells) {
        if (cell.panel !== number) continue;
        const edge = cell.size < 8 ? {} : { stroke: paint("line") };
        const half = cell.size < 8 ? 0 : 0.5;
        const box = { x: cell.x + half, y: cell.y + half, width: cell.size, height: cell.size };
        cell.rect = draw("rect", { ...box, ...edge });
        group.append(cell.rect);
        if (cell.look === "h") {
          group.append(draw("rect", { ...box, fill: `url(#${this.hatching})`, stroke: "none" }));
        }
        if (cell.font) {
          const middle = cell.x + cell.size / 2 + 0.5;
          const base = cell.y + (cell.size + 1 + Math.round(cell.font * 0.73)) / 2;
          const place = { x: middle, y: base, "text-anchor": "middle" };
          cell.text = draw("text", { ...place, "font-size": cell.font });
          if (cell.look === "h") cell.text.setAttribute("class", "sw-halo");
          group.append(cell.text);
        }
        this.dress(cell, cell.look, cell.value);
      }
      if (!this.open(number)) set(group, { "aria-hidden": "true" });
      else {
        const label = `${panel[9]}: with the arrow keys, look at its cells`;
        set(group, { class: "sw-cells", role: "img", tabindex: 0, "aria-label": label });
      }
      return group;
    }

    /** True for a panel whose cells are read or written: all but a kernel. */
    open(number) {
      return this.cells.some((c) => c.panel === number && (c.readers.length || c.writers.length));
    }

    /** Tab reaches cells while they rest: of a figure that plays, it reaches the buttons alone. */
    rest(resting) {
      for (const panel of this.panels) if (panel.hasAttribute("tabindex")) set(panel, { tabindex: resting ? 0 : -1 });
    }

    /** A cell's colours and number, if they are others than it wears. */
    dress(cell, look, value) {
      const bold = look !== look.toLowerCase();
      const [ground, ink] = LOOKS[look.toLowerCase()];
      const shade = !cell.font && value !== "" ? Math.round((255 * Number(value)) / 15) : -1;
      const fill = shade < 0 ? paint(ground) : `rgb(${shade}, ${shade}, ${shade})`;
      const wears = `${look} ${value}`;
      if (cell.wears === wears) return;
      cell.wears = wears;
      cell.rect.setAttribute("fill", fill);
      if (!cell.text) return;
      set(cell.text, { fill: paint(ink), "font-weight": bold ? 700 : 400 });
      cell.text.textContent = value;
    }

    shape(rect, [kind, left, top, right, bottom, role, width, dash]) {
      const inside = kind === "o" || kind === "d" ? width / 2 : 0;
      const line = inside ? { fill: "none", stroke: paint(role), "stroke-width": width } : {};
      const fills = {
        f: { fill: paint(role) },
        h: { fill: `url(#${this.hatching})` },
        s: { fill: `rgb(${Array(3).fill(Math.round((255 * role) / 15))})` },
        o: line,
        d: { ...line, "stroke-dasharray": dash },
      };
      set(rect, {
        x: left + inside,
        y: top + inside,
        width: Math.max(right - left - 2 * inside, 0),
        height: Math.max(bottom - top - 2 * inside, 0),
        ...fills[kind],
      });
      return rect;
    }

    /** The figure after its first `at` steps; instead of the last one's window, one looked at. */
    show(at, look = null) {
      const lines = at ? [] : this.data.opening;
      const seen = look ?? { step: at - 1, looks: {}, shapes: [], lines };
      const step = this.data.steps[seen.step];
      const looks = {};
      if (step) for (const [letter, ids] of Object.entries(step[3])) for (const id of ids) looks[id] = letter;
      Object.assign(looks, seen.looks);
      this.cells.forEach((cell, id) => {
        let [mine, value] = [cell.look, cell.value];
        for (const [number, text] of cell.writers) {
          if (number < at || number === seen.step) {
            value = text;
            mine = number === seen.step ? "F" : "r";
          }
        }
        this.dress(cell, looks[id] ?? mine, seen.values?.[id] ?? value);
      });
      this.frame([...(step ? step[4] : []), ...seen.shapes]);
      const [x, y, size] = this.data.words;
      const texts = (step?.[1] ?? seen.lines ?? []).map((line, n) => writing([x, y + n * (size + 8), line, size, "text", "left", 0]));
      this.words.replaceChildren(...texts);
    }

    /** The GIF's picture before the next answer: its window, and what is asked. */
    question(at) {
      const [lines, marks, shapes, asked] = this.data.steps[at][6];
      const [looks, values] = [{}, {}];
      for (const [letter, ids] of Object.entries(marks)) for (const id of ids) looks[id] = letter;
      for (const [id, text, letter] of asked) [looks[id], values[id]] = [letter, text];
      return { step: -1, looks, values, shapes, lines };
    }

    /** The GIF's last picture: all that was made, and no window. */
    closing() {
      return { step: -1, looks: {}, shapes: [], lines: this.data.closing };
    }

    /** Frames stay the same elements, so that they can glide. */
    frame(shapes) {
      const rects = this.overlay.children;
      while (rects.length > shapes.length) this.overlay.lastChild.remove();
      while (rects.length < shapes.length) this.overlay.append(draw("rect", {}));
      shapes.forEach((shape, n) => this.shape(rects[n], shape));
    }

    /** The cell at a point of the screen, or undefined. */
    cellAt(x, y) {
      const box = this.svg.getBoundingClientRect();
      const [width, height] = this.data.size;
      const scale = Math.max(width / box.width, height / box.height); // blank beside it if it is tall
      const left = (x - box.left - box.width / 2) * scale + width / 2;
      const top = (y - box.top - box.height / 2) * scale + height / 2;
      return this.cells.find((cell) => {
        const inside = left >= cell.x && left < cell.x + cell.size;
        return inside && top >= cell.y && top < cell.y + cell.size && this.told(cell);
      });
    }

    told(cell) {
      return this.panels[cell.panel].hasAttribute("tabindex") && (cell.look !== "e" || cell.writers.length);
    }

    ring(cell, role) {
      const edge = [cell.x - 1, cell.y - 1, cell.x + cell.size + 2, cell.y + cell.size + 2];
      return ["o", ...edge, role, cell.size < 12 ? 2 : 3];
    }

    /** What is to be seen, and said, when a reader looks at a cell. */
    about(cell) {
      const steps = this.data.steps;
      const written = cell.writers.map(([number]) => number);
      if (this.panels.length - 1 === cell.panel) {
        if (written.length === 1) return { step: written[0], looks: {}, shapes: [], text: steps[written[0]][0] };
        const looks = {};
        const from = [...new Set(written.flatMap((number) => this.feeding(steps[number], cell)))];
        if (cell.font) for (const id of from) looks[id] = "w";
        const said = written.length ? `gets its number from ${written.length} windows` : "is never written";
        const shapes = [this.ring(cell, "fresh"), ...(cell.font ? [] : this.around(from))];
        return { step: -1, looks, shapes, text: `${capital(this.placed(cell))} ${said}.` };
      }
      const targets = [...new Set(cell.readers.flatMap((number) => steps[number][5].map(([id]) => id)))];
      const looks = {};
      if (cell.font) for (const id of targets) looks[id] = "w";
      if (cell.font) looks[this.cells.indexOf(cell)] = "w";
      const shapes = [this.ring(cell, "edge"), ...this.around(targets)];
      const name = cell.look === "d" ? `added cell ${this.place(cell)}` : this.placed(cell);
      const holds = cell.number ? ` holds ${cell.number}` : "";
      return { step: -1, looks, shapes, text: `${capital(name)}${holds}, ${this.used(targets)}.` };
    }

    /** The cells that a step reads for one of those it writes: its own, if they come in pairs. */
    feeding(step, cell) {
      const [read, me] = [[...step.inputs], this.cells.indexOf(cell)];
      if (read.length !== step[5].length) return read;
      return [read[step[5].findIndex(([id]) => id === me)]];
    }

    around(ids) {
      return ids.slice(0, 300).map((id) => this.ring(this.cells[id], "edge"));
    }

    used(targets) {
      if (!targets.length) return "never read";
      const name = this.data.panels.at(-1)[10];
      const places = targets.map((id) => this.place(this.cells[id]));
      if (targets.length === 1) return `read for ${name} ${places[0]}`;
      if (targets.length <= FEW) return `read for ${name} ${places.join(", ")}`;
      return `read for ${targets.length} numbers of the ${name}`;
    }

    place(cell) {
      return this.data.dims === 1 && this.data.panels[cell.panel][2] === 1
        ? minus(cell.col)
        : `(${minus(cell.row)}, ${minus(cell.col)})`;
    }

    placed(cell) {
      return `${this.data.panels[cell.panel][10]} ${this.place(cell)}`;
    }
  }

  function cellsOf(data, [x, y, rows, cols, size, firstRow, firstCol, , font], panel) {
    const values = data.values[panel].split(" ");
    const numbers = data.numbers ? data.numbers[panel].split(" ") : values;
    const looks = data.looks[panel];
    if (values.length !== rows * cols || looks.length !== rows * cols) throw new Error("cells are missing");
    return values.map((value, n) => {
      const [row, col] = [Math.floor(n / cols), n % cols];
      return {
        panel,
        row: row + firstRow,
        col: col + firstCol,
        x: x + col * size,
        y: y + row * size,
        size,
        font,
        value,
        number: numbers[n],
        look: looks[n],
        readers: [],
        writers: [],
      };
    });
  }

  function writing([x, y, text, size, role, anchor, mono]) {
    const place = { x, y, "font-size": size, fill: paint(role) };
    const style = { class: mono ? "sw-mono" : "sw-sans", "text-anchor": anchor === "left" ? "start" : anchor };
    return draw("text", { ...place, ...style }, text);
  }

  const still = matchMedia("(prefers-reduced-motion: reduce)");

  const near = new IntersectionObserver(
    (entries) => entries.forEach(({ target, isIntersecting }) => isIntersecting && target.parentElement.comes()),
    { rootMargin: NEAR },
  );
  const seen = new IntersectionObserver(
    (entries) => entries.forEach(({ target, intersectionRatio }) => target.parentElement.sees(intersectionRatio >= SEEN)),
    { threshold: SEEN },
  );
  document.addEventListener("visibilitychange", () => {
    for (const element of document.querySelectorAll("sliding-window[data-drawn]")) element.wait();
  });

  // What is shown: `at` answers are written, and `phase` says which picture of the GIF it is.
  const ANSWER = "answer"; // the last window with its answer; of 0 answers, the opening
  const QUESTION = "question"; // the next window, before its answer
  const CLOSING = "closing"; // all answers and no window

  class SlidingWindow extends HTMLElement {
    connectedCallback() {
      if (!this.bar) this.begin();
      if (this.said && !this.failed) for (const observer of [near, seen]) observer.observe(this.stage);
    }

    disconnectedCallback() {
      clearTimeout(this.timer);
      if (this.said) for (const observer of [near, seen]) observer.unobserve(this.stage);
      this.inSight = false;
    }

    begin() {
      this.stage = this.querySelector(":scope > .sw-stage");
      this.bar = this.querySelector(".sw-bar");
      this.line = this.querySelector(".sw-sentence");
      if (!this.stage || !this.bar || !this.line) return;
      this.count = Number(this.getAttribute("steps")) || 1;
      [this.at, this.phase] = [0, ANSWER];
      this.moving = !still.matches;
      this.furnish();
      set(this.stage, { tabindex: 0, role: "group", "aria-label": `Step by step: ${this.getAttribute("label")}` });
      this.addEventListener("keydown", (event) => this.onKey(event));
      this.said = make("span");
      this.line.append(this.said);
      this.say(HINT);
      this.mark();
    }

    /** Whoever wants no motion sees the poster, and nothing is loaded. */
    comes() {
      if (this.moving) this.open();
    }

    sees(inSight) {
      this.inSight = inSight;
      if (this.drawing) this.wait();
    }

    furnish() {
      const button = (name, label, action) => {
        const made = make("button", { type: "button", class: `sw-step sw-${name}`, "aria-label": label }, icon(name));
        made.title = label;
        made.addEventListener("click", action);
        return made;
      };
      this.back = button("back", "Step back", () => this.goBack());
      this.toggle = button("play", "Play", () => this.playOrPause());
      this.forward = button("forward", "Step forward", () => this.go(this.at + 1));
      this.scrub = make("input", { type: "range", min: 0, max: this.count, value: 0, "aria-label": "Step" });
      this.scrub.addEventListener("input", () => this.go(Number(this.scrub.value)));
      // Nothing may move it under a hand, nor make a screen reader tell each of its values.
      this.scrub.addEventListener("focus", () => this.moving && this.pause());
      this.where = make("span", { class: "sw-at", "aria-hidden": "true" });
      const options = SPEEDS.map((speed) => make("option", { value: speed }, `${speed}×`));
      this.speed = make("select", { "aria-label": "Speed", title: "Speed" }, ...options);
      this.speed.value = "1";
      this.speed.addEventListener("change", () => this.drawing && this.wait());
      this.bar.append(this.back, this.toggle, this.forward, this.scrub, this.where, this.speed);
    }

    /** Space, arrows, Home and End, wherever in the figure the focus is; fields keep their own. */
    onKey(event) {
      if (event.ctrlKey || event.altKey || event.metaKey || event.target.matches("input, select")) return;
      const onCells = event.target.closest?.(".sw-cells");
      if (onCells && event.key in ARROWS) this.lookAround(onCells, ARROWS[event.key]);
      else if (onCells && event.key === "Enter") this.jump(this.spotted);
      else if (event.key === " " && !event.target.matches("button")) this.playOrPause();
      else if (event.key === "ArrowLeft") this.goBack();
      else if (event.key === "ArrowRight") this.go(this.at + 1);
      else if (event.key === "Home") this.go(0);
      else if (event.key === "End") this.go(this.count);
      else return;
      event.preventDefault();
    }

    /** Puts the drawing in the picture's place; false if its data cannot be had. */
    async open() {
      if (this.drawing || this.failed) return !this.failed;
      const [name, source] = [this.getAttribute("name"), this.getAttribute("src")];
      try {
        const data = await load(name, source);
        if (this.drawing) return true;
        const drawing = new Drawing(name, data);
        if (drawing.count !== this.count) throw new Error(`${source} has other steps`);
        this.enter(drawing);
      } catch (error) {
        console.warn(error);
        this.fail();
      }
      return !this.failed;
    }

    enter(drawing) {
      this.drawing = drawing;
      drawing.svg.setAttribute("aria-label", this.getAttribute("label"));
      drawing.rest(!this.moving);
      this.picture(false);
      this.dataset.drawn = "1";
      this.stage.append(drawing.svg);
      const svg = drawing.svg;
      svg.addEventListener("pointermove", (event) => this.onPointer(event));
      svg.addEventListener("pointerdown", (event) => this.onPointer(event));
      svg.addEventListener("pointerleave", (event) => event.pointerType === "mouse" && this.look(null));
      svg.addEventListener("click", (event) => this.onPointer(event));
      // Not on the drawing itself: Chromium lets Tab stop at an SVG that listens for focus.
      this.stage.addEventListener("focusin", ({ target }) => this.lookAround(target.closest(".sw-cells"), [0, 0]));
      this.stage.addEventListener("focusout", () => this.look(null));
      this.update();
    }

    fail() {
      this.failed = true;
      [this.at, this.phase] = [0, ANSWER];
      near.unobserve(this.stage);
      for (const control of [this.back, this.forward, this.scrub, this.speed]) control.disabled = true;
      this.picture(this.moving);
      this.say(LOST);
      this.mark();
    }

    /** The GIF, from its first frame, or the poster. */
    picture(moving) {
      for (const image of this.stage.querySelectorAll("picture img")) {
        const source = image.parentElement.querySelector("source");
        if (source) source.media = moving ? "not all" : "all";
        if (moving) image.src = image.getAttribute("src");
      }
    }

    playOrPause() {
      this.taken = true;
      if (this.moving) this.pause();
      else this.play();
    }

    /** What is seen stays. */
    pause() {
      this.taken = true;
      this.moving = false;
      if (this.drawing) this.update();
      else {
        this.picture(false);
        this.mark();
      }
    }

    /** On from what is seen; from the end, again from the start. */
    async play() {
      const drawn = await this.open();
      this.moving = true;
      if (!drawn) {
        this.picture(true);
        return this.mark();
      }
      if (this.at >= this.count) [this.at, this.phase] = [0, ANSWER];
      return this.update();
    }

    /** Waits for the time of the next picture, if this one can be seen. */
    wait() {
      clearTimeout(this.timer);
      if (!this.moving || !this.inSight || document.hidden) return;
      this.timer = setTimeout(() => this.advance(), this.lasts() / Number(this.speed.value));
    }

    /** Milliseconds of the picture that is shown, as in the GIF. */
    lasts() {
      const [opening, glide, look, answer, closing] = this.drawing.data.tempo;
      if (this.phase === CLOSING) return closing;
      if (this.phase === QUESTION) return this.at ? glide + look : look;
      return this.at ? answer : opening;
    }

    advance() {
      const { every, tempo } = this.drawing.data;
      if (still.matches && !this.taken) this.moving = false; // the reader has wished so since
      else if (this.phase === CLOSING) [this.at, this.phase] = [0, ANSWER];
      else if (this.at === this.count) this.phase = CLOSING;
      else if (this.phase === ANSWER && tempo[2]) this.phase = QUESTION;
      else [this.at, this.phase] = [Math.min(this.at + every, this.count), ANSWER];
      return this.update();
    }

    /** To a step, by the reader's hand. */
    async go(at) {
      clearTimeout(this.timer);
      this.taken = true;
      // At once, for a second key may come soon.
      [this.at, this.phase] = [Math.max(0, Math.min(at, this.count)), ANSWER];
      if (!(await this.open())) return;
      this.moving = false;
      this.update();
    }

    goBack() {
      return this.go(this.phase === QUESTION ? this.at : this.at - 1);
    }

    update() {
      const { drawing, phase, at } = this;
      this.looked = null;
      drawing.spot.setAttribute("visibility", "hidden");
      const shown = { [QUESTION]: () => drawing.question(at), [CLOSING]: () => drawing.closing() };
      drawing.show(at, shown[phase]?.());
      // Screen readers hear each step that is made by hand, and nothing while it plays.
      this.line.setAttribute("aria-live", this.moving ? "off" : "polite");
      if (this.taken) this.say(this.sentence());
      this.mark();
      this.wait();
    }

    sentence() {
      const { opening, closing, steps } = this.drawing.data;
      if (this.phase === QUESTION) return steps[this.at][6][0].join(" ");
      if (this.phase === ANSWER && this.at) return steps[this.at - 1][0];
      return capital(`${(this.at ? closing : opening).join(" ")}.`);
    }

    say(text) {
      if (this.said.textContent !== text) this.said.textContent = text;
    }

    /** Buttons and slider as things are. */
    mark() {
      const label = this.moving ? "Pause" : "Play";
      if (this.toggle.getAttribute("aria-label") !== label || !this.marked) {
        this.marked = true;
        set(this.toggle, { "aria-label": label, title: label });
        this.toggle.replaceChildren(icon(this.moving ? "pause" : "play"));
        this.drawing?.rest(!this.moving);
      }
      this.scrub.value = this.at;
      this.scrub.setAttribute("aria-valuetext", `${this.at} of ${this.count}`);
      this.where.textContent = `${this.at}/${this.count}`;
    }

    /** A mouse looks wherever it is; a finger looks at what it taps, not where a scroll begins. */
    onPointer(event) {
      const cell = this.drawing.cellAt(event.clientX, event.clientY);
      const { type, pointerType } = event;
      if (type === "pointerdown") this.spotted = cell;
      if (type === "pointerdown" || (type === "pointermove" && (pointerType !== "mouse" || this.moving))) return;
      this.line.setAttribute("aria-live", "off");
      this.look(cell ?? null);
      if (type === "click") this.jump(cell);
    }

    /** Shows what belongs to a cell, or again where the figure stands. */
    look(cell) {
      if (this.looked === cell || (!cell && !this.looked)) return;
      if (!cell) return this.update();
      if (this.moving) this.pause();
      this.looked = cell;
      const about = this.drawing.about(cell);
      this.drawing.show(this.at, about);
      return this.say(about.text);
    }

    /** Moves the reader's eye among a panel's cells. */
    lookAround(group, [down, across]) {
      if (!group) return;
      const { cells, panels, spot } = this.drawing;
      const mine = cells.filter((cell) => panels[cell.panel] === group);
      const from = panels[this.spotted?.panel] === group ? this.spotted : mine[0];
      const to = mine.find((c) => c.row === from.row + down && c.col === from.col + across) ?? from;
      this.spotted = to;
      this.line.setAttribute("aria-live", "polite");
      this.look(to);
      const visibility = group.matches(":focus-visible") ? "visible" : "hidden";
      set(spot, { x: to.x + 2, y: to.y + 2, width: to.size - 3, height: to.size - 3, visibility });
    }

    /** To the step that wrote a cell. */
    jump(cell) {
      if (cell?.writers.length) this.go(cell.writers.at(-1)[0] + 1);
    }
  }

  if (!customElements.get("sliding-window")) customElements.define("sliding-window", SlidingWindow);
})();
