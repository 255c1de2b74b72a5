// The bar that walks through a figure's windows: first, back, play, next, and a slider to any.

import { button, make } from "../elements.js";

export const FRAME = 700; // ms a window while playing

export class Steps {
  number = 0;
  timer = 0;

  /** chosen: called with the number of each window that the bar comes to. */
  constructor(chosen) {
    this.chosen = chosen;
    const move = (by) => () => {
      this.stop();
      this.go(this.number + by);
    };
    this.play = button("Play", () => (this.playing ? this.stop() : this.start()));
    this.slider = make("input", { type: "range", min: "0", "aria-label": "window" });
    this.slider.addEventListener("input", () => {
      this.stop();
      this.go(Number(this.slider.value));
    });
    this.where = make("span", { class: "sw-where" });
    this.element = make(
      "div",
      { class: "sw-steps", role: "group", "aria-label": "Windows, one by one" },
      button("First", () => this.go(0)),
      button("Back", move(-1)),
      this.play,
      button("Next", move(1)),
      this.slider,
      this.where,
    );
  }

  get playing() {
    return Boolean(this.timer);
  }

  get last() {
    return Number(this.slider.max);
  }

  /** A figure of so many windows, of which one is chosen. */
  begin(count, number) {
    this.slider.max = String(count - 1);
    this.number = number;
  }

  /** The window that the figure shows, which may be another than the chosen one for a moment. */
  show(number, words) {
    this.where.textContent = words;
    this.slider.value = String(number);
    this.slider.setAttribute("aria-valuetext", words);
  }

  go(number) {
    this.number = Math.min(this.last, Math.max(0, number));
    this.chosen(this.number);
  }

  start() {
    if (this.number >= this.last) this.go(0);
    this.play.textContent = "Pause";
    this.timer = setInterval(() => {
      if (!this.element.isConnected || this.number >= this.last) this.stop();
      else this.go(this.number + 1);
    }, FRAME);
  }

  stop() {
    clearInterval(this.timer);
    this.timer = 0;
    this.play.textContent = "Play";
  }
}
