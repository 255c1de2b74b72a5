"""The words of the home page and of those to play with: explorer, calculator and gallery."""

import io
import re
import zipfile

import torch
from doc_words import each_run_is_proved, held_by, no_picture_by_hand, proves, source_of
from PIL import Image
from site_pages import COURSE
from torch import nn

from slidingwindows import funnel, receptive_field, slide
from slidingwindows.core.figures import MAX_SIDE
from slidingwindows.course.photo import photo_credit
from slidingwindows.export import credits
from slidingwindows.export.render import render
from slidingwindows.lesson import show
from slidingwindows.site import gallery
from slidingwindows.site.policy import policy
from slidingwindows.tracing.script import LIMITS, signature

X = torch.arange(16.0).reshape(1, 4, 4)
SIGNS = str.maketrans("−·", "-*")


def numbers(text: str) -> list[str]:
    return re.findall(r"-?\d+(?:\.\d+)?", text.translate(SIGNS))


@proves("docs/index.md")
def test_home(page):
    page.labels("What pooling, stride and padding really do.")
    page.says(
        "Every number and picture was computed by PyTorch when this site was built",
        each_run_is_proved() and no_picture_by_hand(),
    )
    sizes = {
        (k, s, p): nn.MaxPool2d(k, s, p)(torch.rand(1, 12, 12)).shape[-1]
        for k, s, p in ((2, 1, 0), (3, 1, 0), (2, 2, 0), (2, 1, 1))
    }
    kept = [
        set(nn.MaxPool1d(k, s, p)(torch.tensor([[3.0, 1, 4, 2]]))[0].tolist())
        for k, s, p in ((2, 2, 0), (3, 3, 0), (2, 3, 0), (2, 2, 1))
    ]
    page.says(
        "Pooling, stride and padding decide how big every feature map in a network is, and what "
        "survives in it",
        len(set(sizes.values())) == 4 and kept == [{3, 4}, {4}, {3}, {3, 4, 2}],
    )
    trace = slide(nn.MaxPool2d(2), X)
    steps = [re.sub(r".* = ", "", step.arithmetic) for step in trace.steps]
    page.says(
        "Here you watch them work, one window at a time, on real tensors",
        [*map(float, steps)] == nn.MaxPool2d(2)(X).flatten().tolist()
        and "<!-- figure max-pool-2x2 -->" in source_of("docs/index.md")
        and '"max-pool-2x2"' in source_of("lessons/max-pooling.py"),
    )
    page.says(
        "Every number and every picture on this site came out of PyTorch when the site was built. "
        "A test proves it",
        each_run_is_proved() and no_picture_by_hand(),
    )
    settings = source_of("assets/ui/explorer/settings.js")
    offered = re.findall(r'"(\w+[12]d)"', settings.partition("export const PAIRS")[0])
    page.says(
        "of pools and convolutions, on numbers that you type, paste or draw",
        {"MaxPool2d", "AvgPool2d", "LPPool2d", "AdaptiveMaxPool2d", "Conv2d"} < {*offered}
        and held_by("browser/test_explorer.py", "test_typing_and_drawing")
        and held_by("browser/test_explorer.py", "test_a_pasted_grid_is_read"),
    )
    page.labels("Change the settings yourself in [the explorer]")
    page.labels("Stack layers in [the network calculator]")
    page.says(
        "Both say what torch says, including its error messages",
        under_node("2400 random calls answer as torch", "one.said", "one.output")
        and held_by("browser/test_network.py", "test_random_networks_equal_funnel_and_torch"),
    )
    lessons = [source_of(f"lessons/{name}.py") for name in COURSE]
    asked = [text.partition('question "Predict') for text in lessons]
    run = [
        re.search(r"\n# %%\n(?:(?!\n# %%).)*\b(?:nn|F|torch)\.", rest, re.S) for *_, rest in asked
    ]
    page.says("**Predict, then run, then see.**", len(lessons) > 20 and all(a[1] for a in asked))
    page.says("You first guess what the layer will do", all(a[1] for a in asked))
    page.says("Then you run the exact torch call", all(run))
    seen = [re.search(r"\bshow\(", text) or re.search(r"\bprint\(", text) for text in lessons]
    page.says(
        "Then you watch the window move, or read what torch printed, and check your guess",
        all(seen)
        and sum(found[0] == "show(" for found in seen) > len(COURSE) / 2
        and all("??? success" in rest for *_, rest in asked),
    )
    nav = source_of("mkdocs.yml")
    page.says(
        "Each lesson is a notebook", all(f"- lessons/{name}.ipynb\n" in nav for name in COURSE)
    )
    page.labels("Read it here, or download it, as a notebook or as a plain script")
    made = render(show(trace, "pool", "").data)
    shown = {
        str(int(value)) for value in [*X.flatten().tolist(), *nn.MaxPool2d(2)(X).flatten().tolist()]
    }
    page.says(
        "If you cannot see a figure, or would rather read it, open *Every step in words* below it. "
        "The words hold every number the figure shows",
        shown <= {*numbers(" ".join([made.alt, *made.transcript]))}
        and "<summary>Every step in words</summary>"
        in source_of("scripts/slidingwindows/site/embed.py")
        and held_by("words/test_description.py", "test_transcript_is_enough_to_redraw_the_figure"),
    )


