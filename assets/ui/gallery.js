// The gallery: a filter by operation, and a button on each card that plays the animation.
// Without this script every card is there, with a still picture.

import { icon } from "./player.js";

const PLAY = "M8 5v14l11-7z";
const STOP = "M6 6h12v12H6z";

function play(card, button, moving) {
  for (const image of card.querySelectorAll(".sw-stage img")) {
    image.dataset.still ??= image.getAttribute("src");
    image.src = moving ? image.dataset.still.replace(/png$/, "gif") : image.dataset.still;
  }
  button.replaceChildren(icon(moving ? STOP : PLAY));
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
  const cards = /** @type {HTMLElement[]} */ ([...gallery.querySelectorAll(".sw-card")]);
  const bar = document.querySelector(".sw-filter");
  const status = document.querySelector(".sw-count");
  const buttons = /** @type {HTMLButtonElement[]} */ ([...bar.children]);
  const families = buttons.map((button) => button.value);

  function choose(family) {
    let count = 0;
    for (const card of cards) {
      card.hidden = family !== "" && card.dataset.operation !== family;
      if (!card.hidden) count += 1;
    }
    for (const button of buttons) {
      button.setAttribute("aria-pressed", String(button.value === family));
    }
    status.textContent = `${count} of ${cards.length} figures`;
    const address = new URL(location.href);
    if (family) address.searchParams.set("operation", family);
    else address.searchParams.delete("operation");
    history.replaceState(history.state, "", address);
  }

  for (const button of buttons) {
    button.addEventListener("click", () => choose(button.value));
  }
  const wanted = new URL(location.href).searchParams.get("operation") ?? "";
  choose(families.includes(wanted) ? wanted : "");
}

function start() {
  /** @type {HTMLElement | null} */
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
