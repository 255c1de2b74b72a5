"""One visit to a page: its requests, its console messages, and everything that tests look at.

A page is opened twice, on a desktop and on a phone. There it is looked at in one profile after the
other, as by a reader who switches the theme or zooms, and what was seen is written down as plain
data, so that twenty small tests of a page cost two visits. Nothing here judges.
"""

import asyncio
import contextlib
from urllib.parse import urljoin

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import expect
from site_pages import DESKTOP, PATIENCE, PHONE, until

ZOOMED = {"width": 640, "height": 400}  # 1280×800 at 200 %
# The profiles, by the visit in which the page is looked at so.
VISITS = {
    "light": "desktop",
    "dark": "desktop",
    "phone": "phone",
    "phone in the dark": "phone",
    "zoom": "phone",
    "large letters": "phone",
}
TOLD = ("light", "phone")  # profiles in which the page's own words are written down, too
WIDE = (1280, 768, 375, 320)  # pixels, for letters of twice their size
# A dark page is the same document in other colours, so only these rules can differ.
OF_COLOUR = ("color-contrast", "link-in-text-block")
AXE_ON_A_PHONE = ("", "explorer/", "network/", "gallery/")
# Of A4 and of letter, 176 by 247 mm are left between the margins: 665 by 933 pixels.
PAPER = {"width": 665, "height": 933}

# Tab goes to a radio group once, and past what a closed <details> or an inert part holds.
STOPS = """() => {
  const all = document.querySelectorAll("article a[href], article button, article input, "
    + "article select, article textarea, article summary, article [tabindex='0']");
  return [...all].filter(one => one.checkVisibility({ visibilityProperty: true })
    && one.getClientRects().length && !one.disabled && one.tabIndex >= 0
    && one.type !== "radio").map((one, i) => {
      one.dataset.stop = i;
      return one.outerHTML.slice(0, 120);
    });
}"""
HERE = """() => {
  const one = document.activeElement;
  const style = getComputedStyle(one), box = one.getBoundingClientRect();
  const ring = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0;
  return { stop: one.dataset.stop ?? null, body: one === document.body,
           skip: one.matches(".md-skip"), ring: ring || style.boxShadow !== "none",
           inside: one.closest("main .md-content, .md-footer") !== null,
           seen: box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth,
           what: one.outerHTML.slice(0, 120) };
}"""
# Looks at each place where Tab stopped when the next Tab is pressed: by then the page has settled.
WATCH = f"""() => {{
  const here = {HERE};
  globalThis.walked = [];
  addEventListener("keydown", event => event.key === "Tab" && walked.push(here()), true);
}}"""
FACTS = """() => {
  const one = selector => document.querySelector(selector);
  const all = (selector, give) => [...document.querySelectorAll(selector)].map(give);
  const named = all("meta[property], meta[name]",
    m => [m.getAttribute("property") ?? m.name, m.content]);
  const shown = e =>
    e.getClientRects().length > 0 && e.checkVisibility({ visibilityProperty: true });
  return {
    title: document.title,
    canonical: one("link[rel=canonical]")?.href,
    meta: Object.fromEntries(named.reverse()),
    data: one("script[type='application/ld+json']")?.textContent,
    h1: all(".md-content article h1", e => e.innerText.trim()),
    facts: one(".sw-facts")?.innerText,
    text: one("article").innerText,
    outputs: all("article .sw-output", e => 1).length,
    answers: all("article details.success", e => 1).length,
    next: one(".md-footer__link--next")?.getAttribute("href"),
    downloads: all("a[download]", a => a.href),
    levels: all("article :is(h1, h2, h3, h4, h5, h6)", e => [Number(e.tagName[1]), shown(e)])
      .filter(([, seen]) => seen).map(([level]) => level),
    pictures: all("article img:not(.sw-strip, .sw-reel img)",
      i => [i.alt, i.getAttribute("width"), i.getAttribute("height")]),
    figures: all(".sw-figure", e => ({
      id: e.id, moving: e.dataset.moving === "1",
      controls: e.querySelectorAll(".sw-play").length,
      stepped: e.querySelectorAll("sliding-window").length,
    })),
  };
}"""
SCROLL = """async patience => {
  const late = new Promise(done => setTimeout(done, patience, "late"));
  // A task that is put off in a frame runs when the page has been drawn.
  const drawn = () => Promise.race([late,
    new Promise(done => requestAnimationFrame(() => setTimeout(done)))]);
  for (let y = 0; y < document.documentElement.scrollHeight; y += innerHeight) {
    scrollTo({ top: y, behavior: "instant" });
    if (await drawn() === "late") return false;
  }
  return true;
}"""
# Marks two texts of each look: colours, size and weight on the same grounds. axe needs a second
# for the contrast of all two thousand texts of a page, most of them tokens of code. Of a look that
# is known to be good, one text will do.
EACH_LOOK = """([within, good]) => {
  document.querySelectorAll("[data-look]").forEach(e => delete e.dataset.look);
  const found = new Map(), known = new Set(good);
  const of = (e, names) => names.map(name => getComputedStyle(e)[name]).join();
  const grounds = e => e ? of(e, ["backgroundColor", "backgroundImage", "opacity"])
    + grounds(e.parentElement) : "";
  const texts = document.createTreeWalker(document.querySelector(within), NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const e = texts.currentNode.parentElement;
    if (!texts.currentNode.data.trim() || e.dataset.look || !e.getClientRects().length
      || !e.checkVisibility({ visibilityProperty: true, opacityProperty: true })) continue;
    const own = of(e, ["color", "fontSize", "fontWeight", "textDecorationLine", "position"]);
    const look = [e.tagName === "A", own, of(e.parentElement, ["color"]), grounds(e)].join(";");
    found.set(look, (found.get(look) ?? 0) + 1);
    if (found.get(look) <= (known.has(look) ? 1 : 2)) e.dataset.look = found.size;
  }
  return [...found.keys()];
}"""
# All rules in one run, since half of a run's time goes into its picture of the whole page.
AXE_BY_LOOK = """axe.configure({ rules: [
  { id: "color-contrast", selector: "[data-look]" },
  { id: "link-in-text-block", selector: "a[href][data-look]" },
] })"""
AXE = """async ([within, only]) => {
  const some = only.length ? { runOnly: { type: "rule", values: only } } : {};
  const found = await axe.run(within, { resultTypes: ["violations"], ...some });
  return [found.violations, found.passes.map(rule => rule.id)];
}"""
NO_INDEX = {"config": {"lang": ["en"], "separator": " ", "pipeline": [], "fields": {}}, "docs": []}
GOOD: set[str] = set()  # looks of the pages visited by this process in which axe found nothing
ATTEMPTS = 3  # at one page, if Chromium stops drawing it
PENDING = """[...document.querySelectorAll("article img")]
    .every(i => i.offsetParent === null || i.complete)"""
