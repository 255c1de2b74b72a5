"""What one step costs in Chromium with the largest input that a figure or the explorer accepts.

Main-thread time: script, style, layout and paint, as Chromium itself counts it. Sixty steps a
second leave 16 ms for each.
"""

from __future__ import annotations

import json
import statistics
import tempfile
from pathlib import Path

from . import build_site, row

SIDE, STEPS = 64, 120
# Ten steps before measuring, so that scripts are compiled and styles resolved.
STEPPING = """async ([step, count]) => {
  const go = eval(step);
  const frame = () => new Promise(requestAnimationFrame);
  for (let n = 0; n < count; n += 1) { await go(n); await frame(); }
}"""
EXPLORER = "n => SlidingWindows.explorer.page.go(n)"
STEPPER = "n => document.querySelector('#bench sliding-window').go(n + 1)"


def figure(folder: Path) -> str:
    """A 64x64 max pool as a figure of the site: its files in the folder, its HTML returned."""
    from torch import nn

    from slidingwindows import slide
    from slidingwindows.export.render import render
    from slidingwindows.site.embed import embed_figures
    from slidingwindows.tracing.values import input_for

    module = nn.MaxPool2d(3, stride=2, padding=1)
    trace = slide(module, input_for(module, f"{SIDE}x{SIDE}", "photo", seed=0))
    rendered = render({"kind": "trace", "name": "bench", "trace": trace.to_dict(), "caption": ""})
    for name, content in rendered.files.items():
        (folder / name).write_bytes(content)
    (folder / "bench.json").write_text(json.dumps({**rendered.facts(), "caption": ""}), "utf-8")
    return embed_figures("<!-- figure bench -->", folder, "../", "bench")


def measured(page, step: str) -> float:
    """Milliseconds of the main thread's work per step."""
    client = page.context.new_cdp_session(page)
    client.send("Performance.enable")

    def busy() -> float:
        metrics = client.send("Performance.getMetrics")["metrics"]
        return next(one["value"] for one in metrics if one["name"] == "TaskDuration")

    page.evaluate(STEPPING, [step, 10])
    begun = busy()
    page.evaluate(STEPPING, [step, STEPS])
    return (busy() - begun) / STEPS * 1000


def run(runs: int) -> bool:
    """Print milliseconds per step: the explorer, and a figure's stepper."""
    from slidingwindows.site.browser import chromium, served

    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch, "site")
        build_site(folder)
        markup = figure(folder / "figures")
        results = {"explorer": [], "stepper": []}
        with served(folder) as address, chromium() as browser:
            for _ in range(runs):
                # The page's own policy forbids eval, which the measuring needs.
                page = browser.new_context(bypass_csp=True).new_page()
                state = f"#call=nn.MaxPool2d(3,stride=2,padding=1)&input=photo:{SIDE}x{SIDE}"
                page.goto(f"{address}explorer/{state}")
                page.locator(".sw-board .sw-shaded").first.wait_for()
                results["explorer"].append(measured(page, EXPLORER))
                page.evaluate(
                    "html => { document.querySelector('article').innerHTML = "
                    "`<div id=bench>${html}</div>` }",
                    markup,
                )
                results["stepper"].append(measured(page, STEPPER))
                page.context.close()
    return all(
        [
            row(f"{name}, ms a step at {SIDE}x{SIDE}", statistics.median(times), at_most=16)
            for name, times in results.items()
        ]
    )
