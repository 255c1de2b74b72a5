// The bar and the keys of a moving figure, and what plays it.
// ui/stepper.js and ui/moving-pictures.js say how a state is shown; here is when.
// A figure plays in its GIF's tempo while it is seen, so that its slider always tells what is shown.
// The GIF is for those without scripts, or where the figure's own data are lost.
// Texts become textContent, never markup.

const SVG = "http://www.w3.org/2000/svg";
const ICONS = {
  back: "M6 6h2v12H6zm12 0v12l-8.5-6z",
  play: "M8 5v14l11-7z",
  pause: "M6 5h4v14H6zm8 0h4v14h-4z",
  forward: "M16 6h2v12h-2zM6 6l8.5 6L6 18z",
};
const SPEEDS = [0.5, 1, 2, 4];
const LOST = "The steps of this figure could not be loaded. Play shows its animation instead.";
const NEAR = "600px"; // from the screen: time enough to load some kilobytes
const SEEN = 0.25; // of a figure, before it moves

export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  set(element, attributes);
  element.append(...children);
  return element;
}

export function draw(tag, attributes, ...children) {
  const element = document.createElementNS(SVG, tag);
  set(element, attributes);
  element.append(...children);
  return element;
}

export function set(element, attributes) {
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
}

/** A sign on a button, 24 by 24. */
export const icon = (d) =>
  draw("svg", { viewBox: "0 0 24 24", "aria-hidden": "true" }, draw("path", { d }));

export const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);

const still = matchMedia("(prefers-reduced-motion: reduce)");

const playerOf = (stage) => /** @type {Player} */ (stage.parentElement);

const near = new IntersectionObserver(
  (entries) => {
    for (const { target, isIntersecting } of entries) {
      if (isIntersecting) playerOf(target).comes();
    }
  },
  { rootMargin: NEAR },
);
const seen = new IntersectionObserver(
  (entries) => {
    for (const { target, intersectionRatio } of entries) {
      playerOf(target).sees(intersectionRatio >= SEEN);
    }
  },
  { threshold: SEEN },
);
document.addEventListener("visibilitychange", () => {
  for (const element of document.querySelectorAll("[data-drawn]")) {
    /** @type {Player} */ (element).wait();
  }
});

/**
 * An element with a stage, a bar and a line of words, of which `at` says what is shown.
 *
 * A subclass says what is shown: its own hint, and prepare() to sentence() below.
 * first: the least that `at` may be.
 */
export class Player extends HTMLElement {
  first = 0;
  hint = "";
  opening = null; // what prepare() promised
  asked = 0; // how often the reader has asked for something: the last wish counts

  /** What shows the states, once it is there. @returns {Promise<any>} */
  async prepare() {}

  /** Puts the drawing onto the stage. */
  place(_drawing) {}

  show() {}

  /** Milliseconds of what is shown. */
  lasts() {
    return 0;
  }

  /** On to what comes then. */
  next() {}

  sentence() {
    return "";
  }

  connectedCallback() {
    if (!this.bar) this.begin();
    if (this.said) for (const observer of [near, seen]) observer.observe(this.stage);
  }

  disconnectedCallback() {
    clearTimeout(this.timer);
    if (this.said) seen.unobserve(this.stage); // else it would not be seen anew where it is put
    this.inSight = false;
  }