LOADED = """() => [...document.querySelectorAll("article img")].filter(i => i.offsetParent !== null)
    .map(i => [i.currentSrc, i.complete && i.naturalWidth > 0])"""
FRAME = "() => new Promise(requestAnimationFrame).then(() => true)"
WIDTHS = "[document.documentElement.scrollWidth, document.body.scrollWidth]"
CUT = """() => [...document.querySelectorAll("article :is(p, li, h1, h2, h3, button, label)")]
  .filter(one => one.checkVisibility() && one.clientWidth > 1
    && getComputedStyle(one).overflowX === "hidden" && one.scrollWidth > one.clientWidth + 1)
  .map(one => one.outerHTML.slice(0, 120))"""
ON_PAPER = """() => {
  const size = (e, ...more) => {
    const box = e.getBoundingClientRect();
    return [box.width, box.height, ...more];
  };
  return [
    [...document.querySelectorAll(".sw-figure")].map(e => size(e, e.id)),
    [...document.querySelectorAll(".sw-strip")].map(e => size(e, Number(e.getAttribute("width")))),
  ];
}"""
# The whole figure by hand: the sentence of each step, then all cells as they are drawn.
STEPS = """async () => {
  const off = ({text, x, size}) => {
    if (!text || !text.textContent) return 0;
    const box = text.getBBox();
    return Math.abs(box.x + box.width / 2 - x - size / 2);
  };
  const found = [];
  for (const element of document.querySelectorAll("sliding-window")) {
    const said = [];
    for (let at = 1; at <= Number(element.getAttribute("steps")); at++) {
      await element.go(at);
      said.push(element.querySelector(".sw-sentence").textContent);
    }
    const cells = element.drawing.cells.map(cell => ({
      panel: cell.panel, row: cell.row, col: cell.col,
      text: cell.text ? cell.text.textContent : null,
      fill: getComputedStyle(cell.rect).fill,
      stroke: getComputedStyle(cell.rect).stroke,
      off: off(cell),
    }));
    found.push([element.getAttribute("name"), element.closest(".sw-figure").id, said, cells]);
  }
  return found;
}"""
LARGE = """() => {
  const root = document.documentElement;
  root.style.fontSize = `${2 * parseFloat(getComputedStyle(root).fontSize)}px`;
}"""

