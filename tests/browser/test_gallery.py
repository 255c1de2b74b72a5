"""The gallery in a real browser, and its code, run: byte for byte the figures it stands beside."""

import html
import json
import re

import pytest
import torch
from playwright.sync_api import expect
from recording import settled
from site_pages import NOTEBOOKS, PHONE, ROOT, until

import slidingwindows
from slidingwindows.core.figures import kind_name
from slidingwindows.lesson import MIME
from slidingwindows.site import gallery
from slidingwindows.site.stamps import commit_day

CARD = re.compile(r'<article class="sw-card"(.*?)</article>', re.DOTALL)


@pytest.fixture(scope="module")
def cards(site) -> list[str]:
    return CARD.findall((site / "gallery" / "index.html").read_text("utf-8"))


def name_of(card: str) -> str:
    return re.search(r'data-name="([\w-]+)"', card).group(1)


def shown() -> dict[str, list[str]]:
    """Names of all figures that each lesson shows, from what the build kept."""
    return json.loads((ROOT / ".cache" / "prepared.json").read_text("utf-8"))["figures"]


def figures() -> list[str]:
    assert set(shown()) == set(NOTEBOOKS)
    return [name for names in shown().values() for name in names]


def test_every_figure_has_one_card_with_all_it_needs(cards, site):
    names = [name_of(card) for card in cards]
    assert sorted(names) == sorted(figures()) and len(names) > 60
    for card, name in zip(cards, names, strict=True):
        assert "CC BY 4.0" in card
        links = re.findall(r'href="\.\./(figures/[^"]+)" download', card)
        kinds = ["light.gif", "dark.gif", "light.strip.png", "dark.strip.png", "frames.zip"]
        if 'data-moving="0"' in card:
            kinds = ["light.png", "dark.png"]
        assert links == [f"figures/{name}.{kind}" for kind in kinds]
        assert all((site / link).is_file() for link in links)
        lesson, anchor = re.search(r'href="\.\./(lessons/[\w-]+)/#([\w-]+)"', card).groups()
        page = (site / lesson / "index.html").read_text("utf-8")
        assert anchor == name and f'id="{name}"' in page
        alt = re.findall(r'alt="([^"]*)"', card)
        assert len(alt) == 2 and min(map(len, alt)) > 30


def test_every_card_ends_with_a_line_to_cite(cards):
    """This site is served from this machine alone, so there is no address to cite."""
    year = commit_day(ROOT)[:4]
    for card in cards:
        line = re.search(r'<p class="sw-cite">([^<]*)</p>$', card).group(1)
        drawn = f", drawn from torch {torch.__version__}" if 'data-moving="1"' in card else ""
        when = f" ({year})" if year else ""
        assert line == f"Sliding Windows{when}: {name_of(card)}{drawn}. CC BY 4.0."


MOVING = "every-window"  # a lesson whose first figure moves


def cited(address: str) -> str:
    nav = [{"Lessons": [f"lessons/{MOVING}.ipynb"]}]
    made = gallery.gallery(nav, ROOT / ".cache", "../", address, "2031")
    return re.search(r'<p class="sw-cite">([^<]*)</p>', made).group(1)


def test_a_public_address_is_cited():
    name = shown()[MOVING][0]
    line = f"Sliding Windows (2031): {name}, drawn from torch {torch.__version__}. CC BY 4.0."
    for address in ("https://example.org/sliding", "https://example.org/sliding/"):
        where = f"https://example.org/sliding/lessons/{MOVING}/#{name}"
        assert cited(address) == f"{line} {where}"
    for address in ("", "http://127.0.0.1:8000/", "http://localhost:8000/", "http://[::1]/a/"):
        assert cited(address) == line


def without_credit(gif: bytes) -> bytes:
    """A GIF without its one comment; the site's credit is not on a figure that a reader makes."""
    begin = gif.index(b"\x21\xfe")
    assert begin == gif.index(b"NETSCAPE2.0") + 16
    end = begin + 2
    while gif[end]:
        end += 1 + gif[end]
    return gif[:begin] + gif[end + 1 :]


def drawn() -> dict[str, dict]:
    """What the build drew each figure from: the data that its lesson showed."""
    executed = ROOT / ".cache" / "executed"
    texts = (executed.joinpath(f"{lesson}.json").read_text("utf-8") for lesson in shown())
    outputs = (one for text in texts for cell in json.loads(text) for one in cell)
    every = (one["data"][MIME] for one in outputs if MIME in one.get("data", {}))
    return {data["name"]: data for data in every}


