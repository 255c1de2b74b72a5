"""What the site's script must know of torch, for it runs without: written by each build.

``python -m slidingwindows.tracing.script NAMES`` prints it as a module of JavaScript.
"""

from __future__ import annotations

import inspect
import json
import sys

from torch import nn

from .refusals import refusals


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


# The types of both, for TypeScript's checks of the script.
TYPES = {
    "SIGNATURES": "Record<string, { parameters: any[][], positional: number, owner: string }>",
    "REFUSALS": "Record<string, string>",
}


def script(names: list[str]) -> str:
    """The module: SIGNATURES of these layers by name, and REFUSALS by what is refused."""
    parts = {"SIGNATURES": {name: signature(name) for name in names}, "REFUSALS": refusals()}
    lines = ["// Written by the build from slidingwindows.tracing.script, which asks torch.\n"]
    for name, part in parts.items():
        lines.append(f"/** @type {{{TYPES[name]}}} */")
        lines.append(f"export const {name} = {json.dumps(part, indent=1, ensure_ascii=False)};\n")
    return "\n".join(lines)


if __name__ == "__main__":
    print(script(sys.argv[1:]), end="")
