// <moving-pictures>: a moving figure of a network, state by state, in the same pictures as its GIF.
// When it comes near the screen, the element loads one sheet that holds all of them, for the theme
// in use alone, and shows one at a time. When it moves, and what moves it, is in ui/player.js.
// Texts become textContent, never markup.

import { make, Player } from "./player.js";

/** All states of a figure on one sheet per theme, and a frame that shows one of them. */
class Sheets {
  columns = 0;
  rows = 0;

  constructor(pictures, sources) {
    this.images = [...pictures].map((picture, n) => {
      const shown = getComputedStyle(picture).display !== "none";
      const { alt } = picture.querySelector("img");
      return make("img", {
        alt,
        loading: shown ? "eager" : "lazy",
        decoding: "async",
        src: sources[n],
      });
    });
    const frames = this.images.map((image, n) =>
      make("div", { class: `sw-frame ${pictures[n].className}` }, image),
    );
    this.reel = make("div", { class: "sw-reel" }, ...frames);
  }

  /** How the states lie on a sheet that is there; width, height: of one of them, in pixels. */
  async measure(width, height, count) {
    const image = this.images.find((one) => one.loading === "eager");
    await image.decode();
    [this.columns, this.rows] = [image.naturalWidth / width, image.naturalHeight / height];
    const whole = Number.isInteger(this.columns) && this.rows === Math.ceil(count / this.columns);
    if (!whole) throw new Error(`${image.src} holds other states`);
    this.reel.style.setProperty("--sw-ratio", width / height);
    for (const { style } of this.images) {
      [style.width, style.height] = [`${100 * this.columns}%`, `${100 * this.rows}%`];
    }
  }

  show(index) {
    const [row, column] = [Math.floor(index / this.columns), index % this.columns];
    const way = `translate(${(-100 * column) / this.columns}%, ${(-100 * row) / this.rows}%)`;
    for (const { style } of this.images) style.transform = way;
  }
}

class MovingPictures extends Player {
  first = 1;
  hint = "Step with the buttons or the arrow keys.";

  async prepare() {
    this.states = JSON.parse(this.getAttribute("states"));
    const pictures = this.stage.querySelectorAll("picture");
    const sheets = new Sheets(pictures, [this.getAttribute("light"), this.getAttribute("dark")]);
    const image = pictures[0].querySelector("img");
    const [width, height] = ["width", "height"].map((name) => Number(image.getAttribute(name)));
    await sheets.measure(width, height, this.count);
    return sheets;
  }

  place(sheets) {
    this.stage.append(sheets.reel);
    // The other theme's sheet loads once it is shown, which may be long after the first.
    for (const image of sheets.images) image.addEventListener("error", () => this.lose());
  }

  lose() {
    this.drawing?.reel.remove();
    this.drawing = null;
    delete this.dataset.drawn;
    clearTimeout(this.timer);
    this.fail();
  }

  lasts() {
    return this.states[this.at - 1][0];
  }

  next() {
    this.at = this.at === this.count ? this.first : this.at + 1;
  }

  show() {
    this.drawing.show(this.at - 1);
  }

  sentence() {
    return this.states[this.at - 1][1];
  }
}

if (!customElements.get("moving-pictures"))
  customElements.define("moving-pictures", MovingPictures);
