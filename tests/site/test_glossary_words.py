"""The glossary as a whole: every entry has a proof, and what the page says of its entries is so."""

import re
from pathlib import Path

import pytest
import test_glossary_a_to_e
import test_glossary_f_to_n
import test_glossary_o_to_w
from defined import ENTRIES, HEAD, POOLS, PROVED, READ, ROOT, TEXT, parameters_of
from doc_words import Words, blocks_of
from proving import unproved
from torch import nn
from torch.nn import functional as F

PROOFS = (test_glossary_a_to_e, test_glossary_f_to_n, test_glossary_o_to_w)


def test_every_entry_has_a_proof():
    assert PROVED == set(READ) and len(READ) == len(ENTRIES)


@pytest.mark.parametrize("proofs", PROOFS, ids=lambda module: module.__name__)
def test_no_definition_is_proved_by_a_tautology(proofs):
    source = Path(proofs.__file__).read_text("utf-8")
    assert not unproved(source)
    assert source.count("@entry(") == len([name for name in vars(proofs) if name[:5] == "test_"])


def test_these_are_all_pools_of_torch():
    named = {name for name in vars(nn) if re.search(r"Pool\dd$", name)}
    assert {type(pool).__name__ for pool in POOLS} == named


def test_what_the_page_says_of_its_entries():
    page = Words("glossary", blocks_of(HEAD))
    told = [re.sub(r"\bSee .*", "", text, flags=re.DOTALL).strip() for _, text in READ.values()]
    counts = {len(re.findall(r"[.?!](?= |$)", text)) for text in told}
    page.says("each in at most three sentences", counts == {1, 2, 3})
    page.says("Each word in at most three sentences", max(counts) == 3)
    named = [re.findall(r"lessons/([\w-]+)\.ipynb", text) for _, text in READ.values()]
    lessons = {path.stem: path.read_text("utf-8") for path in (ROOT / "lessons").glob("*.py")}
    runs = [any("\n# %%\n" in lessons[name] for name in names) for names in named]
    page.says("with the lesson that shows it", len(runs) == len(ENTRIES) and all(runs))
    page.says("The lesson behind it lets you run what is said here", all(runs))
    page.says(
        "The words of pooling, stride and padding", {"stride", "padding", "pooling"} < {*READ}
    )
    # What stands as code is a name of torch's, the rest is what the lessons say (test_glossary).
    code = {*re.findall(r"^## `(\w+)`", TEXT, re.MULTILINE)}
    layers = (F.interpolate, nn.AvgPool2d, nn.ConvTranspose2d, nn.Conv2d)
    taken = set().union(*map(parameters_of, layers)) | {"channels_last"}
    page.says("as this site and PyTorch use it", len(code) > 6 and code <= taken)
    page.complete()