@pytest.fixture(scope="module")
def made(cards) -> dict[str, tuple]:
    """The figure that the code of each card saves, the file's name, and what the card is of."""
    saved, found = [], {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(slidingwindows, "save", lambda *call: saved.append(call))
        for card in cards:
            code = re.search(r"<pre><code>(.*?)</code></pre>", card, re.DOTALL)
            if code is not None:
                name = name_of(card)
                exec(compile(html.unescape(code.group(1)), name, "exec"), {"__name__": "gallery"})
                found[name] = saved.pop()
                assert not saved, name
    return found


def test_the_code_of_every_card_makes_its_figure(made):
    """As text, so that nan equals nan and the sign of a zero counts."""
    built = drawn()
    for name, (figure, file) in made.items():
        assert file == f"{name}.gif"
        assert json.dumps(figure.to_dict()) == json.dumps(built[name][kind_name(figure)]), name
    assert len(made) > 50


def test_and_its_file(made, site, tmp_path):
    """Byte for byte: of equal figures equal files, so the lightest of each operation is saved."""
    gifs = {name: site / "figures" / f"{name}.light.gif" for name in made}
    lightest: dict[tuple, str] = {}
    for name in sorted(made, key=lambda name: gifs[name].stat().st_size):
        figure, _ = made[name]
        lightest.setdefault((kind_name(figure), figure.operation), name)
    assert len(lightest) > 15
    for name in lightest.values():
        figure, file = made[name]
        ours = slidingwindows.save(figure, tmp_path / file).read_bytes()
        assert without_credit(ours) == without_credit(gifs[name].read_bytes()), name


def test_only_what_no_code_can_make_alone_has_none(cards):
    """Networks and plots belong to their lesson; large inputs and drawn lots are data."""
    bare = [card for card in cards if "<pre><code>" not in card]
    for card in bare:
        operation = re.search(r'data-operation="(\w+)"', card).group(1)
        large = re.search(r"slides over a (\d+)×(\d+) input", card)
        big = large and int(large.group(1)) * int(large.group(2)) > 600
        assert operation in ("Network", "Plot", "FractionalMaxPool") or big


BUTTONS = """() => [...document.querySelectorAll(".sw-filter button")].map((button) =>
  [button.value, button.getAttribute("aria-pressed")])"""


def test_filter_and_count(visit):
    here = visit()
    page = here.go("gallery/")
    total = page.locator(".sw-card").count()
    expect(page.locator(".sw-count")).to_have_text(f"{total} of {total} figures")
    page.get_by_role("button", name="AvgPool", exact=True).click()
    shown = page.locator(".sw-card:visible")
    kinds = shown.evaluate_all("all => all.map(card => card.dataset.operation)")
    assert set(kinds) == {"AvgPool"} and 0 < len(kinds) < total
    expect(page.locator(".sw-count")).to_have_text(f"{len(kinds)} of {total} figures")
    assert page.url.endswith("?operation=AvgPool")
    pressed = dict(page.evaluate(BUTTONS))
    assert len(pressed) > 10
    assert pressed == {name: str(name == "AvgPool").lower() for name in pressed}
    again = here.go("gallery/?operation=AvgPool")
    expect(again.locator(".sw-card:visible")).to_have_count(len(kinds))
    expect(again.get_by_role("button", name="AvgPool", exact=True)).to_have_attribute(
        "aria-pressed", "true"
    )
    again.get_by_role("button", name="All", exact=True).press("Enter")
    expect(again.locator(".sw-card:visible")).to_have_count(total)
    assert "operation" not in again.url
    assert not here.problems


@pytest.mark.parametrize("state", ["<img src=x onerror=alert(1)>", "constructor", "", "%00", "🪟"])
def test_a_hostile_address_shows_everything_and_runs_nothing(visit, state):
    here = visit()
    page = here.go(f"gallery/?operation={state}")
    expect(page.locator(".sw-count")).to_have_text(re.compile(r"^(\d+) of \1 figures$"))
    assert page.locator("article img[src=x]").count() == 0
    assert not here.problems


SIGN = """(button) => {
  const { x, y, width, height } = button.querySelector("path").getBBox();
  return [x, y, width, height];
}"""


def test_a_card_plays_and_stops_by_keyboard(visit):
    page = visit(viewport=PHONE, color_scheme="dark").go("gallery/?operation=MaxPool")
    card = page.locator(".sw-card:visible").first
    image, button = card.locator("img.sw-dark"), card.locator("button.sw-pause")
    assert image.evaluate("i => i.src").endswith(".dark.png")
    name = card.get_attribute("data-name")
    expect(button).to_have_attribute("aria-label", f"Play {name}")
    expect(button).to_have_attribute("type", "button")
    assert button.evaluate(SIGN) == [8, 5, 11, 14]
    button.press("Enter")
    assert image.evaluate("i => i.src").endswith(f"{name}.dark.gif")
    until(page, "image => image.complete && image.naturalWidth === 640", image.element_handle())
    expect(button).to_have_attribute("aria-label", f"Stop {name}")
    assert button.evaluate(SIGN) == [6, 6, 12, 12]
    button.press("Space")
    assert image.evaluate("i => i.src").endswith(".dark.png")
    expect(button).to_have_attribute("aria-label", f"Play {name}")
    moving = page.locator(".sw-card[data-moving='1']")
    assert moving.locator(".sw-stage > .sw-pause").count() == moving.count() > 0
    assert page.locator(".sw-pause").count() == moving.count()


def test_posters_load_only_near_the_screen(visit):
    here = visit()
    page = here.go("gallery/")
    settled(page)
    asked = {url for url in here.requests if "/figures/" in url}
    assert 0 < len(asked) < page.locator(".sw-card").count() / 2
    assert all(url.endswith(".light.png") for url in asked)


def test_the_gallery_lives_on_after_instant_navigation(visit):
    here = visit()
    page = here.go("lessons/every-window/")
    here.mark()
    here.follow("/gallery/", "Gallery")
    expect(page.locator(".sw-filter button").first).to_be_visible()
    assert page.locator(".sw-filter").count() == 1
    assert here.marked()