ONE_OR_MORE = [(1, 1, 1), (2, 1, 1), (1, 2, 1), (2, 2, 2)]  # channels in and out, groups


def taken_with(into: int, out: int, groups: int) -> bool:
    """Whether the explorer's script takes a convolution with so many channels, by its own rule."""
    settings = source_of("assets/ui/explorer/settings.js")
    [rule] = re.findall(r"const alone = ([^;]+);", settings)
    args = {"in_channels": into, "out_channels": out, "groups": groups}
    tests = [re.fullmatch(r"args\.(\w+) === (\d+)", one) for one in rule.split(" && ")]
    return all(args[test[1]] == int(test[2]) for test in tests)


@proves("docs/explorer.md")
def test_explorer(page):
    settings = source_of("assets/ui/explorer/settings.js")
    controls = {*re.findall(r'"(\w+)"', settings.partition("export const PAIRS")[2].split(";")[0])}
    controls |= {*re.findall(r'"(\w+)"', settings.partition("export const FLAGS")[2].split(";")[0])}
    controls |= {"padding_mode", "norm_type", "divisor_override"}
    offered = re.findall(r'"(\w+[12]d)"', settings.partition("export const PAIRS")[0])
    taken = {one[0] for name in offered for one in signature(name)["parameters"]}
    # A window has one channel here, and indices are no figure.
    hidden = {"in_channels", "out_channels", "groups", "return_indices", "device", "dtype"}
    facts = held_by(
        "browser/test_explorer.py", "test_facts", "multiply-accumulates", "receptive field", "⌋ + 1"
    )
    page.says(
        "Change every setting of a pool or a convolution and see each window, its arithmetic, the "
        "output size, the gradient and torch's own refusals",
        taken - hidden == controls
        and facts
        and held_by("browser/test_explorer.py", "test_the_gradient_is_autograds")
        and held_by(
            "browser/test_explorer.py", "test_torchs_refusal_is_shown_explained_and_mended"
        ),
    )
    page.labels("Change any setting, or paste a line of torch")
    pointing = held_by(
        "browser/test_explorer.py", "test_pointing_at_a_cell", "arithmetic", "is read by"
    )
    page.says(
        "You see each window, what it reads and what it makes of it. Hover an output to see its "
        "window, or an input to see which windows read it",
        pointing,
    )
    linked = re.findall(r'href="\.\./lessons/([\w-]+)/">([^<]+)<', source_of("docs/explorer.md"))
    page.says(
        "The explorer needs JavaScript, which is off. Without it you can read how windows slide: "
        "max pooling, output size, padding and dilation",
        ["-".join(words.split()) for _, words in linked] == [name for name, _ in linked]
        and len(linked) == 4
        and all(name in COURSE for name, _ in linked)
        and held_by("browser/test_explorer.py", "test_without_script_a_text_says_what_is_missing"),
    )
    page.says(
        "The address holds everything you see, so a link takes someone else to the same place",
        'NAMES = ["call", "input", "weights", "bias", "at", "gradient"]'
        in source_of("assets/ui/explorer/link.js")
        and held_by("browser/test_explorer.py", "test_a_link_brings_all_of_it"),
    )
    source, calls = (source_of(f"assets/{f}") for f in ("ui/explorer/source.js", "torch/calls.js"))
    page.says(
        f"An input has at most {MAX_SIDE} rows and columns here, and one channel",
        LIMITS["side"] == MAX_SIDE
        and "LARGEST_SIDE = LIMITS.side" in source
        and [taken_with(*some) for some in ONE_OR_MORE] == [True, False, False, False]
        and "if (!hasWeights(operation) || alone) return call;\n  throw new" in settings,
    )
    [most] = re.findall(r"^const MOST_SIDE = (\d+);", calls, re.MULTILINE)
    page.says(
        f"With padding it may reach {most}, and so may the output",
        "Math.max(...sizes, ...shape)" in calls
        and "largest <= MOST_SIDE" in calls
        and held_by(
            "browser/test_explorer.py", "test_the_largest_sizes_are_those_that_the_page_states"
        ),
    )
    page.says(
        "For many layers there is the [network calculator], and for pictures to keep `python -m "
        "slidingwindows draw`",
        "One layer at a time" in calls
        and "The network calculator stacks layers." in calls
        and held_by("cli/test_cli_files.py", "test_a_file_is_the_same_on_every_run"),
    )
    scripts = [calls, source_of("assets/engine/operations.js"), source_of("assets/explorer.js")]
    page.says(
        "The numbers are computed in your browser",
        not any(re.search(r"\bfetch\(|XMLHttpRequest|WebSocket", one) for one in scripts)
        and "connect-src 'self'" in policy(set()),
    )
    [count] = re.findall(r"range\((\d{4,})\)", source_of("tests/shared/asked_of_torch.py"))
    page.says(
        "A test compares them with torch on thousands of random settings, including those that "
        "torch refuses",
        int(count) >= 2000
        and held_by("shared/asked_of_torch.py", "random_calls", "said(answer)")
        and under_node(f"{count} random calls answer as torch", "refused > 300"),
    )
    credited(page)


