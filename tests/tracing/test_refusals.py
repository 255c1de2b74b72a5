"""torch's refusals as sentences with places, and its signatures: what the site's script is told."""

import json
import re
import runpy
import sys
import warnings
from pathlib import Path

import pytest
import torch
from recorded import compare
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
from slidingwindows.tracing.script import LIMITS, PADDING_MODES, script, signature

SCRIPT = Path(__file__).parents[2] / "assets"
TEXTS = {path: path.read_text("utf-8") for path in sorted(SCRIPT.rglob("*.js"))}
LAYERS = LAYER.findall(TEXTS[SCRIPT / "torch" / "layers.js"])


@pytest.fixture(scope="module")
def known():
    return refusals()


def test_the_sentences_are_those_that_were_reviewed(known):
    """With another torch they are recorded again; the script asks for their places by name."""
    compare("sentences", known.items())


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


def test_the_longest_text_goes_first_and_none_within_a_word_or_number():
    for said, places, found in [
        ("1x2x3 and (1x2)", {"all": "1x2x3", "two": "(1x2)", "one": 1}, "{all} and {two}"),
        ("(3x) {3} [3] <3>", {"n": 3}, "(3x) {{n}} [{n}] <{n}>"),
        ("a[3] b(3) c{3} of 3", {"list": "[3]", "pair": "(3)", "set": "{3}"}, "a{list} b{pair} "),
        ("3.5 .3 _3 3_ 3, 3. 3.x", {"n": 3}, "3.5 .3 _3 3_ {n}, {n}. {n}.x"),
        ("got 3 of 4, or 3", {"one": 3, "both": "3 of 4"}, "got {both}, or {one}"),
        ("got 3 of 4, or 3", {"both": "3 of 4", "one": 3}, "got {both}, or {one}"),
        ("-0.25 is -0.25, not 0.25", {"p": -0.25}, "{p} is {p}, not 0.25"),
        ("a+b aab", {"sum": "a+b"}, "{sum} aab"),
    ]:
        assert with_places(said, places).startswith(found), said
        assert with_numbers(with_places(said, places), places) == said


def refusing(words):
    def action():
        raise RuntimeError(words)

    return action


def test_words_that_do_not_follow_from_the_numbers_stop_the_build():
    ways = [Provoked(refusing(f"got {n} of 9"), {"n": n}) for n in (3, 4)]
    assert template("x", *ways) == template("x", ways[0]) == "got {n} of 9"
    other = Provoked(refusing("got 5 of 8"), {"n": 5})
    with pytest.raises(SlidingWindowsError) as caught:
        template("x", *ways, other)
    assert str(caught.value) == (
        f"torch {torch.__version__} says of 'x' 'got 5 of 8', which does not follow from "
        "'got {n} of 9' with {'n': 5}"
    )


def test_a_torch_that_refuses_no_longer_stops_the_build():
    for ways in ([lambda: torch.ones(1)], [refusing("no"), lambda: None]):
        with pytest.raises(SlidingWindowsError) as caught:
            template("x", *(Provoked(way, {}) for way in ways))
        assert str(caught.value) == f"torch {torch.__version__} does not refuse 'x'"


def test_only_the_first_line_counts():
    assert Provoked(refusing("\n one \n two"), {}).words() == "one "


def test_nothing_is_said_where_nothing_is_refused_and_torch_warns_of_nothing():
    def action():
        warnings.warn("of an odd input", stacklevel=1)
        asked.append(torch.is_grad_enabled())

    asked = []
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert Provoked(action, {}).words() == "" and asked == [False]


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


def test_arguments_are_told_in_order_and_without_those_that_have_no_name():
    told = {
        "Conv1d": [[*"in_channels out_channels kernel_size".split()], "stride", "Conv1d", 11],
        "AdaptiveMaxPool2d": [["output_size"], "return_indices", "_AdaptiveMaxPoolNd", 2],
        "FractionalMaxPool2d": [["kernel_size"], "output_size", "FractionalMaxPool2d", 5],
        "ReLU": [[], "inplace", "ReLU", 1],
        "Sigmoid": [[], None, "Sigmoid", 0],
    }
    for name, (needed, first, owner, positional) in told.items():
        found = signature(name)
        assert [one[0] for one in found["parameters"] if len(one) == 1] == needed, name
        optional = [one for one in found["parameters"] if len(one) == 2]
        assert [one[0] for one in optional[:1]] == [first] * bool(first), name
        assert (found["owner"], found["positional"]) == (owner, positional), name


TEXT = """\
// Written by the build from slidingwindows.tracing.script, which asks torch.

/** @type {string[]} */
export const PADDING_MODES = [
 "zeros",
 "reflect",
 "replicate",
 "circular"
];

/** @type {{ number: number, side: number, reads: number }} */
export const LIMITS = {
 "number": 100000,
 "side": 64,
 "reads": 4000000
};

/** @type {Record<string, { parameters: any[][], positional: number, owner: string }>} */
export const SIGNATURES = {
 "Identity": {
  "parameters": [],
  "positional": 0,
  "owner": "Identity"
 },
 "ReLU": {
  "parameters": [
   [
    "inplace",
    false
   ]
  ],
  "positional": 1,
  "owner": "ReLU"
 }
};

/** @type {Record<string, string>} */
export const REFUSALS = """


def test_the_module_that_the_build_writes(known, monkeypatch, capsys):
    text = script(["Identity", "ReLU"])
    assert text == f"{TEXT}{json.dumps(known, indent=1)};\n"
    name = "slidingwindows.tracing.script"
    monkeypatch.setattr(sys, "argv", [name, "Identity", "ReLU"])
    monkeypatch.delitem(sys.modules, name)  # or Python warns of running it twice
    runpy.run_module(name, run_name="__main__")
    assert capsys.readouterr().out == text


def test_defaults_are_torchs():
    module = nn.MaxPool2d(3)
    taken = {one[0]: one[1:] for one in signature("MaxPool2d")["parameters"]}
    assert taken.pop("kernel_size") == [] and taken.pop("stride") == [None]
    assert taken == {name: [getattr(module, name)] for name in taken} and len(taken) == 4
