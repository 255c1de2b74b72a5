// A pause button on each moving figure that has no stepper (assets/sliding-window.js):
// WCAG 2.2.2 wants one for what moves longer than five seconds.
// Paused, a figure shows its poster. Without this script, the figure simply moves.
// A classic script, for Chromium refuses modules on file://.

(() => {
  "use strict";
  const ICONS = {
    pause: '<svg viewBox="0 0 24 24" aria-hidden="true"><path d="M6 5h4v14H6zm8 0h4v14h-4z"/></svg>',
    play: '<svg viewBox="0 0 24 24" aria-hidden="true"><path d="M8 5v14l11-7z"/></svg>',
  };
  const still = matchMedia("(prefers-reduced-motion: reduce)");

  function setMoving(figure, moving) {
    for (const picture of figure.querySelectorAll("picture")) {
      const image = picture.querySelector("img");
      const gif = image.dataset.gif ?? image.getAttribute("src");
      image.dataset.gif = gif;
      picture.querySelector("source").media = moving ? "not all" : "all";
      if (moving) image.src = gif; // begins again from the first frame
    }
    const button = figure.querySelector(".sw-pause");
    const label = moving ? "Pause the animation" : "Play the animation";
    button.innerHTML = moving ? ICONS.pause : ICONS.play;
    button.setAttribute("aria-label", label);
    button.title = label;
    button.dataset.moving = moving;
  }

  function addButtons() {
    for (const figure of document.querySelectorAll('.sw-figure[data-moving="1"]')) {
      if (customElements.get("sliding-window") && figure.querySelector("sliding-window")) continue;
      const stage = figure.querySelector(".sw-stage");
      if (stage.querySelector(".sw-pause")) continue;
      const button = document.createElement("button");
      button.type = "button";
      button.className = "sw-pause";
      button.addEventListener("click", () => setMoving(figure, button.dataset.moving !== "true"));
      stage.append(button);
      if (still.matches) setMoving(figure, false);
      else {
        button.dataset.moving = "true";
        button.innerHTML = ICONS.pause;
        button.title = "Pause the animation";
        button.setAttribute("aria-label", button.title);
      }
    }
  }

  // Material's instant navigation replaces the page without running scripts again.
  // On file:// there is none, and its subject stays silent.
  if (window.document$ && location.protocol !== "file:") window.document$.subscribe(addButtons);
  else addButtons();
})();
