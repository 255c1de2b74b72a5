"""Words held to account: whatever a text states in numbers or in words that turn it must be proved.

A test goes through a text with ``says``, ``cites``, ``labels`` and ``aside``, and ticks off what it
has computed. ``unproved`` lists what is left: every number, number word, comparison, negation,
quantity, place and change, so that no sentence can be turned round ("max pools dilate, average
pools do not") without a test that fails. Of each statement at least half has to be held, and nine
tenths of them all, so that no sentence stands there on trust.
"""

import re

NUMBER = r"(?<![\w.])[−-]?\d+(?:[.,×]\d+)*%?"
NUMBER_WORDS = (
    "zeros? two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen"
    " sixteen seventeen eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety"
    " dozens? hundreds? thousands? millions? billions? none half halves halved quarters? twice"
    " doubles? doubled triples? infinity infinite"
    " second third"
)
DIRECTIONS = (
    "more less fewer larger largest smaller smallest bigger greater higher lower always never only"
    " every exactly first"
)
# Each has an opposite that would turn its sentence round.
TURNS = (
    # Does it hold at all, and for how many?
    "not nor neither nobody nothing nowhere cannot without unless hardly"
    " all both few most least everything everywhere everyone"
    # Is it the same?
    " same different differs? equals? equally agrees? disagrees? alike unlike"
    # Where, and when?
    " left right top bottom upper above below before after behind inside outside beyond last"
    " earlier later"
    # Which way does it go, and who is ahead?
    " grows? grew shrinks? shrank rises? rose falls? fell increases? decreases? widens? gains?"
    " wins? won loses? lost keeps? kept better worse best worst longer shorter longest shortest"
    " wider narrower widest narrowest deeper faster slower cheaper nearer nearest farther further"
    " finer finest coarser brighter darker stronger weaker strongest weakest highest lowest"
    " odd positive negative possible impossible"
)
# 'one' counts things, except where it only points: 'the dark one', 'one by one', 'no one'.
POINTING = "".join(rf"(?<!\b{word} )" for word in "the this that which each other any no".split())
ONE = POINTING + r"\bone\b(?! by| another| of them| after)"
# 'many' states something unless it asks or compares, and 'no' unless it is 'no one'.
MANY = r"(?<!\bhow )(?<!\bas )(?<!\bso )(?<!\btoo )\bmany\b|\bno\b(?! one\b)"
TURN = re.compile(f"{MANY}|\\b(?:{'|'.join((DIRECTIONS + ' ' + TURNS).split())})\\b", re.IGNORECASE)
TOKEN = re.compile(
    f"{NUMBER}|{ONE}|\\b(?:{'|'.join(NUMBER_WORDS.split())})\\b|{TURN.pattern}", re.IGNORECASE
)
# A citation's year and title are checked by reading, not by torch.
CITATION = re.compile(r"\[[^\]]*\]\(https?://[^)]*\)")
LINK_TARGET = re.compile(r"\]\([^)]*\)")
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
EXERCISE = re.compile(r"^\*\*(\d+)\.\*\*", re.MULTILINE)
LONGEST_LABEL = 80
MOST_ASIDES = 8
SHARE = 0.9  # of the letters of a text's statements, which tests have to hold
SHORT = 12  # letters of a statement such as "Now see:", which may stand on trust
SENTENCE_END = re.compile(r"(?<=[.?!:])[*_\"”)]*\s")
BOX = re.compile(r"[!?]{3}\+? \w+( \"[^\"]*\")?")  # how a box begins, and its title
OPINION = re.compile(r"(?:\bOpinion:|\"An opinion\b).*")  # up to the end of its block
# A sentence that begins so tells readers what to do. It states nothing, so nothing can be computed.
DIRECTS = re.compile(
    r"(?:[-*>#.[\s]|\d\. )*(?:(?:First|Then|Now|Next|And|So|Or|But),? )?"
    r"(?!(?:Remember|Trust|Know|Believe|Say|Think) that\b)(?:"
    "Add|Always say|Ask|Average it|Average the|Begin|Believe|Bring|Build|Change|Check"
    "|Choose|Clamp|Click|Compare|Compute|Convert|Copy|Count|Crop|Cut|Delete|Describe|Dilate"
    "|Divide|Do not|Draw|Drop|Enlarge|Exchange|Explain|Find|Fold|Follow|Give|Go|Guess|Halve"
    "|Hover|Imagine|Keep|Know|Leave|Let|Look|Make|Mark|Measure|Mirror|Move|Multiply|Name"
    "|Open|Pad first|Pad it|Pad the|Pad yourself|Pass|Permute|Pick|Plan|Pool it"
    "|Pool the|Pool and|Pool volumes|Predict|Press"
    "|Print|Pull|Put|Raise|Read|Recognise|Remember|Replace|Resize|Run|Save|Say|Search|See"
    "|Send|Set|Shift|Show|Sort|Start|Subtract|Swap|Take|Tell|Think|Train|Trust|Try|Turn|Use"
    "|Watch|Work out|Write"
    ")\\b",
    re.IGNORECASE,
)