# A reader who has made every prediction: a test that is not about curtains looks behind them.
OPENS_CURTAINS = """new MutationObserver(() => {
    for (const one of document.querySelectorAll(".sw-curtain:not([open])")) one.open = true;
}).observe(document, {childList: true, subtree: true})"""
# Until Material has parsed the sitemap, its last task, its links reload the whole page.
NOTES_THE_SITEMAP = """(() => {
  const parse = DOMParser.prototype.parseFromString;
  DOMParser.prototype.parseFromString = function (text, type) {
    if (text.includes("<urlset")) setTimeout(() => { globalThis.sitemapRead = true });
    return parse.call(this, text, type);
  };
})()"""
SETTLED = """() => document.readyState === "complete" && globalThis.sitemapRead === true
  && [...document.querySelectorAll("#sw-explorer, #network")].every(e => e.dataset.ready)
  && [...document.images].every(image => {
    const box = image.getBoundingClientRect();
    return image.complete || !box.height || box.top > innerHeight || box.bottom < 0;
  })"""


class NoFrames(Exception):
    """Chromium has stopped drawing a page, so that nothing in it can come to the screen."""


def settled(page) -> None:
    """Wait until the scripts have run and everything on the screen has loaded."""
    until(page, SETTLED)


class Visit:
    """A page with a log of its requests and console messages."""

    def __init__(self, context, address, curtains=False):
        context.set_default_timeout(PATIENCE)
        self.page, self.address = context.new_page(), address
        self.requests, self.problems, page = [], [], self.page
        page.add_init_script(NOTES_THE_SITEMAP)
        if not curtains:
            page.add_init_script(OPENS_CURTAINS)
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("pageerror", lambda error: self.problems.append(str(error)))
        page.on("console", self._console)
        page.on("requestfailed", self._failed)

    def _console(self, message):
        if message.type == "error":
            self.problems.append(message.text)

    def _failed(self, request):
        # Leaving a page, or pausing a figure, aborts downloads.
        if "ERR_ABORTED" not in (request.failure or ""):
            self.problems.append(f"{request.url}: {request.failure}")

    def go(self, path=""):
        self.page.goto(urljoin(self.address, path))
        return self.page

    def mark(self):
        """Leave a mark that a new document would not have: from now on links must not load one."""
        settled(self.page)
        self.page.evaluate("window.untouched = true")

    def marked(self):
        return self.page.evaluate("window.untouched") is True

    def follow(self, end, title):
        """Click the first link in the sidebar that ends so, and wait for the page's title.

        Found and clicked in one go: a link that Material has just replaced reloads the whole page.
        """
        link = f".md-sidebar--primary a[href$='{end}']"
        self.page.evaluate("link => document.querySelector(link).click()", link)
        expect(self.page.locator("h1")).to_contain_text(title)

    def scroll_through(self):
        """Bring every part to the screen once, and wait for the pictures that load there."""
        if not self.page.evaluate(SCROLL, PATIENCE / 5):
            raise NoFrames(self.page.url)
        until(self.page, PENDING)

    def images(self) -> list:
        """[address, whether it has loaded] of each picture that this theme shows."""
        return self.page.evaluate(LOADED)


def open_all(page) -> None:
    page.locator("article details").evaluate_all("all => all.forEach(box => { box.open = true })")


def violations(page, within="html", colours_alone=False, good=frozenset()) -> list[str]:
    """Each rule of axe-core that is broken, with the first places where it is.

    within: a selector of the part that is looked at. colours_alone: of the rules, only those that
    a theme can break. They are tried on two texts of each look, all others on everything.
    good: looks in which nothing was found, on whichever page. Of those one text is tried, and none
    if the colours are looked at alone and no look is new.
    """
    settled(page)
    looks = page.evaluate(EACH_LOOK, [within, sorted(good)])
    assert looks, "there is nothing to see"
    if colours_alone and good.issuperset(looks):
        return []
    if not page.evaluate("'axe' in globalThis"):
        page.evaluate(AXE_SCRIPT)
        page.evaluate(AXE_BY_LOOK)
    broken, passed = page.evaluate(AXE, [within, list(OF_COLOUR) if colours_alone else []])
    assert set(passed) & set(OF_COLOUR), "axe looked at no colours"
    assert colours_alone or set(passed) - set(OF_COLOUR), "axe looked at nothing else"
    if not broken:
        good |= set(looks)  # whose set it is knows them from now on
    return [
        f"{rule['id']} ({rule['impact']}): "
        + "; ".join(f"{node['target']} {node['failureSummary']}" for node in rule["nodes"][:4])
        for rule in broken
    ]


