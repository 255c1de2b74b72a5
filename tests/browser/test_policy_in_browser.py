"""What a browser makes of the policy: each part stops what nothing else would."""

import pytest

from slidingwindows.site.browser import served
from slidingwindows.site.policy import secure

PAGE = """<!doctype html><html><head><meta charset="utf-8">{head}<title>T</title></head><body>
<a id="link" href="other.html">other</a><p id="words">words</p>
<form id="form" action="other.html"><button>send</button></form>
<script>window.approved = true</script>{body}</body></html>"""


@pytest.fixture
def opened(browser, tmp_path):
    """opened(head, body) is a page of a site that has the policy; what it stops is in page.said."""
    pages = []

    def start(head="", body=""):
        (tmp_path / "index.html").write_text(PAGE.format(head="", body=""), "utf-8")
        (tmp_path / "other.html").write_text(PAGE.format(head="", body=""), "utf-8")
        secure(tmp_path, {"window.approved = true"})
        if head or body:  # as if it had got past all checks
            text = (tmp_path / "index.html").read_text("utf-8")
            text = text.replace("<title>", f"{head}<title>").replace("</body>", f"{body}</body>")
            (tmp_path / "index.html").write_text(text, "utf-8")
        page = browser.new_page()
        pages.append(page)
        page.said = []
        page.on("console", lambda message: page.said.append(message.text))
        page.goto(address)
        assert page.evaluate("window.approved") is True
        return page

    with served(tmp_path) as address:
        yield start
        for page in pages:
            page.close()


def stopped(page, directive):
    return [text for text in page.said if "Content Security Policy" in text and directive in text]


def test_nothing_is_stopped_on_a_good_page(opened):
    page = opened()
    assert page.evaluate("fetch('other.html').then(answer => answer.status)") == 200
    assert not stopped(page, "")


def test_base_does_not_lead_links_elsewhere(opened):
    page = opened(head='<base href="https://example.org/">')
    assert page.evaluate("document.getElementById('link').href") == f"{page.url}other.html"
    assert stopped(page, "base-uri")


def test_no_form_is_sent(opened):
    page = opened()
    before = page.url
    with page.expect_event("console", lambda message: "form-action" in message.text):
        page.evaluate("setTimeout(() => document.getElementById('form').requestSubmit())")
    assert page.url == before and stopped(page, "form-action")


def test_nothing_is_fetched_from_elsewhere(opened):
    page = opened()
    script = "fetch('http://localhost:9/').then(() => 'sent', error => error.name)"
    assert page.evaluate(script) == "TypeError"
    assert stopped(page, "connect-src")


@pytest.mark.parametrize(
    ("body", "directive"),
    [
        ("<script>window.ran = true</script>", "script-src"),
        ('<img src="gone.png" alt="x" onerror="window.ran = true">', "script-src"),
        ("<iframe srcdoc='<script>parent.ran = true</script>'></iframe>", "script-src"),
        ('<script src="http://localhost:9/x.js"></script>', "script-src"),
        ("<style>#words { color: rgb(1, 2, 3) }</style>", "style-src"),
        ('<object data="other.html"></object>', "object-src"),
        ('<iframe src="http://localhost:9/"></iframe>', "frame-src"),
        ('<img src="http://localhost:9/x.png" alt="x">', "img-src"),
    ],
)
def test_what_a_page_may_not_hold_does_nothing(opened, body, directive):
    page = opened(body=body)
    page.wait_for_load_state("networkidle")
    assert page.evaluate("window.ran") is None
    assert (
        page.evaluate("getComputedStyle(document.getElementById('words')).color") != "rgb(1, 2, 3)"
    )
    assert stopped(page, directive), page.said


def test_a_link_that_is_a_script_does_nothing(opened):
    page = opened(body='<a id="bad" href="javascript:window.ran = true">bad</a>')
    with page.expect_event("console", lambda message: "script-src" in message.text):
        page.evaluate("setTimeout(() => document.getElementById('bad').click())")
    assert page.evaluate("window.ran") is None and stopped(page, "script-src")
