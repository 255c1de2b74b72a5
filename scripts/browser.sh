#!/bin/sh
# Make sure the tests have a Chromium: one already here, Debian's, or Playwright's own.
set -eu
shell=chromium-headless-shell  # without windows; opens a page in two thirds of the time
has() { command -v "$1" >/dev/null 2>&1; }
debian() {
    $root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "$1" >/dev/null 2>&1 && has "$1"
}

! has $shell || exit 0
root=""
[ "$(id -u)" = 0 ] || root="sudo -n"
for name in chromium chromium-browser google-chrome google-chrome-stable; do
    has $name || continue
    # Only root, as in containers and CI: on other machines nothing is installed just for speed.
    [ -n "$root" ] || ! has apt-get || debian $shell || true
    exit 0
done
python=${PYTHON:-python3}
own=$("$python" -c '
from playwright.sync_api import sync_playwright
with sync_playwright() as p:
    print(p.chromium.executable_path)')
[ ! -x "$own" ] || exit 0

if has apt-get && $root true 2>/dev/null; then
    echo "Installing Chromium for the browser tests with apt-get ..." >&2
    $root apt-get update -qq || true
    for name in $shell chromium; do
        debian $name && exit 0
    done
    echo "apt-get could not; trying Playwright's own build ..." >&2
fi
"$python" -m playwright install chromium
