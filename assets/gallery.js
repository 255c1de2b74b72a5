// The gallery: a filter by operation, and a button on each card that plays the animation.
// Without this script every card is there, with a still picture.
// A classic script, for Chromium refuses modules on file://.

(() => {
  "use strict";
  const PLAY = '<svg viewBox="0 0 24 24" aria-hidden="true"><path d="M8 5v14l11-7z"/></svg>';
  const STOP = '<svg viewBox="0 0 24 24" aria-hidden="true"><path d="M6 6h12v12H6z"/></svg>';

  function play(card, button, moving) {
    for (const image of card.querySelectorAll(".sw-stage img")) {
      image.dataset.still ??= image.getAttribute("src");
      image.src = moving ? image.dataset.still.replace(/png$/, "gif") : image.dataset.still;
    }
    button.innerHTML = moving ? STOP : PLAY;
    button.dataset.moving = moving;
    button.setAttribute("aria-label", `${moving ? "Stop" : "Play"} ${card.dataset.name}`);
  }

  function addPlayers(gallery) {
    for (const card of gallery.querySelectorAll('.sw-card[data-moving="1"]')) {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "sw-pause";
      button.addEventListener("click", () => play(card, button, button.dataset.moving !== "true"));
      card.querySelector(".sw-stage").append(button);
      play(card, button, false);
    }
  }

  function addFilter(gallery) {
    const cards = [...gallery.querySelectorAll(".sw-card")];
    const bar = document.querySelector(".sw-filter");
    const status = document.querySelector(".sw-count");
    const families = [...bar.children].map((button) => button.value);

    function choose(family) {
      let count = 0;
      for (const card of cards) {
        card.hidden = family !== "" && card.dataset.operation !== family;
        count += !card.hidden;
      }
      for (const button of bar.children) {
        button.setAttribute("aria-pressed", button.value === family);
      }
      status.textContent = `${count} of ${cards.length} figures`;
      const address = new URL(location);
      if (family) address.searchParams.set("operation", family);
      else address.searchParams.delete("operation");
      history.replaceState(history.state, "", address);
    }

    for (const button of bar.children) {
      button.addEventListener("click", () => choose(button.value));
    }
    const wanted = new URL(location).searchParams.get("operation") ?? "";
    choose(families.includes(wanted) ? wanted : "");
  }

  function start() {
    const gallery = document.querySelector(".sw-gallery");
    if (!gallery || gallery.dataset.ready) return;
    gallery.dataset.ready = "1";
    addPlayers(gallery);
    addFilter(gallery);
  }

  // Material's instant navigation replaces the page without running scripts again.
  // On file:// there is none, and its subject stays silent.
  if (window.document$ && location.protocol !== "file:") window.document$.subscribe(start);
  else start();
})();
