"""Controls as they were reviewed: names, roles, kinds of fields and words, in the page's order.

What they do is tested in other files; here no attribute is lost, of which most have no other sign.
"""

import pytest
from recorded import compare_part
from recording import settled

# An element a line: its name, attributes, state and own text. Of what comes many times, the first
# three. whole: with what is hidden, and with all that can be chosen.
OUTLINE = """(root, whole) => {
  const OWN = ["id", "class", "style"], MANY = 3;
  const state = (one) => [
    "value" in one && one.tagName !== "BUTTON" ? `value ${JSON.stringify(String(one.value))}` : "",
    one.checked ? "checked" : "", one.disabled ? "disabled" : "",
    one.matches("input, textarea") && one.type !== "range" && one.type !== "checkbox"
      ? `spellcheck ${one.spellcheck}` : "",
    one === document.activeElement ? "focused" : "",
    one.tagName === "DETAILS" && one.open ? "open" : "",
  ];
  const line = (one, depth) => {
    const attributes = [...one.attributes].filter(({ name }) => !OWN.includes(name));
    const text = [...one.childNodes].filter((node) => node.nodeType === 3)
      .map((node) => node.textContent.trim()).filter(Boolean).join(" … ");
    return "  ".repeat(depth) + [
      one.tagName.toLowerCase() + (one.id ? `#${one.id}` : "")
        + [...one.classList].map((name) => `.${name}`).join(""),
      ...attributes.map(({ name, value }) => value ? `${name}=${JSON.stringify(value)}` : name)
        .sort(),
      ...state(one).filter(Boolean),
      text && `| ${text}`,
    ].filter(Boolean).join(" ");
  };
  const lines = [];
  const walk = (one, depth) => {
    lines.push(line(one, depth));
    if (!whole && (one.hidden || one.tagName === "SELECT" || one.matches(".sw-chips"))) return;
    let same = 0, before = "";
    for (const child of one.children) {
      const kind = `${child.tagName}.${child.className}`;
      same = kind === before ? same + 1 : 1;
      before = kind;
      if (same <= MANY || !/cell|row/i.test(child.className)) walk(child, depth + 1);
    }
  };
  walk(root, 0);
  return lines.join("\\n").replaceAll(location.origin, "");
}"""
WHOLE = "network, as it begins"
NETWORKS = {
    WHOLE: "#layers=nn.Conv2d(3,8,3);nn.MaxPool2d(2)&input=3,9,9",
    "network, a layer that does not fit": "#layers=nn.MaxPool2d(9)&input=3,8,8",
}


@pytest.mark.parametrize("name", NETWORKS)
def test_the_controls_of_the_calculator(living, name):
    here = living("about/")
    page = here.go(f"network/?outline={len(name)}{NETWORKS[name]}")
    settled(page)
    compare_part("controls", name, page.locator("#network").evaluate(OUTLINE, name == WHOLE))
    assert not here.problems


FIGURES = {
    "figure with windows": ("lessons/gradients-through-pooling/", "max-pool-ties"),
    "figure of a network": ("lessons/dilation/", "dilation-field"),
}


@pytest.mark.parametrize("name", FIGURES)
def test_the_controls_of_a_figure(living, name):
    path, figure = FIGURES[name]
    page = living(path).page
    page.emulate_media(reduced_motion="reduce")
    element = page.locator(f"#{figure} :is(sliding-window, moving-pictures)")
    element.evaluate("async (element) => { await element.go(2); }")
    compare_part("controls", name, page.locator(f"#{figure}").evaluate(OUTLINE, True))


def test_the_controls_of_the_gallery(living):
    page = living("gallery/").page
    parts = page.locator(".sw-filter, .sw-count, .sw-card[data-moving='1'] .sw-stage").all()[:3]
    compare_part("controls", "gallery", "\n".join(part.evaluate(OUTLINE, True) for part in parts))
