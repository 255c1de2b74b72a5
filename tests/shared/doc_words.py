"""The pages of docs/ and README.md as blocks of words, which a test holds to account."""

import re
from collections.abc import Callable
from functools import cache
from pathlib import Path

from slidingwindows.course.lessons import path_of, read
from slidingwindows.testing.words import Words

ROOT = Path(__file__).parents[2]
FRONT = re.compile(r"\A---\n(.*?)^---\n", re.MULTILINE | re.DOTALL)
SAID_FIRST = re.compile(r"^(title|description): (.+)$", re.MULTILINE)
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
COMMENT = {"sh": re.compile(r"(?:^|  +)# (.+)$", re.M), "python": re.compile(r"  +# (.+)$", re.M)}
MACRO = re.compile(r"<!--.*?-->|<script\b.*?</script>", re.DOTALL)
ALT = re.compile(r"<\w[^>]*\balt=\"([^\"]*)\"[^>]*>")
TAG = re.compile(r"</?\w[^>]*>")
ATTRIBUTES = re.compile(r"\{ ?[#.:][^}\n]*\}")
# A list's items and a table's rows are read one by one.
BREAK = re.compile(r"\n\s*\n|\n(?=- |\| )")
RULE = re.compile(r"^\|[-:| ]+\|$", re.MULTILINE)


def blocks_of(text: str) -> list[str]:
    """Title, description, headings, paragraphs, items, rows and the comments in code.

    What no reader sees is left out: macros, tags, their attributes, and code, which
    test_fences runs.
    """
    front = FRONT.match(text)
    said = SAID_FIRST.findall(front[1]) if front else []
    blocks = [f"# {words}" if key == "title" else words for key, words in said]
    body = text[front.end() :] if front else text
    body = FENCE.sub(lambda code: _comments(code[1], code[2]), body)
    body = ALT.sub(r"\n\n\1\n\n", MACRO.sub("", body))
    body = RULE.sub("", ATTRIBUTES.sub("", TAG.sub("", body)))
    return [*blocks, *(block.strip() for block in BREAK.split(body) if block.strip())]


def _comments(language: str, code: str) -> str:
    pattern = COMMENT.get(language)
    return "".join(f"\n\n{words}\n\n" for words in pattern.findall(code)) if pattern else ""


def words_of(page: str) -> Words:
    """One page by its path from the project's folder, nothing of it proved yet."""
    return Words(page, blocks_of((ROOT / page).read_text("utf-8")))


def names_lessons(page: Words, text: str) -> None:
    """Each link to a lesson bears its title, perhaps among other words, or most of the title."""
    for words, name in re.findall(r"\[([^\]]+)\]\([./]*lessons/([\w-]+)\.ipynb", text):
        title = read(path_of(ROOT / "lessons", name)).meta["title"]
        named = words.lower() in title.lower() or title.lower() in words.lower()
        page.says(f"[{words}]", named and len(words) > len(title) / 3)


def proves(page: str) -> Callable[[Callable[[Words], None]], Callable[[], None]]:
    """Makes a test of a function that goes through the words of a page, none of which is left."""

    def made(proof):
        def test():
            words = words_of(page)
            proof(words)
            names_lessons(words, (ROOT / page).read_text("utf-8"))
            words.complete()

        return test

    return made


def held_by(path: str, name: str, *holds: str) -> bool:
    """Whether there is this test of what is only told here, and these pieces of code are in it.

    For what takes a browser, a build or a whole lesson to see. path: from tests/.
    """
    # Up to the next line that is not indented, but for the bracket that ends the arguments.
    found = re.search(rf"^def {name}\(.*?(?=^[^\s)]|\Z)", source_of(f"tests/{path}"), re.M | re.S)
    return bool(found) and all(piece in found[0] for piece in holds)


@cache
def source_of(path: str) -> str:
    """A file of the project, by its path from the project's folder."""
    return (ROOT / path).read_text("utf-8")


# ---- what several pages promise


def no_picture_by_hand() -> bool:
    """Whether no page and no lesson holds a picture that the build did not draw."""
    pages = [*(ROOT / "docs").rglob("*.md"), *(ROOT / "lessons").glob("*.py")]
    texts = [path.read_text("utf-8") for path in pages]
    return len(texts) > 30 and not any(re.search(r"!\[|<img\b", text) for text in texts)


def each_run_is_proved() -> bool:
    """Whether each lesson's page shows its run, which a test goes through to the end."""
    every = "lessons/test_every_lesson.py"
    completes = "test_each_lesson_has_a_test_that_completes_its_page"
    shown = "test_the_run_that_is_tested_is_the_one_on_the_page"
    return held_by(every, completes, '"complete"') and held_by(every, shown, "executed(name)")
