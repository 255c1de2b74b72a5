"""Equivalent mutants, which no test can notice because nothing visible changes, with reasons.

A mutant is identified by its module, its line's text and its change, so that an entry lapses as
soon as the line is edited. Equivalent mutants are left out of the scores.
"""

from __future__ import annotations

# Functions that are only called to make the result of another one of their module, with its name.
# A mutant of one of them after which that result is the same is equivalent: here, other numbers
# that torch refuses in the same words.
BY_RESULT: dict[str, str] = {
    f"tracing/refusals:{table}": "refusals"
    for table in "_convolutions _pools _pools.<locals>.pairs _signals _adaptive _others".split()
}

_PAST_THE_END = "nothing reads the state past its 624 numbers"
_DIGITS = "a number half-way between two has fewer digits"
_A_PIXEL = "one pixel more or less of room, which nobody sees and nothing runs into"
_ANY_SEED = "whatever is drawn decides nothing, so any seed does"
_SAVES_ASKING = "what is asked for nothing, or once more, has the same answer"
_QUICKER = "a quick way to what the lines below give, too"
_ENOUGH = "hundreds of digits more than the largest and the smallest number take together"
_NEVER_0 = "a power of 0 is refused before"
_COUNTED_AGAIN = "a run of the layer with counting hooks comes to the same number, only later"
_LINUX = "these tests run on Linux, where that is so"
_PRIVATE = "any sign would do that the text does not hold"
_FOR_TYPES = "a name that is only shown by type checkers"