def folded(text: str) -> str:
    """A text on one line, with single spaces."""
    return re.sub(r"\s+", " ", text).strip()


def read_words(block: str) -> str:
    """A block as it is read: no citation, no link's target, no exercise's number."""
    return folded(LINK_TARGET.sub("]", CITATION.sub(" ", EXERCISE.sub("", block))))


def paragraphs(markdown: str) -> list[str]:
    """The blocks of a Markdown text in reading order, without its fenced code."""
    return re.split(r"\n\s*\n", FENCE.sub("", markdown))


class Words:
    """A text and what is still unproved of it.

    name: what messages call it. blocks: its headings, paragraphs, captions, in reading order.
    """

    def __init__(self, name: str, blocks: list[str]):
        self.name = name
        self.blocks = [block for block in blocks if block.strip()]
        self.text = " ".join(map(read_words, self.blocks))
        self.open = {match.span() for match in TOKEN.finditer(self.text)}
        self.ticked: list[tuple[int, int]] = []
        self.asides = 0

    def says(self, phrase: str, truth=None) -> None:
        """The page holds this phrase, and what it states has just been computed to be true.

        Without a truth the phrase itself must be made of computed values, as an f-string.
        """
        places = self._places(phrase)
        assert truth is None or truth, f"{self.name} says {phrase!r}, which is not true"
        self._tick_off(places)

    def labels(self, *phrases: str) -> None:
        """Names, headings, what readers are told to do, and the settings of a question.

        They state nothing that could be computed. So a phrase with a word that could turn a
        statement round is refused, unless it asks, directs, is a heading or sets a question.
        """
        for phrase in phrases:
            assert len(phrase) <= LONGEST_LABEL, f"too long for a label: {phrase!r}"
            places = self._places(phrase)
            if TURN.search(phrase):
                assert self._states_nothing(phrase), f"{phrase!r} states something: prove it"
            self._tick_off(places)

    def cites(self, phrase: str, source: str) -> None:
        """What this phrase states is in a work that the same paragraph, box or caption links."""
        blocks = self._blocks_with(phrase)
        assert blocks, f"{self.name} does not say {phrase!r}"
        assert all(source in block for block in blocks), f"{phrase!r} is not beside {source}"
        self._tick_off(self._places(phrase))

    def aside(self, phrase: str, why: str) -> None:
        """A remark on this course, its readers or the world, which torch cannot prove.

        why: what kind of remark it is. A page has few of them, so that each is looked at.
        """
        assert len(why.split()) > 1, f"why is {phrase!r} not proved?"
        self.asides += 1
        assert self.asides <= MOST_ASIDES, f"{self.name} has more than {MOST_ASIDES} asides"
        self._tick_off(self._places(phrase))

    def unproved(self) -> list[str]:
        """Each place that nothing proved, with the words around it."""
        return [self.text[max(0, a - 40) : b + 20] for a, b in sorted(self.open)]

    def on_trust(self) -> tuple[float, list[str], list[str]]:
        """The share of the letters of all statements that no test holds, what they say, and the
        statements of which no test holds even half.

        Statements are sentences that neither ask, direct nor are marked as opinion.
        """
        held = bytearray(len(self.text))
        for start, stop in self.ticked:
            held[start:stop] = b"1" * (stop - start)
        letters, place, loose, left, free = 0, 0, 0, [], []
        for block in map(read_words, self.blocks):
            place = self.text.index(block, place)
            plain = without_heads(OPINION.sub("", block))
            for start, stop in statements(plain):
                inside = [place + n for n in range(start, stop) if plain[n].isalnum()]
                missing = [n for n in inside if not held[n]]
                letters, loose = letters + len(inside), loose + len(missing)
                if missing:
                    left.append(self.text[missing[0] : missing[-1] + 1])
                if len(inside) >= SHORT and 2 * len(missing) > len(inside):
                    free.append(self.text[inside[0] : inside[-1] + 1])
            place += len(block)
        return loose / max(1, letters), left, free

    def left(self) -> dict[str, list]:
        """What nothing proved, by what it is: statements only if they are more than a tenth."""
        share, loose, free = self.on_trust()
        left = {
            "words that no test computes": self.unproved(),
            "statements that no test holds": free,
        }
        if share > 1 - SHARE:
            left[f"parts of statements that no test holds, {share:.0%} of all letters"] = loose
        return left

    def complete(self) -> None:
        """Nothing is left of the text that no line of the test proved."""
        left = {what: places for what, places in self.left().items() if places}
        assert not left, f"{self.name}: {left}"

    def _tick_off(self, places: list[tuple[int, int]]) -> None:
        self.ticked += places
        for start, stop in places:
            self.open -= {(a, b) for a, b in self.open if start <= a and b <= stop}

    def _places(self, phrase: str) -> list[tuple[int, int]]:
        places = [m.span() for m in re.finditer(re.escape(folded(phrase)), self.text)]
        assert places, f"{self.name} does not say {phrase!r}"
        return places

    def _blocks_with(self, phrase: str) -> list[str]:
        return [block for block in self.blocks if folded(phrase) in read_words(block)]

    def _states_nothing(self, phrase: str) -> bool:
        """Whether each sentence that holds this phrase asks, directs, or sets a question."""
        blocks = self._blocks_with(phrase)
        return bool(blocks) and all(
            block.lstrip().startswith("#") or asks(block) or directs(sentence)
            for block in blocks
            for sentence in sentences_with(without_heads(read_words(block)), folded(phrase))
        )


