"""What is read of mkdocs.yml: the site's address if it is public, and whose course it is."""

from pathlib import Path

import pytest

from slidingwindows import SlidingWindowsError
from slidingwindows.course.settings import address_of, other_course, settings_of

ROOT = Path(__file__).parents[2]


@pytest.fixture
def says(tmp_path):
    """says(lines): a folder whose mkdocs.yml has them."""

    def written(text):
        (tmp_path / "mkdocs.yml").write_text(text)
        return tmp_path

    return written


def test_only_a_public_address_is_one(says):
    for address, told in {
        "https://example.org/a/": "https://example.org/a/",
        "http://127.0.0.1:8000/": "",
        "http://localhost/": "",
        "''": "",
        "~": "",
    }.items():
        assert address_of(says(f"site_url: {address}")) == told, address
    assert address_of(says("site_name: A")) == "" == address_of(says(""))


def test_a_course_of_another_s_has_a_name(says):
    assert other_course(says("site_name: Attention, step by step")) == "Attention, step by step"
    assert other_course(says("site_name: 7")) == "7"
    assert other_course(says("site_name: ~")) == "" == other_course(says("site_url: a"))
    assert settings_of(ROOT)["site_name"] and other_course(ROOT) == ""


def test_what_cannot_be_read_is_told_with_its_line(says):
    for text, told in {
        "a: 1\nb: [": "mkdocs.yml, line 2: expected the node content, but found '<stream end>'",
        "a: 1\nb: c: d": "mkdocs.yml, line 2: mapping values are not allowed here",
    }.items():
        with pytest.raises(SlidingWindowsError) as caught:
            settings_of(says(text))
        assert str(caught.value) == told
    for text in ("7", "- a", "words"):
        with pytest.raises(SlidingWindowsError) as caught:
            settings_of(says(text))
        assert str(caught.value) == (
            "mkdocs.yml holds no settings, which are lines of 'name: value'"
        )
