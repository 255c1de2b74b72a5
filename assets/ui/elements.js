// What the explorer and the network calculator share: elements, fields, copying, and problems.
// Text from readers and links becomes textContent or a field's value, never markup.

/** An element with attributes, children (elements or text) and listeners ("onclick"). */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null) element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

export function button(label, action, attributes = {}) {
  return make(
    "button",
    { type: "button", class: "sw-button", onclick: action, ...attributes },
    label,
  );
}

/** A field for a number; mode: "numeric" of whole ones or "decimal", for keyboards on glass. */
export const numberField = (mode, attributes) =>
  make("input", { ...attributes, class: "sw-number", autocomplete: "off", inputmode: mode });

/** Marks a field whose text is not what it should be; screen readers hear of it. */
export const mark = (field, fits) => field.setAttribute("aria-invalid", String(!fits));

/** A field or a list with its name, which is its label. */
export const labelled = (name, field) =>
  make("div", { class: "sw-control" }, make("label", { for: field.id }, name), field);

/** A list to choose one of these words from. */
export const choice = (attributes, words) =>
  make("select", attributes, ...words.map((word) => make("option", {}, word)));

/**
 * A field for a whole number between buttons that step it, as its arrow keys do: {field, element}.
 * typed(): after a reader's own number; step(field, by): asks for one more or less.
 */
export function stepper(label, typed, step) {
  const field = numberField("numeric", { "aria-label": label, oninput: typed });
  field.addEventListener("keydown", (event) => {
    const by = { ArrowUp: 1, ArrowDown: -1 }[event.key];
    if (!by) return;
    event.preventDefault();
    step(field, by);
  });
  const element = make(
    "span",
    { class: "sw-stepper" },
    button("−", () => step(field, -1), { "aria-label": `decrease ${label}` }),
    field,
    button("+", () => step(field, 1), { "aria-label": `increase ${label}` }),
  );
  return { field, element };
}

/** Copies a text and says so on the button for a moment; without leave, the text is selected. */
export async function copyText(text, onto) {
  const said = onto.dataset.label ?? onto.textContent;
  onto.dataset.label = said;
  let done = true;
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const field = make("textarea", {
      class: "sw-offscreen",
      "aria-hidden": "true",
      tabindex: "-1",
    });
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

/** A problem's words: torch's own message apart from ours, and the way to the lesson. */
export function showProblem(box, problem, up) {
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

/** Calls start once with the element of a selector, when the page holds it. */
export function whenReady(selector, start) {
  const ready = () => {
    const root = document.querySelector(selector);
    if (!root || root.dataset.ready) return;
    root.dataset.ready = "1";
    start(root);
  };
  if (document.readyState === "loading")
    addEventListener("DOMContentLoaded", ready, { once: true });
  else ready();
}
