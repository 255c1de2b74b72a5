"""A moving figure on a page, its controls and its files, for the tests of all players."""

import json
from functools import cache

import torch
from site_pages import ROOT, until

from slidingwindows.core.trace import Trace
from slidingwindows.core.transfer import Transfer
from slidingwindows.drawing.animation import item_steps
from slidingwindows.drawing.stepper import script
from slidingwindows.lesson import MIME
from slidingwindows.words import trace, transfer

# For figures of our own: how much of it is shown decides how large its cells are.
SHADES = torch.rand(1, 55, 55, generator=torch.Generator().manual_seed(1))
HIDE = """hidden => {
    Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
}"""


@cache
def items(lesson) -> dict:
    """Each figure of a lesson that can be stepped through: what torch gave, checked once more."""
    cells = json.loads((ROOT / ".cache" / "executed" / f"{lesson}.json").read_text("utf-8"))
    data = [
        output["data"][MIME] for cell in cells for output in cell if MIME in output.get("data", {})
    ]
    kinds = {"trace": Trace, "transfer": Transfer}
    return {d["name"]: kinds[d["kind"]].from_dict(d[d["kind"]]) for d in data if d["kind"] in kinds}


def rgb(colour) -> str:
    return f"rgb({', '.join(map(str, colour))})"


def facts(name) -> dict:
    return json.loads((ROOT / ".cache" / "figures" / f"{name}.json").read_text("utf-8"))


def asked_for(here, ending):
    return [url.rsplit("/", 1)[1] for url in here.requests if url.endswith(ending)]


def answer_instead(page, pattern, body, content_type):
    """Serve the page this instead of a file; None for a missing file."""

    def answer(route):
        if body is None:
            route.fulfill(status=404, body="")
        else:
            route.fulfill(body=body, content_type=content_type)

    page.route(pattern, answer)


def transcript(item) -> list[str]:
    return (trace if isinstance(item, Trace) else transfer).transcript(item)


# Behind a figure of the page, as it was sent, another one like it.
BEHIND = """async ([like, name, steps]) => {
  const text = await (await fetch(location.pathname)).text();
  const figure = document.importNode(
    new DOMParser().parseFromString(text, "text/html").getElementById(like), true);
  const element = figure.querySelector("sliding-window");
  figure.id = name;
  element.setAttribute("name", name);
  element.setAttribute("steps", steps);
  element.setAttribute("src", element.getAttribute("src").replace(like, name));
  document.getElementById(like).after(figure);
}"""


def put_behind(page, like, name, item):
    """A figure of our own on a page, whose data come as the build would write them."""
    text = script(item, name, transcript(item))
    answer_instead(page, f"**/{name}.trace.js", text, "text/javascript")
    page.evaluate(BEHIND, [like, name, len(item_steps(item))])


class Player:
    """One figure on a page, and its controls.

    tag: the element that plays it. picture: which image stands for it before it plays.
    """

    tag: str
    picture: str

    def __init__(self, page, name):
        self.page, self.name, self.whole = page, name, page.locator(f"#{name}")
        self.element, self.image = self.whole.locator(self.tag), self.whole.locator(self.picture)
        self.stage, self.line = self.whole.locator(".sw-stage"), self.whole.locator(".sw-sentence")
        self.play, self.back = self.whole.locator(".sw-play"), self.whole.locator(".sw-back")
        self.forward = self.whole.locator(".sw-forward")
        self.scrub = self.whole.locator(".sw-bar input")
        self.speed = self.whole.locator(".sw-bar select")

    def shows(self, kind):
        until(self.page, f"i => i.currentSrc.endsWith('.{kind}')", self.image.element_handle())

    def bar_at(self, at, count):
        """What the slider holds, what it says, and what the counter shows."""
        return [str(at), f"{at} of {count}", f"{at}/{count}"]

    def bar_says(self, at, count):
        assert [
            self.scrub.input_value(),
            self.scrub.get_attribute("aria-valuetext"),
            self.whole.locator(".sw-at").text_content(),
        ] == self.bar_at(at, count)
