"""torch's refusals as sentences with places, and its signatures: what the site's script is told."""

import re
from pathlib import Path

import pytest
import torch
from torch import nn

from slidingwindows import SlidingWindowsError
from slidingwindows.site.assets import LAYER
from slidingwindows.tracing.refusals import (
    Provoked,
    refusals,
    template,
    with_numbers,
    with_places,
)
from slidingwindows.tracing.script import LIMITS, PADDING_MODES, signature

SCRIPT = Path(__file__).parents[2] / "assets"
TEXTS = {path: path.read_text("utf-8") for path in sorted(SCRIPT.rglob("*.js"))}
LAYERS = LAYER.findall(TEXTS[SCRIPT / "torch" / "layers.js"])


@pytest.fixture(scope="module")
def known():
    return refusals()


def asked():
    """A pattern for each name by which the script asks for a refusal."""
    for text in TEXTS.values():
        for _, name in re.findall(r"\brefusal\(\s*([\"`])(.+?)\1", text):
            parts = re.split(r"\$\{[^}]*\}", name)
            yield ".+".join(map(re.escape, parts))


def test_the_script_asks_for_all_of_them_and_for_no_other(known):
    patterns = set(asked())
    assert len(known) > 50 and len(patterns) > 40
    assert [name for name in known if not any(re.fullmatch(one, name) for one in patterns)] == []
    assert [one for one in patterns if not any(re.fullmatch(one, name) for name in known)] == []


def test_no_sentence_of_torchs_is_written_in_the_script(known):
    """Nor its beginning, nor that of a piece between two numbers."""
    pieces = [one.strip() for said in known.values() for one in re.split(r"\{\w+\}", said)]
    begun = {piece[:24] for piece in pieces if len(piece) >= 24}
    assert len(begun) > 35
    assert [one for one in begun if any(one in text for text in TEXTS.values())] == []


def test_modes_and_limits_are_not_typed_in_the_script():
    copies = r'",\s*"'.join(PADDING_MODES[1:])
    numbers = [f"{LIMITS[one]:,}".replace(",", "[,_]?") for one in ("number", "reads")]
    for path, text in TEXTS.items():
        assert not re.search(rf"{copies}|\b(?:{'|'.join(numbers)})\b", text), path
    named = {one for text in TEXTS.values() for one in re.findall(r"\bLIMITS\.(\w+)", text)}
    assert named == set(LIMITS)


def test_places_are_whole_numbers_and_lists():
    places = {"pad": 2, "kernel": 12, "sizes": [2, 12]}
    said = "pad=2 of 12, 2D, 2.5, x2, -2, conv2d and [2, 12] but not 122"
    found = "pad={pad} of {kernel}, 2D, 2.5, x2, -{pad}, conv2d and {sizes} but not 122"
    assert with_places(said, places) == found and with_numbers(found, places) == said
    assert with_places("no 7 here", {}) == "no 7 here"


def refusing(words):
    def action():
        raise RuntimeError(words)

    return action


def test_words_that_do_not_follow_from_the_numbers_stop_the_build():
    ways = [Provoked(refusing(f"got {n} of 9"), {"n": n}) for n in (3, 4)]
    assert template("x", *ways) == "got {n} of 9"
    other = Provoked(refusing("got 5 of 8"), {"n": 5})
    with pytest.raises(SlidingWindowsError, match="'got 5 of 8', which does not follow"):
        template("x", *ways, other)


def test_a_torch_that_refuses_no_longer_stops_the_build():
    with pytest.raises(SlidingWindowsError, match=r"torch [\d.+a-z]+ does not refuse 'x'"):
        template("x", Provoked(lambda: torch.ones(1), {}))


def test_only_the_first_line_counts():
    assert Provoked(refusing("\n one \n two"), {}).words() == "one "


@pytest.mark.parametrize("name", LAYERS)
def test_whoever_python_names_when_it_complains(name):
    told = signature(name)
    if name == "Identity":  # takes whatever comes
        assert told == {"parameters": [], "positional": 0, "owner": "Identity"}
        return
    with pytest.raises(TypeError, match=rf"^{told['owner']}\.__init__\(\) got an un"):
        getattr(nn, name)(nonsense=1)
    with pytest.raises(TypeError, match=rf"{told['owner']}\.__init__\(\) takes .*were given"):
        getattr(nn, name)(*[1] * (told["positional"] + 1))
    try:
        getattr(nn, name)(*[1] * told["positional"])
    except Exception as error:  # of numbers that are of no use
        assert "were given" not in str(error)


def test_defaults_are_torchs():
    module = nn.MaxPool2d(3)
    taken = {one[0]: one[1:] for one in signature("MaxPool2d")["parameters"]}
    assert taken.pop("kernel_size") == [] and taken.pop("stride") == [None]
    assert taken == {name: [getattr(module, name)] for name in taken} and len(taken) == 4
