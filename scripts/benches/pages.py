"""Page weight, layout shift and Lighthouse scores, as a reader's browser sees the pages.

The site is served over loopback as a host would, with texts gzipped. Lighthouse, on three pages,
comes from npm and is left out where there is no npx.
"""

from __future__ import annotations

import contextlib
import functools
import gzip
import http.server
import json
import os
import shutil
import subprocess
import tempfile
import threading
from pathlib import Path

from . import build_site, row

LIGHTHOUSE = "lighthouse@12.2.3"
SCORED = ("", "lessons/max-pooling/", "explorer/")
LEAST = {"performance": 95, "accessibility": 100, "best-practices": 100, "seo": 95}
TEXTS = (".html", ".css", ".js", ".json", ".svg", ".xml")
SHIFTS = """() => new Promise(resolve => {
  let total = 0;
  new PerformanceObserver(list => {
    for (const entry of list.getEntries()) if (!entry.hadRecentInput) total += entry.value;
  }).observe({ type: "layout-shift", buffered: true });
  setTimeout(() => resolve(total), 300);
})"""


class Host(http.server.SimpleHTTPRequestHandler):
    """Serves texts gzipped and lets files be cached for a year, as hosts do."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments):
        pass

    def do_GET(self):
        """http.server calls this for each request."""
        path = Path(self.translate_path(self.path))
        path = path / "index.html" if path.is_dir() else path
        if not path.is_file():
            return self.send_error(404)
        content = path.read_bytes()
        self.send_response(200)
        self.send_header("Content-Type", self.guess_type(str(path)))
        if path.suffix in TEXTS:
            content = gzip.compress(content, 9)
            self.send_header("Content-Encoding", "gzip")
        if path.suffix != ".html":
            self.send_header("Cache-Control", "max-age=31536000")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        return self.wfile.write(content)


@contextlib.contextmanager
def hosted(folder: Path):
    handler = functools.partial(Host, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


def first_view(browser, address: str) -> tuple[float, float, int]:
    """(kilobytes over the wire, layout shift, GIFs of the theme that is not shown)."""
    context = browser.new_context(viewport={"width": 1280, "height": 800}, color_scheme="light")
    page = context.new_page()
    client = context.new_cdp_session(page)
    client.send("Network.enable")
    sizes, requests = [], []
    client.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    page.on("request", lambda request: requests.append(request.url))
    page.goto(address)
    page.wait_for_load_state("networkidle")
    shift = page.evaluate(SHIFTS)
    context.close()
    return sum(sizes) / 1000, shift, sum(url.endswith(".dark.gif") for url in requests)


def lighthouse(address: str) -> dict[str, float]:
    """The four scores, 0 to 100."""
    command = ["npx", "--yes", LIGHTHOUSE, address, "--quiet", "--output=json"]
    command += ["--chrome-flags=--headless=new --no-sandbox --disable-gpu"]
    command += [f"--only-categories={','.join(LEAST)}"]
    own = shutil.which("chromium") or shutil.which("google-chrome") or ""
    environment = {**os.environ, **({"CHROME_PATH": own} if own else {})}
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(done.stderr)
    scores = json.loads(done.stdout)["categories"]
    return {name: (scores[name]["score"] or 0) * 100 for name in LEAST}


def run(runs: int) -> bool:
    """Print the heaviest page of each kind, every layout shift, and Lighthouse's scores."""
    from slidingwindows.site.browser import chromium

    good = []
    with tempfile.TemporaryDirectory() as scratch:
        site = Path(scratch, "site")
        build_site(site)
        names = sorted(p.parent.relative_to(site).as_posix() for p in site.rglob("index.html"))
        with hosted(site) as address, chromium() as browser:
            views = {}
            for name in names:
                path = "" if name == "." else f"{name}/"
                views[path] = first_view(browser, address + path)
            heaviest = max(views, key=lambda path: views[path][0])
            shifting = max(views, key=lambda path: views[path][1])
            pages = {path: (site / path / "index.html").read_bytes() for path in views}
            lessons = {path: data for path, data in pages.items() if path.startswith("lessons/")}
            longest = max(lessons, key=lambda path: len(gzip.compress(lessons[path], 9)))
            print(f"{len(views)} pages")
            good += [
                row("lesson HTML gzipped, kB", len(gzip.compress(lessons[longest], 9)) / 1000,
                    at_most=20),
                row("first view, kB", views[heaviest][0], at_most=350),
                row("layout shift", views[shifting][1], at_most=0.0),
                row("pictures of the other theme", sum(v[2] for v in views.values()), at_most=0),
            ]  # fmt: skip
            print(f"the longest is {longest}, the heaviest view {heaviest or 'home'}")
            if not shutil.which("npx"):
                print("Lighthouse: not measured, because there is no npx here")
                return all(good)
            for path in SCORED:
                for name, score in lighthouse(address + path).items():
                    good.append(row(f"{path or 'home'} {name}", score, at_least=LEAST[name]))
    return all(good)