def skip(page) -> dict:
    """Presses Tab, Enter and Tab: where the first and the last of them lead."""
    page.keyboard.press("Tab")
    first = page.evaluate(HERE)
    if not first["skip"]:
        return {"first": first, "then": None}
    until(page, "getComputedStyle(document.querySelector('.md-skip')).opacity === '1'")
    first = page.evaluate(HERE)
    target = page.evaluate("document.activeElement.hash")
    page.keyboard.press("Enter")
    # The place where Tab goes on moves after the address does, and takes the focus away.
    until(
        page,
        "hash => location.hash === hash && !document.activeElement.matches('.md-skip')",
        target,
    )
    page.keyboard.press("Tab")
    return {"first": first, "then": page.evaluate(HERE)}


def hold_tab(page, times: int) -> None:
    """Press Tab so many times, as a key that is held: the page need not be drawn after each.

    Playwright's keyboard waits until a key has been handled, and Chromium draws the page then.
    """
    keyboard = page.keyboard

    async def held():
        await asyncio.gather(*(keyboard._impl_obj.down("Tab") for _ in range(times)))

    keyboard._sync(held())


def walk(page) -> dict:
    """Presses Tab until it has left the page: what there is to reach, and each place it stopped.

    In the end it is where a page begins: the next Tab goes to the first place.
    """
    stops = page.evaluate(STOPS)
    page.evaluate(WATCH)
    for begun in range(0, len(stops), 50):
        hold_tab(page, min(50, len(stops) - begun))  # after so many Tab cannot have left the page
    for _ in range(40):
        hold_tab(page, 10)
        if page.evaluate("walked.slice(1).some(place => place.body)"):
            break
    page.keyboard.up("Tab")
    places = page.evaluate("walked.slice(1)")
    for _ in range(11):
        if page.evaluate("(globalThis.left = document.activeElement) === document.body"):
            break
        page.keyboard.press("Shift+Tab")
        # Past the first place the browser itself moves the focus, which takes a moment.
        until(page, "document.activeElement !== left")
    return {"stops": stops, "places": places}


class Tab:
    """A tab in which a page is visited after the other, each as if nothing had been before.

    What Chromium has once started and compiled serves all of them: half of what a page costs.
    """

    def __init__(self, browser, address):
        self.browser, self.address, self.here = browser, address, None

    def close(self):
        if self.here:
            self.here.page.context.close()
        self.here = None

    def record(self, path, visit, folder) -> dict:
        """Visits a page: {profile: what was seen}.

        visit: "desktop" or "phone". A PDF of a lesson goes into the folder. The headless shell
        sometimes never gives a page another frame, whatever the page does; then it is visited
        again, in another tab.
        """
        for _ in range(ATTEMPTS - 1):
            with contextlib.suppress(NoFrames):
                return self._recorded(path, visit, folder)
        return self._recorded(path, visit, folder)

    def _recorded(self, path, visit, folder) -> dict:
        desktop = visit == "desktop"
        scheme = opened_in(path) if desktop else "light"
        here = self.blank(DESKTOP if desktop else PHONE, scheme)
        try:
            settled(here.go(path))
            found, begun = {}, 0
            for profile, look in (_desktop if desktop else _phone)(path):
                found[profile] = here.page.evaluate(FACTS) if profile in TOLD else {}
                found[profile] |= look(here, path, folder)
                cookies = here.page.context.cookies()
                found[profile] |= {"problems": here.problems[begun:], "cookies": cookies}
                begun = len(here.problems)
        except BaseException:
            self.close()  # the next visit may find nothing half done
            raise
        return found

    def blank(self, viewport, scheme="light") -> Visit:
        """The tab without a page, and without anything that the last one has left."""
        if not self.here:
            self.here = Visit(self.browser.new_context(), self.address)
        here, page = self.here, self.here.page
        if page.url != "about:blank":
            page.evaluate("localStorage.clear(), sessionStorage.clear()")
            page.goto("about:blank")
        page.context.clear_cookies()
        page.set_viewport_size(viewport)
        # Neither "screen" nor "print": a PDF would be made of what is seen on a screen.
        page.emulate_media(media="null", color_scheme=scheme, reduced_motion="no-preference")
        here.requests.clear()
        here.problems.clear()
        return here


