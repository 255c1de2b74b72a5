"""What the explorer and the network calculator are built from: fields, buttons, and copying."""

import time

import pytest
from site_pages import until

PAGES = ("explorer/", "network/")
SHOWN = {"explorer/": ".sw-board .sw-cell", "network/": "#network select"}


@pytest.fixture(params=PAGES)
def page(request, living):
    path = request.param
    here = living(path, lambda page: page.clock.install())
    here.page.locator(SHOWN[path]).first.wait_for()
    if not here.page.evaluate("globalThis.stopped"):
        here.page.clock.pause_at(time.time() + 3600)
        here.page.evaluate("globalThis.stopped = true")
    yield here.page
    assert not here.problems


# Each button's kind; of each field for numbers what browsers and keyboards on glass are told; the
# fields that labels name; and of each field between two buttons, the names and signs of all three.
BUILT = """() => {
  const all = (selector, give) => [...document.querySelectorAll(`article ${selector}`)].map(give);
  return [all(".sw-button", (one) => [one.localName, one.type]),
    all("input.sw-number", (one) => ["autocomplete", "inputmode"].map((a) => one.getAttribute(a))),
    all(".sw-control > label", (one) => one.control === one.nextElementSibling),
    all(".sw-stepper", (one) => [...one.children].map((part) =>
      [part.localName, part.getAttribute("aria-label"), part.textContent]))];
}"""


def test_what_the_controls_are(page):
    buttons, numbers, labels, steppers = page.evaluate(BUILT)
    assert len(buttons) > 5 and set(map(tuple, buttons)) == {("button", "button")}
    assert {tuple(one) for one in numbers} <= {("off", "numeric"), ("off", "decimal")}
    assert all(labels)
    for parts in steppers:
        name = parts[1][1]
        assert parts == [
            ["button", f"decrease {name}", "−"],
            ["input", name, ""],
            ["button", f"increase {name}", "+"],
        ]
    if "explorer" in page.url:
        assert len(numbers) > 5 and labels and steppers


# Copies by a button, where the browser gives leave or not, and the old way works or not: what was
# copied and how, what the button says at once, and what has the focus.
COPIES = """async ([leave, works]) => {
  const button = [...document.querySelectorAll("article button")].find((one) =>
    (one.dataset.label ?? one.textContent) === "Copy link");
  const copied = [];
  Object.defineProperty(navigator, "clipboard", { configurable: true, value: {
    writeText: async (text) => { if (!leave) throw new Error("no leave"); copied.push(text) } } });
  document.execCommand = (what) => {
    const field = document.activeElement;
    copied.push(what, field.localName, field.classList[0], field.getAttribute("aria-hidden"),
      field.tabIndex, field.value.slice(field.selectionStart, field.selectionEnd));
    return works;
  };
  button.focus();
  button.click();
  await new Promise((done) => queueMicrotask(() => queueMicrotask(() => queueMicrotask(done))));
  delete document.execCommand;
  delete navigator.clipboard;
  return [copied, button.textContent, document.activeElement === button,
    document.querySelectorAll("textarea.sw-offscreen").length];
}"""
SAYS = """() => [...document.querySelectorAll("article button")].filter((one) =>
  ["Copy link", "Copied", "Not copied"].includes(one.textContent)).map((one) => one.textContent)"""


def test_copying_says_whether_it_did_for_a_moment(page):
    for leave, works, says in (
        (True, True, "Copied"),
        (False, True, "Copied"),
        (False, False, "Not copied"),
    ):
        found = page.evaluate(COPIES, [leave, works])
        how = [] if leave else ["copy", "textarea", "sw-offscreen", "true", -1]
        assert found == [[*how, page.url], says, True, 0]
        page.clock.run_for(1000)
        assert page.evaluate(SAYS) == [says]
        page.evaluate(COPIES, [leave, works])  # once more, before it says its name again
        page.clock.run_for(1499)
        assert page.evaluate(SAYS) == [says]
        page.clock.run_for(1)
        until(page, f"() => ({SAYS})().join() === 'Copy link'")
