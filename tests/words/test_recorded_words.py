"""Every sentence about figures of every kind, as it was reviewed: none is another one unseen."""

from every_figure import NAMES, figure, rendered
from recorded import compare, shortened

from slidingwindows import Trace
from slidingwindows.core.funnel import Funnel
from slidingwindows.core.receptive import ReceptiveField
from slidingwindows.words.terminal import listing

READABLE = 2500  # letters of one figure's words


def table_of(item) -> list[str]:
    return [item.table()] if isinstance(item, Funnel | ReceptiveField) else listing(item)


def told(name: str) -> str:
    made = rendered(name)
    facts = [f"{made.operation}, {made.steps} steps, {made.call}", f"longest: {made.longest}"]
    states = [f"{made.label}, {lasts} ms: {said}" for lasts, said in made.states]
    return shortened("\n".join([*facts, made.alt, *made.transcript, *states]), READABLE)


def kept(name: str) -> str:
    data = figure(name).to_dict()
    short = {
        key: value
        for key, value in data.items()
        if not isinstance(value, list) or len(str(value)) < 80
    }
    return "\n".join(f"{key}: {shortened(str(short[key]), 300)}" for key in short)


def test_descriptions_and_transcripts():
    compare("words", ((name, told(name)) for name in NAMES))


def test_tables_and_listings():
    tables = ((name, "\n".join(table_of(figure(name)))) for name in NAMES)
    compare("tables", ((name, shortened(table, READABLE)) for name, table in tables))


def test_recipes():
    recipes = ((name, rendered(name).recipe.strip()) for name in NAMES)
    compare("recipes", ((name, shortened(text, READABLE)) for name, text in recipes if text))


def test_what_is_kept_of_a_figure():
    """Without the numbers of planes and steps, which other tests compare with torch."""
    compare("facts", ((name, kept(name)) for name in NAMES))


def test_every_kind_is_told():
    kinds = {type(figure(name)) for name in NAMES}
    assert len(kinds) == 4 and Trace in kinds
