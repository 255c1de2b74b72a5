"""The explorer's page as tests find it: its numbers, its program, and how it begins again."""

GRID = """name => {
  const grids = [...document.querySelectorAll(".sw-explored .sw-grid")];
  const grid = grids.find(one => one.getAttribute("aria-label")?.startsWith(name)
    && one.checkVisibility());
  return grid && [...grid.children].map(
    row => [...row.children].map(cell => Number(cell.dataset.value)));
}"""
# As many tests find the page that they share; by script, since how a reader gets there is not
# what they are about.
AFRESH = """() => {
  document.activeElement.blur();
  const set = (selector, value) => {
    const one = document.querySelector(selector);
    one.value = value;
    one.dispatchEvent(new Event("input", { bubbles: true }));
  };
  set("#sw-line", "nn.MaxPool2d(2)");
  for (const side of ["rows", "columns"]) set(`[aria-label="input, ${side}"]`, 5);
}"""
# As instant navigation brings the page: the same document, but an element that nothing has been
# done to, and the script of the page starts on it. What its predecessor listens to, it no longer
# hears. Focus, pointer, window and address are those of a reader who has just come, too.
BEGIN = """hash => {
  document.activeElement.blur();
  scrollTo({ top: 0, behavior: "instant" });
  history.replaceState(history.state, "", location.pathname + location.search + hash);
  const old = document.querySelector("#sw-explorer");
  const root = old.cloneNode(false);
  old.replaceWith(root);
  const { page } = SlidingWindows.explorer;
  SlidingWindows.explorer.page = new page.constructor(root, page.bringPhoto);
}"""


def program(page) -> dict:
    """What the shown program makes, run by torch itself."""
    return made_by(page.locator(".sw-program code").text_content())


def made_by(code) -> dict:
    found = {}
    exec(code.replace("print(layer(x))", ""), found)
    return found
