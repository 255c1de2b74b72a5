// What the explorer and the network calculator share: elements, copying, and state in the hash.
// A classic script without import or export, for Chromium refuses modules and fetch() on file://.
// Text from readers and links becomes textContent or a field's value, never markup.

(() => {
  "use strict";
  const SW = (globalThis.SlidingWindows ??= {});
  const LONGEST_HASH = 60000; // characters; a 64x64 grid typed in by hand fits
  const PAUSE = 120; // ms without a change before the address follows, so that typing stays quick

  /** An element with attributes, children (elements or text) and listeners ("onclick"). */
  function make(tag, attributes = {}, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
      else if (value === true) element.setAttribute(name, "");
      else if (value !== false && value !== null) element.setAttribute(name, value);
    }
    element.append(...children);
    return element;
  }

  function button(label, action, attributes = {}) {
    return make("button", { type: "button", class: "sw-button", onclick: action, ...attributes }, label);
  }

  /** Copies a text and says so on the button for a moment; without leave, the text is selected. */
  async function copy(text, onto) {
    const said = onto.dataset.label ?? onto.textContent;
    onto.dataset.label = said;
    let done = true;
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      const field = make("textarea", { class: "sw-offscreen", "aria-hidden": "true", tabindex: "-1" });
      field.value = text;
      document.body.append(field);
      field.select();
      done = document.execCommand("copy");
      field.remove();
      onto.focus();
    }
    onto.textContent = done ? "Copied" : "Not copied";
    clearTimeout(onto.timer);
    onto.timer = setTimeout(() => (onto.textContent = said), 1500);
  }

  /** {name: text} as a hash; what a reader may want to read in it stays readable. */
  function toHash(state) {
    const readable = { "%2C": ",", "%3D": "=", "%3B": ";", "%3A": ":", "%20": "+" };
    const encode = (text) =>
      encodeURIComponent(text)
        .replace(/%2C|%3D|%3B|%3A|%20/g, (code) => readable[code])
        // Markdown, chat and mail programs end a link at one of these.
        .replace(/[!'()*~]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);
    return Object.entries(state)
      .map(([name, value]) => `${name}=${encode(value)}`)
      .join("&");
  }

  /** The inverse; null for no hash, "bad" for one that is no state of ours. */
  function fromHash(hash, names) {
    const text = hash.replace(/^#/, "");
    if (!text) return null;
    if (text.length > LONGEST_HASH) return "bad";
    const state = {};
    try {
      for (const part of text.split("&")) {
        const at = part.indexOf("=");
        const name = part.slice(0, at);
        if (at < 1 || !names.includes(name) || Object.hasOwn(state, name)) return "bad";
        state[name] = decodeURIComponent(part.slice(at + 1).replace(/\+/g, " "));
      }
    } catch {
      return "bad"; // a broken percent code
    }
    return state;
  }

  /** Keeps the address in step with the state, without a history entry for each change. */
  function addressKeeper(root, apply) {
    let timer = 0;
    let own = location.hash;
    function onHash() {
      if (!root.isConnected) removeEventListener("hashchange", onHash);
      else if (location.hash !== own) {
        own = location.hash;
        apply(location.hash);
      }
    }
    addEventListener("hashchange", onHash);
    return (state) => {
      clearTimeout(timer);
      timer = setTimeout(() => {
        if (!root.isConnected) return; // the reader has gone to another page
        const hash = `#${toHash(state())}`;
        if (hash === location.hash) return;
        history.replaceState(history.state, "", hash);
        own = location.hash;
      }, PAUSE);
    };
  }

  /** A problem's words: torch's own message apart from ours, and the way to the lesson. */
  function showProblem(box, problem, up) {
    const parts = [];
    if (problem) {
      const said = make("p", { class: "sw-said" });
      if (problem.torch) said.append(make("span", { class: "sw-who" }, "torch says: "));
      said.append(make("code", {}, problem.message));
      parts.push(said);
      if (problem.why) parts.push(make("p", {}, problem.why));
      if (problem.lesson) {
        // A folder opened from disk has no server that would find its index.html.
        const file = location.protocol === "file:" ? "index.html" : "";
        const [path, anchor] = problem.lesson.split("#");
        const href = `${up}${path}${file}${anchor ? `#${anchor}` : ""}`;
        parts.push(make("p", {}, make("a", { href }, "The lesson that explains it")));
      }
    }
    box.hidden = !problem;
    box.replaceChildren(...parts);
  }

  SW.play = { make, button, copy, toHash, fromHash, addressKeeper, showProblem };
})();