EQUIVALENT: dict[tuple[str, str, str], str] = {
    (
        "figure",
        "const HEADER = 130; // pixels above a figure that a reader has scrolled to",
        "130 → 131",
    ): _A_PIXEL,
    (
        "reading",
        "if picture.has_transparency_data:",
        "if picture.has_transparency_data: picture = picture.convert( … a_composite(white, "
        "picture) → if True: picture = picture.convert('RGBA') white = Image.new … a_composite("
        "white, picture)",
    ): "what nothing shows through covers the white",
    (
        "request",
        "return False",
        "return False → return None",
    ): "asked for its truth alone",
    (
        "request",
        "if dtype:",
        "if dtype: by_name = _named_cast(module, dtype) candidate = g … me else candidate.to(dtype)"
        " → if True: by_name = _named_cast(module, dtype) candidate = ge … me else "
        "candidate.to(dtype)",
    ): "to(None) leaves a module as it is",
    (
        "layers",
        "if is_a(layer, COUNTED):",
        "if is_a(layer, COUNTED): return _formula(layer, before, after) → "
        "if False: return _formula(layer, before, after)",
    ): _COUNTED_AGAIN,
    (
        "layers",
        'if not parts and type(layer).__module__.startswith("torch."):',
        "if not parts and type(layer).__module__.startswith('torch.'): return 0 → "
        "if False: return 0",
    ): _COUNTED_AGAIN,
    (
        "branching",
        "os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)",
        "0 → -1",
    ): "of all children, whatever number is given",
    ("errors", 'T = TypeVar("T")', "'T' → ''"): _FOR_TYPES,
    (
        "plain",
        "if type(value) in AS_THEY_ARE:",
        "if type(value) in AS_THEY_ARE: return value → if False: return value",
    ): _QUICKER,
    (
        "plain",
        "if ATOMS.issuperset(map(type, value)):  # nearly all of them, without a call for each "
        "item",
        "if ATOMS.issuperset(map(type, value)): return [v if type(v)  … else str(v) for v in "
        "value] → if False: return [v if type(v) is not float or math.isfinite … else str(v) for "
        "v in value]",
    ): _QUICKER,
    (
        "plain",
        "if NUMBERS.issuperset(map(type, value)):",
        "if NUMBERS.issuperset(map(type, value)): return tuple(value) → "
        "if False: return tuple(value)",
    ): _QUICKER,
    (
        "plain",
        "if hint is float and set(map(type, items)) == {float}:  # nearly all, without a call for "
        "each",
        "if hint is float and set(map(type, items)) == {float}: return True → "
        "if False: return True",
    ): _QUICKER,
    (
        "arithmetic",
        "return (total + 2**63) % 2**64 - 2**63",
        "total + 2 ** 63 → total - 2 ** 63",
    ): "the two are the same number modulo 2**64",
    (
        "arithmetic",
        "EXACT = Context(prec=2000)  # digits enough for any sum or product of what is printed",
        "2000 → 2001",
    ): _ENOUGH,
    (
        "arithmetic",
        "EXACT = Context(prec=2000)  # digits enough for any sum or product of what is printed",
        "2000 → 1999",
    ): _ENOUGH,
    ("arithmetic", "inverse = norm < 0", "norm < 0 → norm <= 0"): _NEVER_0,
    (
        "reduction",
        "if past and not (math.isfinite(torch_says) and (torch_says or self.exponent > 0)):",
        "self.exponent > 0 → self.exponent >= 0",
    ): _NEVER_0,
    (
        "reduction",
        "if exponent < 0 and total - slack <= 0 <= total + slack:",
        "exponent < 0 → exponent <= 0",
    ): _NEVER_0,
    (
        "reduction",
        "if not sum(self._terms(step)) and self.exponent > 0:",
        "self.exponent > 0 → self.exponent >= 0",
    ): _NEVER_0,
    ("sight", "return False", "return False → return None (place 1)"): "any() is asked",
    ("sight", "return False", "return False → return None (place 2)"): "any() is asked",
    (
        "route",
        "received = volume[trace.slices[plane] // trace.depth_stretch if trace.slices else 0]",
        "0 → -1",
    ): "an image has one slice alone",
    (
        "receptive_field",
        "ordered = total.flatten().sort(descending=True).values.cumsum(0)",
        "0 → -1",
    ): "there is one axis alone",
    (
        "terminal",
        "if not SEQUENCE.search(text):",
        "if not SEQUENCE.search(text): return text → if False: return text",
    ): "an early exit: without a sequence all of the text is left",
    (
        "terminal",
        "self._to(count - 1, max(1, (numbers + [1])[1]) - 1)",
        "1 → 0 (place 3)",
    ): "a column that is not given, or is 0, is the first",
    (
        "mathml",
        'if "$" not in markdown and "\\\\" not in markdown:',
        "if '$' not in markdown and '\\\\' not in markdown: return markdown → "
        "if False: return markdown",
    ): "an early exit: there is no formula",
    (
        "mathml",
        'if "$" not in markdown and "\\\\" not in markdown:',
        "'$' → ''",
    ): "an early exit: there is no formula",
    (
        "mathml",
        'if "$" not in markdown and "\\\\" not in markdown:',
        "'\\\\' → ''",
    ): "an early exit: there is no formula",
    (
        "mathml",
        'if not len(row) or row[0].get("stretchy") != "true":',
        "0 → -1",
    ): "brackets that stretch come in pairs",
    (
        "limits",
        "ALLOW, REFUSE, MISSING = 0x7FFF0000, 0x0005000D, 0x00050026  # errors EACCES, ENOSYS",
        "2147418112 → 2147418113",
    ): "the kernel looks at the upper half of it",
    (
        "limits",
        'if sys.platform.startswith("linux"):',
        "'linux' → ''",
    ): _LINUX,
    (
        "limits",
        'if sys.platform.startswith("linux"):',
        "if sys.platform.startswith('linux'): wanted[resource.RLIMIT_ … "
        "reads_of_user() + PROCESSES → if True: wanted[resource.RLIMIT_NPROC] = "
        "threads_of_user() + PROCESSES",
    ): _LINUX,
    (
        "limits",
        "with contextlib.suppress(OSError, ValueError):",
        "contextlib.suppress(OSError, ValueError) → contextlib.suppress(OSError)",
    ): _LINUX,
    (
        "snapshots",
        "CELLS = 60  # processes of one lesson",
        "60 → 59",
    ): "how many cells can be gone back to, which costs memory and saves time",
    (
        "snapshots",
        "CELLS = 60  # processes of one lesson",
        "60 → 61",
    ): "how many cells can be gone back to, which costs memory and saves time",
    (
        "looks",
        "shades = [_colour(artist.get_cmap()(part)) for part in (0.0, 0.25, 0.5, 0.75, 1.0)]",
        "0.0 → -1.0",
    ): "below its first colour a map has none",
    (
        "looks",
        "shades = [_colour(artist.get_cmap()(part)) for part in (0.0, 0.25, 0.5, 0.75, 1.0)]",
        "1.0 → 2.0",
    ): "beyond its last colour a map has none",
    (
        "page",
        "for begin, _ in self._places(caption) if caption else []:",
        "self._places(caption) if caption else [] → self._places(caption) if True else []",
    ): "no caption claims nothing",
    (
        "words",
        "if share > 1 - SHARE:",
        "share > 1 - SHARE → share >= 1 - SHARE",
    ): "no share of whole letters is that number, which is a little less than a tenth",
    (
        "words",
        "if start < match.end() and match.start() < stop",
        "start < match.end() → start <= match.end()",
    ): "a phrase does not end with the blanks before the next sentence",
    (
        "outputs",
        "free = (chr(sign) for sign in range(0xE000, 0xF900))  # private: Unicode gives them no "
        "meaning",
        "57344 → 57343",
    ): _PRIVATE,
    (
        "outputs",
        "free = (chr(sign) for sign in range(0xE000, 0xF900))  # private: Unicode gives them no "
        "meaning",
        "57344 → 57345",
    ): _PRIVATE,
    (
        "outputs",
        "free = (chr(sign) for sign in range(0xE000, 0xF900))  # private: Unicode gives them no "
        "meaning",
        "63744 → 63743",
    ): _PRIVATE,
    (
        "outputs",
        "free = (chr(sign) for sign in range(0xE000, 0xF900))  # private: Unicode gives them no "
        "meaning",
        "63744 → 63745",
    ): _PRIVATE,
    (
        "outputs",
        "free = (chr(sign) for sign in range(0xE000, 0xF900))  # private: Unicode gives them no "
        "meaning",
        "range(57344, 63744) → range(57344)",
    ): _PRIVATE,
    (
        "project",
        "done = subprocess.run(command, capture_output=True, text=True, timeout=20)",
        "20 → 19",
    ): "git answers at once, or hangs",
    (
        "project",
        "done = subprocess.run(command, capture_output=True, text=True, timeout=20)",
        "20 → 21",
    ): "git answers at once, or hangs",
    (
        "sight",
        "makers += [n for n in maker.all_input_nodes if n not in makers]",
        "for n in maker.all_input_nodes if n not in makers → for n in maker.all_input_nodes",
    ): "a maker that is listed twice is only asked twice",
    ("confirming", "torch.manual_seed(0)", "0 → 1 (place 1)"): _ANY_SEED,
    ("confirming", "torch.manual_seed(0)", "0 → -1 (place 1)"): _ANY_SEED,
    ("confirming", "torch.manual_seed(0)", "0 → 1 (place 2)"): _ANY_SEED,
    ("confirming", "torch.manual_seed(0)", "0 → -1 (place 2)"): _ANY_SEED,
    (
        "confirming",
        "if not claimed:",
        "if not claimed: return set() → if False: return set()",
    ): _SAVES_ASKING,
    (
        "confirming",
        "if not all_of:",
        "if not all_of: return set() → if False: return set()",
    ): _SAVES_ASKING,
    (
        "confirming",
        "return bool(_reached(network, layers, batch, number, False).any())",
        "False → True",
    ): _SAVES_ASKING,
    (
        "confirming",
        "after = _last(alive, sorted(n for n in any_of if n > last))",
        "for n in any_of if n > last → for n in any_of",
    ): _SAVES_ASKING,
    (
        "confirming",
        "after = _last(alive, sorted(n for n in any_of if n > last))",
        "n > last → n >= last",
    ): _SAVES_ASKING,
    (
        "confirming",
        "if numbers and holds(numbers[-1]):  # so it is nearly always",
        "if numbers and holds(numbers[-1]): return numbers[-1] → if False: return numbers[-1]",
    ): _SAVES_ASKING,
    (
        "request",
        "candidate = getattr(candidate, by_name)() if by_name else candidate.to(dtype)",
        "getattr(candidate, by_name)() if by_name else candidate.to(dtype) → "
        "getattr(candidate, by_name)() if False else candidate.to(dtype)",
    ): "a module's own double() and to(torch.float64) make the same",
    (
        "trace",
        'amount = f"stride {strides[0]}" if len(strides) == 1 else "the strides"',
        "0 → -1",
    ): "there is only one",
    (
        "convolution",
        "if output_size is None:",
        "if output_size is None: return module → if False: return module",
    ): "for None torch gives the output_padding that the module has",
    (
        "convolution",
        "if not any(pads):",
        "if not any(pads): return maps → if False: return maps",
    ): "padding by nothing changes nothing",
    (
        "layers",
        'Image.fromarray(whole).save(buffer, "PNG", compress_level=3)',
        "Image.fromarray(whole).save(buffer, 'PNG', compress_level=3) → "
        "Image.fromarray(whole).save(buffer, 'PNG')",
    ): "the same pixels, packed more slowly",
    (
        "folders",
        'aside, old = (folder.with_name(f".{folder.name}.{end}") for end in ("new", "old"))',
        "'new' → ''",
    ): "a name that nobody sees",
    (
        "policy",
        '(site / "_headers").write_text("/*\\n" + "".join(f"  {line}\\n" for line in headers), '
        '"utf-8")',
        "(site / '_headers').write_text('/*\\n' + ''.join((f' {line}\\n … line in headers)), "
        "'utf-8') → (site / '_headers').write_text('/*\\n' + "
        "''.join((f' {line}\\n' for line in headers)))",
    ): "where these tests run, text is UTF-8 anyway",
    (
        "layers",
        '"line": (200, 190, 210),',
        "190 → 191",
    ): "any light colour that no other role has would do",
    (
        "recipe",
        "for digits in range(1, 10):",
        "1 → 0",
    ): "Python writes as many digits for none as for one",
    (
        "funnel",
        "const total = (boxes) => boxes.reduce((sum, box) => sum + box.outer, 0);",
        "0 → 1",
    ): _A_PIXEL,
    (
        "funnel",
        "if (total(place(smaller)) <= width) return place(smaller);",
        "<= → <",
    ): _A_PIXEL,
    (
        "recipe",
        "for digits in range(1, 10):",
        "10 → 11",
    ): "nine digits tell every number of float32 from the others",
    ("grid", "RULER = 20  # room for the rulers of uneven windows", "20 → 19"): _A_PIXEL,
    ("grid", "RULER = 20  # room for the rulers of uneven windows", "20 → 21"): _A_PIXEL,
    (
        "scene",
        'painter.text(x, y + px(12), sign, px(34), "muted", "middle")',
        "12 → 11",
    ): _A_PIXEL,
    (
        "scene",
        'painter.text(x, y + px(12), sign, px(34), "muted", "middle")',
        "12 → 13",
    ): _A_PIXEL,
    (
        "canvas",
        "if right <= left or bottom <= top:",
        "right <= left or bottom <= top → right <= left and bottom <= top",
    ): "hatching an empty box changes no pixel, whichever side is empty",
    (
        "bodies",
        "path.unlink(missing_ok=True)",
        "True → False",
    ): "only another build could have removed it a moment before, and it waits",
    (
        "bodies",
        "path.unlink(missing_ok=True)",
        "path.unlink(missing_ok=True) → path.unlink()",
    ): "only another build could have removed it a moment before, and it waits",
    (
        "hooks",
        "importlib.invalidate_caches()",
        "importlib.invalidate_caches() → pass",
    ): "needed only if a file is new within the same tick of the disk's clock",
    ("random", "const state = new Uint32Array(624);", "624 → 625"): _PAST_THE_END,
    ("random", "for (let i = 1; i < 624; i += 1) {", "624 → 625"): _PAST_THE_END,
    ("random", "for (let i = 1; i < 624; i += 1) {", "< → <="): _PAST_THE_END,
    ("random", "for (let i = 0; i < 624; i += 1) {", "624 → 625"): _PAST_THE_END,
    ("random", "for (let i = 0; i < 624; i += 1) {", "< → <="): _PAST_THE_END,
    (
        "numbers",
        r'text = even(magnitude.toFixed(3), magnitude.toFixed(60)).replace(/\.?0+$/, "");',
        "60 → 61",
    ): _DIGITS,
    (
        "numbers",
        "text = even(magnitude.toExponential(2), magnitude.toExponential(60));",
        "60 → 61",
    ): _DIGITS,
    (
        "arithmetic",
        "return Math.abs(root - mine) <= 1e-12 * Math.abs(mine);",
        "12 → 13",
    ): "powers are exact to the fifteenth digit",
    ("blocks", "return False", "return False → return None (place 1)"): "an if asks it",
    ("blocks", "return False", "return False → return None (place 2)"): "any() asks it",
    (
        "blocks",
        'above = lines[at - 1].strip() if at else ""',
        "lines[at - 1].strip() if at else '' → lines[at - 1].strip() if True else '' (place 2)",
    ): "with the first line the search is over, whatever is said of it",
    (
        "exercises",
        "allowed = min(RELATIVE * size, LARGEST) if size >= 1 "
        "else min(THIRD_DIGIT * size, RELATIVE)",
        "size >= 1 → size > 1",
    ): "1 is whole, and decided above",
    (
        "exercises",
        "short = flat and len(given) > 1 and _kind(_exact(given), 2) == _kind(_exact(true), 2)",
        "2 → 3 (place 1)",
    ): "any number of things is a plural",
    (
        "exercises",
        "short = flat and len(given) > 1 and _kind(_exact(given), 2) == _kind(_exact(true), 2)",
        "2 → 3 (place 2)",
    ): "any number of things is a plural",
    ("commonmark", "return False", "return False → return None"): "an elif asks it",
    ("commonmark", "starts, width = [0], 0", "0 → -1 (place 2)"): "the first item gives the width",
    ("commonmark", "starts, width = [0], 0", "0 → 1 (place 2)"): "the first item gives the width",
    (
        "commonmark",
        "return line[width if ITEM.match(line) and indent < width else min(width, indent) :]",
        "indent < width → indent <= width",
    ): "either gives the width if both are the same",
    (
        "formats",
        "if not found:",
        "if not found: return [] → if False: return []",
    ): "what follows fails of it, and gives the same",
    ("arguments", 'T = TypeVar("T")', "'T' → ''"): _FOR_TYPES,
    (
        "arguments",
        'return None if isinstance(value, bool) else operator.index(cast("SupportsIndex", value))',
        "'SupportsIndex' → ''",
    ): _FOR_TYPES,
    (
        "arguments",
        'items = tuple(whole(item) for item in cast("Iterable[object]", value))',
        "'Iterable[object]' → ''",
    ): _FOR_TYPES,
    ("arguments", 'items = cast("Iterable[object]", value)', "'Iterable[object]' → ''"): _FOR_TYPES,
    (
        "arguments",
        'return cast("T", tuple(whole_or_same(item) for item in items))',
        "'T' → ''",
    ): _FOR_TYPES,
    ("arguments", 'return value if number is None else cast("T", number)', "'T' → ''"): _FOR_TYPES,
    (
        "moving-pictures",
        'const image = pictures[0].querySelector("img");',
        "0 → 1",
    ): "both themes' pictures are as large",
}