def under_node(name: str, *holds: str) -> bool:
    """Whether a test of the script has this name, and these pieces of code are in it."""
    source = source_of("tests/script/windows.test.js")
    found = re.search(rf'^test\("{name}", .*?(?=^}})', source, re.M | re.S)
    return bool(found) and all(piece in found[0] for piece in holds)


def credited(page):
    """The photo's credit, as the build writes it below every picture of the photo."""
    page.says(photo_credit("").replace("(reference/notices.md#portrait-of-grace-hopper)", ""))


@proves("docs/network.md")
def test_network(page):
    stages = funnel(nn.Sequential(nn.Conv2d(3, 8, 3), nn.MaxPool2d(2)), torch.zeros(3, 9, 9)).stages
    columns = '"output", "parameters", "MACs", "receptive field", "jump"'
    page.says(
        "Stack layers or paste an nn.Sequential, and see each layer's shape, parameters, "
        "multiply-accumulates and receptive field, with the funnel to scale",
        columns in source_of("assets/ui/calculator.js")
        and held_by("browser/test_network.py", "test_a_pasted_network_by_pointer")
        and held_by("browser/test_network.py", "test_the_funnel_is_to_scale_and_said_in_words"),
    )
    page.labels("Stack layers, or paste an `nn.Sequential`")
    page.says(
        "For each layer you see its output shape, its cost and its receptive field",
        (stages[1].parameters, stages[1].macs) == (3 * 8 * 9 + 8, 3 * 8 * 9 * 49)
        and columns in source_of("assets/ui/calculator.js"),
    )
    page.says(
        "If one cannot fit, torch's own message says why",
        held_by(
            "browser/test_network.py",
            "test_random_networks_equal_funnel_and_torch",
            "said == words",
        ),
    )
    linked = re.findall(r'href="\.\./lessons/([\w-]+)/">([^<]+)<', source_of("docs/network.md"))
    page.says(
        "The calculator needs JavaScript, which is off. Without it you can read how such a stack "
        "is worked out: a typical setup, the CNN funnel and output size",
        ["-".join(words.lower().split()) for _, words in linked] == [name for name, _ in linked]
        and len(linked) == 3
        and all(name in COURSE for name, _ in linked)
        and held_by("browser/test_network.py", "test_without_script_a_text_says_what_is_missing"),
    )
    layers = nn.Sequential(nn.AvgPool1d(3, 2), nn.AvgPool1d(2, 1))
    eye = layers(torch.eye(12)[:, None])[:, 0].T  # rows are outputs, columns what they read
    first, second = (row.nonzero().flatten().tolist() for row in eye[:2])
    field = receptive_field(layers, (1, 12), samples=1).layers[-1].reaches[0]
    page.says(
        "The *receptive field* is how many input elements one number depends on, along each axis",
        field.size == len(first),
    )
    page.says(
        "*Jump* is the distance between the views of two neighbours",
        field.jump == second[0] - first[0],
    )
    drawn = source_of("assets/ui/funnel.js")
    page.says(
        "In the picture, heights and widths share one scale, and depth shows the channels on "
        "another",
        "w: shape[2] * scale, h: shape[1] * scale, d: deep(shape)" in drawn
        and "(shape[0] / deepest) * Math.min(DEEPEST" in drawn,
    )
    lessons = [source_of(f"lessons/{name}.py") for name in ("the-cnn-funnel", "dilation")]
    page.says(
        "[The CNN funnel] and [dilation] explain more",
        "funnel(" in lessons[0] and "receptive field" in lessons[1],
    )


