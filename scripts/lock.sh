#!/bin/sh
# Write requirements.lock from pyproject.toml: exact versions of everything, for any platform.
set -eu
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/python" -m pip install --quiet pip-tools
# torch's local build label (+cpu) is dropped, so that the same line fits every index;
# with no upgrade asked for, versions already locked stay as they are.
cp requirements.lock "$work/requirements.lock" 2>/dev/null || true
"$work/venv/bin/pip-compile" --quiet --strip-extras --no-emit-index-url --no-emit-find-links \
    --no-emit-options --no-header --no-annotate --allow-unsafe --extra site --extra test "$@" \
    --output-file "$work/requirements.lock" pyproject.toml
{
    echo "# Exact versions, written by 'make lock' from pyproject.toml. Do not edit."
    grep -v '^#' "$work/requirements.lock" |
        sed -e 's/^\(torch==[0-9.]*\)+cpu/\1/' -e '/^nvidia-/d' -e '/^triton==/d' -e '/^cuda-/d'
} >"$work/lock"
mv "$work/lock" requirements.lock
