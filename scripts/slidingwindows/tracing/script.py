"""What the site's script must know of torch and of this package's limits: written by each build.

``python -m slidingwindows.tracing.script NAMES`` prints it as a module of JavaScript.
"""

from __future__ import annotations

import inspect
import json
import sys

from torch import nn

from ..core.figures import MAX_SIDE
from ..core.geometry import PADDING_MODES
from .parsing import LARGEST
from .refusals import refusals
from .sight import MOST_READS


def signature(name: str) -> dict:
    """What nn.NAME() takes, by inspection.

    Returns {"parameters": [[name] or [name, default], ...], "positional": how many of them may
    come without a name, "owner": whose __init__ Python names when it complains}.
    """
    init = getattr(nn, name).__init__
    own = list(inspect.signature(init).parameters.values())[1:]
    own = [one for one in own if one.kind not in (one.VAR_POSITIONAL, one.VAR_KEYWORD)]
    return {
        "parameters": [
            [one.name] if one.default is one.empty else [one.name, one.default] for one in own
        ],
        "positional": sum(one.kind is not one.KEYWORD_ONLY for one in own),
        # A layer without arguments has nn.Module's, which complains in the layer's own name.
        "owner": name if init is nn.Module.__init__ else init.__qualname__.partition(".")[0],
    }


# In calls: the largest number. Of an input: the largest side that is drawn. Of a layer along one
# axis: the most elements that its windows may read for anything to be said about what they see.
LIMITS = {"number": LARGEST, "side": MAX_SIDE, "reads": MOST_READS}
# The types of all parts, for TypeScript's checks of the script.
TYPES = {
    "PADDING_MODES": "string[]",
    "LIMITS": "{ number: number, side: number, reads: number }",
    "SIGNATURES": "Record<string, { parameters: any[][], positional: number, owner: string }>",
    "REFUSALS": "Record<string, string>",
}


def script(names: list[str]) -> str:
    """The module: SIGNATURES of these layers by name, REFUSALS by what is refused, and the rest."""
    parts = {
        "PADDING_MODES": PADDING_MODES,
        "LIMITS": LIMITS,
        "SIGNATURES": {name: signature(name) for name in names},
        "REFUSALS": refusals(),
    }
    lines = ["// Written by the build from slidingwindows.tracing.script, which asks torch.\n"]
    for name, part in parts.items():
        lines.append(f"/** @type {{{TYPES[name]}}} */")
        lines.append(f"export const {name} = {json.dumps(part, indent=1)};\n")
    return "\n".join(lines)


if __name__ == "__main__":
    print(script(sys.argv[1:]), end="")
