#!/bin/sh
# Make sure the tests have a Chromium: one already here, Debian's, or Playwright's own.
set -eu
for name in chromium-headless-shell chromium chromium-browser google-chrome google-chrome-stable; do
    if command -v "$name" >/dev/null 2>&1; then
        exit 0
    fi
done
python=${PYTHON:-python3}
own=$("$python" -c '
from playwright.sync_api import sync_playwright
with sync_playwright() as p:
    print(p.chromium.executable_path)')
[ ! -x "$own" ] || exit 0

root=""
[ "$(id -u)" = 0 ] || root="sudo -n"
if command -v apt-get >/dev/null 2>&1 && $root true 2>/dev/null; then
    echo "Installing Chromium for the browser tests with apt-get ..." >&2
    $root apt-get update -qq || true
    for name in chromium-headless-shell chromium; do  # the shell opens a page in half the time
        $root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "$name" >/dev/null &&
            command -v "$name" >/dev/null 2>&1 && exit 0
    done
    echo "apt-get could not; trying Playwright's own build ..." >&2
fi
"$python" -m playwright install chromium