def asks(block: str) -> bool:
    """Whether a block is an exercise or a question to predict, whose settings are given."""
    before_answer = block.split("??? success")[0]
    return bool(EXERCISE.match(block.lstrip()) or 'question "' in before_answer)


def without_heads(block: str) -> str:
    """A block with dots in place of the head and title of a box, as a sentence of their own."""
    return BOX.sub(lambda box: "." * len(box.group()), block)


def sentences(text: str) -> list[tuple[int, int]]:
    """Where each sentence of a block begins and ends."""
    ends = [match.end() for match in SENTENCE_END.finditer(text)] + [len(text)]
    return list(zip([0, *ends], ends, strict=False))


def sentences_with(text: str, phrase: str) -> list[str]:
    """The sentences of a block that a phrase in it touches, from their first word to their end."""
    spans = sentences(text)
    return [
        text[start:stop].strip()
        for match in re.finditer(re.escape(phrase), text)
        for start, stop in spans
        if start < match.end() and match.start() < stop
    ]


def statements(block: str) -> list[tuple[int, int]]:
    """Where the sentences of a block lie that say how something is."""
    if block.startswith("#"):
        return []
    return [(start, stop) for start, stop in sentences(block) if not directs(block[start:stop])]


def directs(sentence: str) -> bool:
    """Whether a sentence asks a question, or tells the reader what to do."""
    return sentence.rstrip('*_"”) ').endswith("?") or bool(DIRECTS.match(sentence))