def themes_of(path) -> tuple[str, str]:
    """The theme in which a page is opened, and the one to which it is switched then."""
    return ("dark", "light") if len(path) % 2 else ("light", "dark")


def opened_in(path) -> str:
    """The first of them. A lesson is printed in it, too: paper is light in both."""
    return themes_of(path)[0]


def _desktop(path):
    first, other = themes_of(path)
    yield first, _first_theme
    yield other, _other_theme


def _phone(path):
    yield "phone", _on_a_phone
    if path in AXE_ON_A_PHONE:
        yield "phone in the dark", _axe_in_the_dark
    yield "zoom", _zoomed
    yield "large letters", _with_large_letters


def _pictures(here, asked: int) -> dict:
    """Which pictures there are in this theme, and what was requested for it."""
    here.scroll_through()
    return {"images": here.images(), "requests": here.requests[asked:]}


def _first_theme(here, path, folder) -> dict:
    page, found = here.page, _pictures(here, 0)
    page.emulate_media(reduced_motion="reduce")
    page.evaluate("scrollTo({ top: 0, behavior: 'instant' })")
    if path.startswith("lessons/"):
        page.pdf(path=folder / "printed.pdf", format="A4", print_background=True)
    # Tab passes the search, which then builds its index: a quarter of a lesson's walk, each time.
    # test_search reads the real one. No other address than its own is answered here.
    index = urljoin(here.address, "search/search_index.json")
    page.route(index, lambda route: route.fulfill(json=NO_INDEX))
    found["walk"] = walk(page)
    page.unroute(index)
    found["skip"] = skip(page)
    page.emulate_media(media="print", reduced_motion="reduce")
    page.set_viewport_size(PAPER)
    found["on paper"] = page.evaluate(ON_PAPER)
    page.set_viewport_size(DESKTOP)
    page.emulate_media(media="screen", reduced_motion="reduce")
    open_all(page)
    found["axe"] = violations(page, good=GOOD)
    return found


def _other_theme(here, path, folder) -> dict:
    asked = len(here.requests)
    here.page.evaluate("scrollTo({ top: 0, behavior: 'instant' })")
    in_theme(here.page, themes_of(path)[1])
    found = _pictures(here, asked)
    found["axe"] = violations(here.page, colours_alone=True, good=GOOD)
    return found


def _on_a_phone(here, path, folder) -> dict:
    found = {"skip": skip(here.page)}
    here.scroll_through()
    found["widths"] = here.page.evaluate(WIDTHS)
    if path in AXE_ON_A_PHONE:
        found["axe"] = violations(here.page, good=GOOD)
    return found


def _axe_in_the_dark(here, path, folder) -> dict:
    in_theme(here.page, "dark")
    found = {"axe": violations(here.page, colours_alone=True, good=GOOD)}
    in_theme(here.page, "light")
    return found


def _zoomed(here, path, folder) -> dict:
    page = here.page
    page.emulate_media(reduced_motion="reduce")
    page.set_viewport_size(ZOOMED)
    page.evaluate(FRAME)
    found = {"widths": page.evaluate(WIDTHS), "cut": page.evaluate(CUT)}
    found["steps"] = page.evaluate(STEPS)
    return found


def _with_large_letters(here, path, folder) -> dict:
    """The width of the page by that of the window, with letters of twice their size."""
    page, found = here.page, []
    page.evaluate(LARGE)
    for width in WIDE:
        page.set_viewport_size({"width": width, "height": 800})
        page.evaluate(FRAME)
        found.append((width, max(page.evaluate(WIDTHS))))
    return {"widths": found}


def in_theme(page, theme: str) -> None:
    """Switch the system's theme, which the page follows, and wait until it has."""
    page.emulate_media(color_scheme=theme, reduced_motion="reduce")
    scheme = {"light": "default", "dark": "slate"}[theme]
    until(page, "name => document.body.dataset.mdColorScheme === name", scheme)
    until(page, "document.getAnimations().every(one => one.playState !== 'running')")