  begin() {
    this.stage = this.querySelector(":scope > .sw-stage");
    this.bar = this.querySelector(".sw-bar");
    this.line = this.querySelector(".sw-sentence");
    if (!this.stage || !this.bar || !this.line) return;
    this.count = Number(this.getAttribute("steps"));
    this.rewind();
    this.moving = !still.matches;
    this.furnish();
    set(this.stage, {
      tabindex: 0,
      role: "group",
      "aria-label": `Step by step: ${this.getAttribute("label")}`,
    });
    this.addEventListener("keydown", (event) => this.onKey(event));
    this.said = make("span");
    this.line.append(this.said);
    this.say(this.hint);
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
      const made = make(
        "button",
        { type: "button", class: `sw-step sw-${name}`, "aria-label": label },
        icon(ICONS[name]),
      );
      made.title = label;
      made.addEventListener("click", action);
      return made;
    };
    this.back = button("back", "Step back", () => this.goBack());
    this.toggle = button("play", "Play", () => this.playOrPause());
    this.forward = button("forward", "Step forward", () => this.go(this.at + 1));
    const range = { min: this.first, max: this.count, value: this.first };
    this.scrub = make("input", { type: "range", ...range, "aria-label": "Step" });
    this.scrub.addEventListener("input", () => this.go(Number(this.scrub.value)));
    // Nothing may move it under a hand, nor make a screen reader tell each of its values.
    this.scrub.addEventListener("focus", () => this.moving && this.pause());
    this.where = make("span", { class: "sw-at", "aria-hidden": "true" });
    const options = SPEEDS.map((speed) => make("option", { value: speed }, `${speed}×`));
    this.speed = make("select", { "aria-label": "Speed", title: "Speed" }, ...options);
    this.speed.value = "1";
    this.speed.addEventListener("change", () => this.wait()); // hidden while nothing is drawn
    this.bar.append(this.back, this.toggle, this.forward, this.scrub, this.where, this.speed);
  }

  /** Space, arrows, Home and End, wherever in the figure the focus is; fields keep their own. */
  onKey(event) {
    if (event.ctrlKey || event.altKey || event.metaKey || event.target.matches("input, select"))
      return;
    if (this.takes(event)) event.preventDefault();
  }

  /** True for a key that does something here. */
  takes(event) {
    if (event.key === " " && !event.target.matches("button")) this.playOrPause();
    else if (event.key === "ArrowLeft") this.goBack();
    else if (event.key === "ArrowRight") this.go(this.at + 1);
    else if (event.key === "Home") this.go(this.first);
    else if (event.key === "End") this.go(this.count);
    else return false;
    return true;
  }

  /** Puts the drawing in the picture's place; false if its data cannot be had. */
  async open() {
    if (this.drawing || this.failed) return !this.failed;
    try {
      this.opening ??= this.prepare();
      const drawing = await this.opening;
      if (!this.drawing && !this.failed) this.enter(drawing);
    } catch (error) {
      console.warn(error);
      this.fail();
    }
    return !this.failed;
  }

  enter(drawing) {
    this.drawing = drawing;
    this.picture(false);
    this.dataset.drawn = "1";
    this.place(drawing);
    this.update();
  }

  fail() {
    this.failed = true;
    this.rewind();
    for (const control of [this.back, this.forward, this.scrub, this.speed])
      control.disabled = true;
    this.picture(this.moving);
    this.line.setAttribute("aria-live", this.taken ? "polite" : "off"); // whoever asked hears it
    this.say(LOST);
    this.mark();
  }

  /** The GIF, from its first frame, or the poster. */
  picture(moving) {
    /** @type {NodeListOf<HTMLImageElement>} */
    const images = this.stage.querySelectorAll("picture img");
    for (const image of images) {
      const source = image.parentElement.querySelector("source");
      if (source) source.media = moving ? "not all" : "all";
      if (moving) image.src = image.getAttribute("src");
    }
  }

  playOrPause() {
    this.taken = true;
    this.asked += 1;
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
    this.moving = true;
    this.mark();
    const drawn = await this.open();
    if (!this.moving) return; // paused while it loaded
    if (!drawn) {
      this.picture(true);
      this.mark();
      return;
    }
    if (this.at >= this.count) this.rewind();
    this.update();
  }

  /** Waits for the time of the next picture, if this one can be seen. */
  wait() {
    clearTimeout(this.timer);
    if (!this.moving || !this.inSight || document.hidden) return;
    this.timer = setTimeout(() => this.advance(), this.lasts() / Number(this.speed.value));
  }

  advance() {
    if (still.matches && !this.taken)
      this.moving = false; // the reader has wished so since
    else this.next();
    return this.update();
  }

  rewind() {
    this.at = this.first;
  }

  /** What Step back leads to. */
  previous() {
    return this.at - 1;
  }

  /** Told when it comes to rest, and when it moves again. */
  rest(_resting) {}

  /** To a step, by the reader's hand. */
  async go(at) {
    clearTimeout(this.timer);
    this.taken = true;
    // At once, for a second key may come soon.
    this.asked += 1;
    const { asked } = this;
    this.rewind();
    this.at = Math.max(this.first, Math.min(at, this.count));
    if (!(await this.open())) return;
    if (asked === this.asked) this.moving = false;
    this.update();
  }

  goBack() {
    return this.go(this.previous());
  }

  update() {
    this.show();
    // Screen readers hear each step that is made by hand, and nothing while it plays.
    this.line.setAttribute("aria-live", this.moving ? "off" : "polite");
    if (this.taken) this.say(this.sentence());
    this.mark();
    this.wait();
  }

  say(text) {
    if (this.said.textContent !== text) this.said.textContent = text;
  }

  /** Buttons and slider as things are. */
  mark() {
    const label = this.moving ? "Pause" : "Play";
    if (this.toggle.getAttribute("aria-label") !== label) {
      set(this.toggle, { "aria-label": label, title: label });
      this.toggle.replaceChildren(icon(ICONS[this.moving ? "pause" : "play"]));
      if (this.drawing) this.rest(!this.moving);
    }
    this.scrub.value = this.at;
    this.scrub.setAttribute("aria-valuetext", `${this.at} of ${this.count}`);
    this.where.textContent = `${this.at}/${this.count}`;
  }
}