@proves("docs/gallery.md")
def test_gallery(page):
    made = source_of("scripts/slidingwindows/site/gallery.py")
    every = held_by(
        "browser/test_gallery.py",
        "test_every_figure_has_one_card_with_all_it_needs",
        "sorted(names) == sorted(figures())",
        '"light.gif", "dark.gif", "light.strip.png", "dark.strip.png", "frames.zip"',
        '["light.png", "dark.png"]',
    )
    page.says(
        "Every figure of this site with its caption, the code that makes it where a few lines can, "
        "and downloads for light and dark backgrounds",
        every
        and "inline(metadata['caption'])" in made
        and 'if metadata["recipe"]:' in made
        and held_by("browser/test_gallery.py", "test_the_code_of_every_card_makes_its_figure")
        and held_by("browser/test_gallery.py", "test_only_what_no_code_can_make_alone_has_none"),
    )
    page.says("Every figure on this site", every)
    page.labels("Take what you need for your slides")
    page.says("choose *light* or *dark* to fit your background", every)
    trace = slide(nn.MaxPool2d(2), X)
    files = render(show(trace, "pool", "A caption.").data).files
    gif = Image.open(io.BytesIO(files["pool.light.gif"]))
    page.says("**GIF** moves by itself", gif.n_frames > 4 and gif.info["loop"] == 0)
    strip = Image.open(io.BytesIO(files["pool.light.strip.png"]))
    zipped = zipfile.ZipFile(io.BytesIO(files["pool.frames.zip"]))
    frames = [Image.open(zipped.open(n)) for n in zipped.namelist() if n.endswith(".png")]
    page.says(
        "**Strip** is one still picture with the windows side by side, for paper",
        getattr(strip, "n_frames", 1) == 1
        and strip.width > strip.height
        and strip.width > gif.width
        and held_by("cli/test_cli_files.py", "test_a_filmstrip_numbers_its_windows"),
    )
    clear = [frame.convert("RGBA").getpixel((0, 0))[3] == 0 for frame in frames]
    page.says(
        "**Frames** is a zip with one PNG for each window and no background, for slides that you "
        "click through",
        len(frames) == len(trace.steps) * 2 and all(clear),
    )
    page.says("**PNG** is all there is of a figure that does not move", every)
    page.says(
        "Figures are under",
        f"Figures are under [{credits.LICENCE}]({credits.TERMS})." in source_of("docs/gallery.md"),
    )
    style = source_of("assets/site.css")
    card = made.partition("def _card")[2].partition("def _poster")[0]
    page.says(
        "The last line of each card is credit enough: one click selects all of it",
        re.search(r"\.sw-cite \{[^}]*user-select: all;", style)
        and card.rstrip().endswith('return family(metadata["operation"]), "".join(parts)')
        and 'parts.append(f"{_cite(name, metadata, lesson, *source)}</article>")' in card
        and gallery._cite.__doc__.startswith("A line that credits the figure"),
    )
    page.says(
        "The files say the same in their metadata",
        all(
            credits.LICENCE.encode() in content and credits.AUTHOR.encode() in content
            for name, content in files.items()
            if name.endswith((".gif", ".png"))
        ),
    )
    makefile = source_of("Makefile")
    page.says(
        "To draw a window of your own, you need the project's repository and a shell",
        "commands" in source_of("tests/project/test_fences.py"),
    )
    page.says(
        "There, `make serve` sets up everything and serves this course until you press Ctrl+C",
        "serve: $(READY)" in makefile
        and "mkdocs serve" in makefile.partition("serve: $(READY)")[2].split("\n")[1]
        and "send_signal(signal.SIGINT)" in source_of("tests/site/test_serve.py"),
    )
    page.says(
        "From then on one line is enough",
        held_by("project/test_readme.py", "test_commands_work_for_a_newcomer")
        and held_by("project/test_fences.py", "test_a_command_in_a_shell"),
    )
    credited(page)
