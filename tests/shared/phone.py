"""Whether what a lesson prints can be read on a phone without scrolling sideways."""

CHARACTERS = 42  # a line of output on a screen of 390 pixels


def too_wide(page) -> list[str]:
    """The lines of a lesson's outputs that a phone cuts off; checks only show in the notebook."""
    cells = zip(page.run.lesson.code, page.run.outputs, strict=True)
    texts = [text for cell, outputs in cells for text in outputs if "exercise" not in cell.tags]
    lines = [line for text in texts for line in text.split("\n")]
    return [line for line in lines if len(line) > CHARACTERS and not line.startswith("figure ")]
