"""Figures of networks in a real browser: the bar tells what is seen, and that is the GIF's."""

import io
import re
import time

import numpy as np
import pytest
from PIL import Image, ImageSequence
from playing import HIDE, Player, answer_instead, asked_for, facts
from playwright.sync_api import expect
from recording import settled
from site_pages import PHONE, until

LESSON, NAME = "lessons/receptive-fields/", "receptive-growing"
FIGURES = {NAME: LESSON, "funnel": "lessons/the-cnn-funnel/"}
GLIDE = 60  # ms; a GIF's picture that lasts no longer is on its way to a state


class Figure(Player):
    """A figure of a network."""

    tag, picture = "moving-pictures", ".sw-light picture img, picture.sw-light img"

    def __init__(self, page, name=NAME):
        super().__init__(page, name)
        self.states = facts(name)["states"]
        self.count = len(self.states)
        self.frame = self.whole.locator(".sw-frame:visible")
        self.whole.scroll_into_view_if_needed()

    def go(self, at):
        self.element.evaluate("(element, at) => element.go(at)", at)

    def at(self):
        """Which state it is; slider and counter say the same, and the sheet lies so."""
        at, way, columns = self.element.evaluate(
            "e => [e.at, e.drawing.images[0].style.transform, e.drawing.columns]"
        )
        across, down = map(float, re.findall(r"-?[\d.]+(?=%)", way))
        rows = -(-self.count // columns)
        assert round(-down * rows / 100) * columns + round(-across * columns / 100) == at - 1
        self.bar_says(at, self.count)
        return at

    def rests_at(self, at):
        expect(self.line).to_have_text(self.states[at - 1][1])
        expect(self.play).to_have_attribute("aria-label", "Play")
        assert self.at() == at


def playing(visit, name=NAME):
    """A figure that has begun to play by itself, by a clock of ours, from its first state."""
    here = visit()
    here.page.clock.install()
    figure = Figure(here.go(FIGURES[name]), name)
    figure.frame.wait_for()
    until(here.page, "element => element.inSight", figure.element.element_handle())
    here.page.clock.pause_at(time.time() + 3600)
    figure.element.evaluate("e => { [e.at, e.taken, e.moving] = [1, false, true]; e.update() }")
    figure.clock = here.page.clock
    return here, figure


def gifs_states(site, name, theme):
    """(RGB pixels, milliseconds with the way to it) of each state of the GIF file."""
    states, way = [], 0
    with Image.open(site / "figures" / f"{name}.{theme}.gif") as gif:
        for frame in ImageSequence.Iterator(gif):
            way += frame.info["duration"]
            if frame.info["duration"] > GLIDE:
                states.append((np.array(frame.convert("RGB")), way))
                way = 0
    return states


def test_sheets_are_lighter_than_what_they_replace(site):
    sheets = list((site / "figures").glob("*.states.png"))
    assert len(sheets) >= 20
    for sheet in sheets:
        gif = sheet.with_name(sheet.name.replace(".states.png", ".gif"))
        assert sheet.stat().st_size < gif.stat().st_size, sheet.name


@pytest.mark.parametrize("name", FIGURES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_each_state_is_the_gifs_and_takes_as_long(visit, site, name, scheme):
    """On whole pixels of the screen, each of the GIF's pixels."""
    expected = gifs_states(site, name, scheme)
    page = visit(reduced_motion="reduce", color_scheme=scheme).go(FIGURES[name])
    figure = Figure(page, name)
    figure.stage.evaluate("""({ style }) => Object.assign(style,
        { position: "fixed", top: 0, left: 0, width: "640px", zIndex: 9 })""")
    assert [lasts for _, lasts in expected] == [lasts for lasts, _ in figure.states]
    for at in range(1, figure.count + 1):
        figure.go(at)
        figure.rests_at(at)
        assert figure.element.evaluate("element => element.lasts()") == expected[at - 1][1]
        shown = np.array(Image.open(io.BytesIO(figure.frame.screenshot())).convert("RGB"))
        np.testing.assert_array_equal(shown, expected[at - 1][0])


def test_it_plays_by_itself_and_says_nothing(visit):
    here, figure = playing(visit)
    hint = figure.line.text_content()
    assert "arrow keys" in hint and "number" not in hint
    for at in [*range(1, figure.count + 1), 1]:
        milliseconds = figure.states[at - 1][0]
        assert figure.at() == at
        figure.clock.run_for(milliseconds - 1)
        assert figure.at() == at
        expect(figure.line).to_have_attribute("aria-live", "off")
        assert figure.line.text_content() == hint
        figure.clock.run_for(1)
    assert figure.at() == 2
    assert not here.problems


def test_pause_freezes_what_is_seen_and_play_goes_on_from_it(visit):
    here, figure = playing(visit)
    for at in range(1, figure.count):
        figure.play.click()
        figure.rests_at(at)
        figure.clock.run_for(60_000)
        figure.rests_at(at)
        expect(figure.line).to_have_attribute("aria-live", "polite")
        figure.play.click()
        expect(figure.play).to_have_attribute("aria-label", "Pause")
        expect(figure.line).to_have_attribute("aria-live", "off")
        assert figure.at() == at
        figure.clock.run_for(figure.states[at - 1][0])
        assert figure.at() == at + 1
    figure.play.click()
    figure.rests_at(figure.count)
    figure.play.click()  # from the end there is nothing to go on to
    assert figure.at() == 1
    assert not here.problems


def test_it_rests_while_nobody_sees_it(visit):
    here, figure = playing(visit)
    figure.clock.run_for(figure.states[0][0])
    assert figure.at() == 2
    handle = figure.element.element_handle()
    here.page.evaluate("scrollTo({ top: document.body.scrollHeight, behavior: 'instant' })")
    until(here.page, "element => !element.inSight", handle)
    figure.clock.run_for(60_000)
    assert figure.at() == 2
    figure.whole.scroll_into_view_if_needed()
    until(here.page, "element => element.inSight", handle)
    here.page.evaluate(HIDE, True)
    figure.clock.run_for(60_000)
    assert figure.at() == 2
    here.page.evaluate(HIDE, False)
    figure.clock.run_for(figure.states[1][0])
    assert figure.at() == 3


def test_all_by_keyboard(visit):
    here = visit()
    page = here.go(LESSON)
    figure = Figure(page)
    figure.frame.wait_for()
    figure.stage.focus()
    page.keyboard.press("Space")
    expect(figure.play).to_have_attribute("aria-label", "Play")
    page.keyboard.press("Home")
    figure.rests_at(1)
    page.keyboard.press("ArrowLeft")
    figure.rests_at(1)
    page.keyboard.press("ArrowRight")
    figure.rests_at(2)
    page.keyboard.press("End")
    figure.rests_at(figure.count)
    page.keyboard.press("ArrowRight")
    figure.rests_at(figure.count)
    reached = []
    for _ in range(5):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.getAttribute('aria-label')"))
    assert reached == ["Step back", "Play", "Step forward", "Step", "Speed"]
    figure.scrub.focus()
    page.keyboard.press("Home")
    figure.rests_at(1)
    page.keyboard.press("ArrowRight")
    figure.rests_at(2)
    figure.forward.focus()
    page.keyboard.press("Enter")
    figure.rests_at(3)
    figure.back.click()
    figure.rests_at(2)
    figure.play.press("Enter")
    expect(figure.play).to_have_attribute("aria-label", "Pause")
    figure.scrub.focus()  # nothing moves it under a hand
    expect(figure.play).to_have_attribute("aria-label", "Play")
    assert not here.problems


def test_only_what_comes_near_is_asked_for_and_no_gif(visit):
    here = visit()
    page = here.go("lessons/a-typical-setup/")
    settled(page)
    names = page.locator("figure:has(moving-pictures)").evaluate_all("all => all.map(e => e.id)")
    assert asked_for(here, ".states.png") == [f"{names[0]}.light.states.png"]  # at the top
    here.scroll_through()
    until(page, "[...document.querySelectorAll('moving-pictures')].every(one => one.drawing)")
    assert sorted(asked_for(here, ".states.png")) == sorted(f"{n}.light.states.png" for n in names)
    assert len(names) == 2 and asked_for(here, ".gif") == []
    assert not here.problems


def test_reduced_motion_shows_the_poster_and_steps(visit):
    here = visit(reduced_motion="reduce")
    here.page.clock.install()
    page = here.go(LESSON)
    here.scroll_through()
    page.clock.run_for(60_000)
    figure = Figure(page)
    figure.shows("png")
    assert asked_for(here, ".states.png") == []
    expect(figure.frame).to_have_count(0)
    expect(figure.scrub).to_be_hidden()
    expect(figure.play).to_have_attribute("aria-label", "Play")
    figure.forward.click()
    figure.rests_at(2)
    page.clock.run_for(60_000)
    figure.rests_at(2)
    assert asked_for(here, ".gif") == []


SHEETS = """({ drawing: { reel } }) => [[reel.className, reel.parentNode.className],
  ...[...reel.children].map((frame) => {
    const [{ localName, alt, loading, decoding, src }] = frame.children;
    const file = src.slice(src.lastIndexOf("/") + 1).split(".");
    return [frame.className, localName, alt, loading, decoding, file.slice(1).join(".")];
  })]"""


def test_the_theme_is_followed(visit):
    here = visit(color_scheme="light")
    page = here.go(LESSON)
    figure = Figure(page)
    figure.go(3)
    assert not [name for name in asked_for(here, ".states.png") if "dark" in name]
    sheets = [
        [f"sw-frame sw-{theme}", "img", facts(NAME)["alt"], loading, "async", f"{theme}.states.png"]
        for theme, loading in (("light", "eager"), ("dark", "lazy"))
    ]
    assert figure.element.evaluate(SHEETS) == [["sw-reel", "sw-stage"], *sheets]
    with page.expect_response(f"**/{NAME}.dark.states.png"):
        page.evaluate("document.body.setAttribute('data-md-color-scheme', 'slate')")
    expect(figure.frame).to_have_class("sw-frame sw-dark")
    figure.rests_at(3)
    until(
        page,
        "i => i.complete && i.naturalWidth > 640",
        figure.frame.locator("img").element_handle(),
    )
    assert figure.frame.locator("img").get_attribute("alt") == facts(NAME)["alt"]


def test_a_lost_sheet_of_the_other_theme_leaves_the_gif(visit, address):
    here = visit(color_scheme="light")
    page = here.page
    page.clock.install()
    page.route(
        "**/*.dark.states.png", lambda route: route.fulfill(body="", content_type="image/png")
    )
    page.goto(address + LESSON)
    figure = Figure(page)
    figure.go(3)
    figure.element.evaluate("e => { e.sheet = e.drawing.images[0] }")
    figure.play.click()
    page.evaluate("document.body.setAttribute('data-md-color-scheme', 'slate')")
    expect(figure.line).to_contain_text("could not be loaded")
    expect(figure.frame).to_have_count(0)
    expect(page.locator(f"#{NAME} picture.sw-dark")).to_be_visible()
    figure.element.evaluate("e => e.sheet.dispatchEvent(new Event('error'))")  # the other one, too
    page.clock.run_for(60_000)
    assert figure.element.evaluate("e => [e.at, e.drawing]") == [1, None]
    assert not here.problems


def picture(width, height):
    buffer = io.BytesIO()
    Image.new("RGB", (width, height)).save(buffer, "PNG")
    return buffer.getvalue()


BROKEN = {
    "missing": None,
    "empty": b"",
    "a page": b"<!doctype html><title>Not found</title>",
    "one state too few": picture(640 * 8, 498),
    "another width": picture(600, 498),
    "another height": picture(640 * 8, 990),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_a_damaged_sheet_leaves_the_gif_and_says_so(visit, address, kind):
    assert (facts(NAME)["height"], len(facts(NAME)["states"])) == (498, 9)
    page = visit().page
    answer_instead(page, f"**/{NAME}.light.states.png", BROKEN[kind], "image/png")
    page.goto(address + LESSON)
    figure = Figure(page)
    expect(figure.line).to_contain_text("could not be loaded")
    expect(figure.frame).to_have_count(0)
    expect(figure.forward).to_be_disabled()
    expect(figure.scrub).to_be_hidden()
    figure.shows("gif")
    figure.play.click()
    figure.shows("png")
    figure.play.click()
    figure.shows("gif")
    other = Figure(page, "receptive-row")
    other.go(2)
    other.rests_at(2)


SIZES = [
    {"width": 320, "height": 900},
    {"width": 1280, "height": 800},
    {"width": 1280, "height": 540},
]


@pytest.mark.parametrize("viewport", SIZES, ids=lambda size: f"{size['width']}x{size['height']}")
def test_same_place_and_nothing_moves(visit, viewport):
    """As wide and high as the poster, also where a low screen makes it smaller."""
    page = visit(viewport=viewport, reduced_motion="reduce").go(LESSON)
    figure = Figure(page)
    caption = figure.whole.locator("figcaption")
    place, ratio = caption.bounding_box(), facts(NAME)["width"] / facts(NAME)["height"]
    box = figure.image.bounding_box()
    width = min(box["width"], box["height"] * ratio)
    middle = box["x"] + box["width"] / 2
    for at in range(1, figure.count + 1):
        figure.go(at)
        figure.rests_at(at)
        assert caption.bounding_box() == place
    shown = figure.frame.bounding_box()
    assert shown["width"] == pytest.approx(width, abs=1)
    assert shown["height"] == pytest.approx(width / ratio, abs=1)
    assert shown["x"] + shown["width"] / 2 == pytest.approx(middle, abs=1)
    assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]


def test_touch(visit):
    page = visit(viewport=PHONE, has_touch=True, is_mobile=True).go(LESSON)
    figure = Figure(page)
    figure.go(1)
    for button in (figure.back, figure.play, figure.forward):
        box = button.bounding_box()
        assert min(box["width"], box["height"]) >= 24
    figure.forward.tap()
    figure.rests_at(2)


def test_without_script_the_gif_moves(visit):
    page = visit(java_script_enabled=False).go(LESSON)
    figure = Figure(page)
    expect(figure.image).to_be_visible()
    assert figure.image.evaluate("image => image.currentSrc").endswith(".gif")
    expect(figure.whole.locator(".sw-bar")).to_be_hidden()


def test_it_works_from_a_folder(from_folder):
    figure = Figure(from_folder(LESSON))
    figure.go(4)
    figure.rests_at(4)
