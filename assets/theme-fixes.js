// Three things that Material's script does not do. It runs before Material's: on the window itself,
// listeners are called in the order in which they were added.

// ---- Links within a page.
// Material's instant loading fetches a page when the path differs from that of the last link
// followed. Until a link has been followed, there is no such path: a link within the page then lays the same page
// again, and all that a reader opened, stepped to or typed is gone. Going back, and a script
// that sets the hash, do the same. So the browser follows these links, as it would without
// Material, which leaves links with a target alone.

let told = location.protocol === "file:"; // whether Material knows the path; there it is silent
let leaving = false; // whether the link that is clicked leads to another page

function within(link) {
  return link.origin === location.origin && link.pathname === location.pathname;
}

function onClick(event) {
  const link = event.target.closest?.("a[href]");
  leaving = Boolean(link) && !within(link);
  const plain = !(event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey);
  if (!link || !plain || told || !within(link) || !["", "_self"].includes(link.target)) return;
  link.target = "_self";
  if (link.hash && link.search === location.search) return;
  // Another query, as the search's results have, or no hash at all: the browser would reload.
  event.preventDefault();
  if (link.hash) location.hash = link.hash;
  else {
    if (location.hash) history.pushState(null, "", location.pathname + location.search);
    scrollTo(0, 0);
  }
}

function onPopState(event) {
  if (!told) event.stopImmediatePropagation();
}

// Material has prevented the browser's own way: it is loading another page, and knows its path.
function afterClick(event) {
  if (leaving && event.defaultPrevented) told = true;
}

addEventListener("click", onClick, true);
addEventListener("click", afterClick);
addEventListener("popstate", onPopState, true);

// ---- Search.
// Material looks for what is in the field when a key is let go. What is pasted with a mouse,
// dropped or dictated lets go of none.

document.addEventListener("input", ({ target }) => {
  const field = /** @type {Element} */ (target);
  if (field.matches?.("[data-md-component='search-query']"))
    field.dispatchEvent(new Event("keyup"));
});

// Material fetches and builds its index on each page that is opened: 170 kB, and half a second of a
// laptop's work. Most readers do not search, so the request waits until one is about to.

const SEARCH = "[data-md-component='search'], [for='__search']";

/** @type {Promise<void>} */
const wanted = new Promise((resolve) => {
  const look = ({ target }) => {
    if (target.closest?.(SEARCH)) resolve();
  };
  for (const event of ["focusin", "pointerover"]) document.addEventListener(event, look);
  const query = new URLSearchParams(location.search);
  if (query.has("q") || query.has("h")) resolve(); // words to search for, or to highlight
});

globalThis.XMLHttpRequest = class extends XMLHttpRequest {
  send(body) {
    if (this.waits) wanted.then(() => super.send(body));
    else super.send(body);
  }

  open(method, address, async = true, user = null, password = null) {
    this.waits = String(address).endsWith("/search/search_index.json");
    super.open(method, address, async, user, password);
  }
};
