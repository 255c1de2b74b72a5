#!/bin/sh
# Write requirements.lock from pyproject.toml and requirements-torch.txt: exact versions, with the
# hashes of every file of a release, for all platforms and Pythons. torch stays out, and so does
# what only its CUDA build needs. Usage: lock.sh [--upgrade | --outdated]
# Versions already locked stay unless --upgrade is asked for; --outdated only lists newer ones.
set -eu
cd "$(dirname "$0")/.."
case ${1:-} in
"" | --upgrade | --outdated) ;;
*)
    echo "error: lock.sh takes --upgrade or --outdated, not $*" >&2
    exit 2
    ;;
esac
work=$(mktemp -d)
trap 'rm -rf "$work" requirements.lock.new' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/python" -m pip install --quiet uv

# No private index of this machine may be used: its files could have hashes found nowhere else.
unset UV_INDEX UV_EXTRA_INDEX_URL UV_FIND_LINKS UV_CONSTRAINT UV_OVERRIDE UV_NO_INDEX
setting() { # a line of Python about the table `project` or `build` of pyproject.toml
    "$work/venv/bin/python" -c "
import tomllib
all = tomllib.load(open('pyproject.toml', 'rb'))
project, build = all['project'], all['build-system']
print($1)"
}
oldest=$(setting "project['requires-python'].removeprefix('>=')")
setting "'\\n'.join(build['requires'])" >"$work/build.in"
torch=requirements-torch.txt
[ "${1:-}" != --outdated ] || torch="" # then torch may be newer, too
[ "${1:-}" != "" ] || ! [ -f requirements.lock ] || cp requirements.lock "$work/all"
"$work/venv/bin/uv" pip compile --quiet --no-config --default-index https://pypi.org/simple \
    --universal --python-version "$oldest" --generate-hashes --no-header --no-annotate \
    --extra site --extra test --output-file "$work/all" \
    pyproject.toml "$work/build.in" $torch >"$work/said"

if [ "${1:-}" = --outdated ]; then
    # A package has one line for each range of Pythons or platforms with its own version.
    cat requirements.lock requirements-torch.txt | sed -n 's/^\([a-z].*==.*\)/\1/p' |
        sed 's/ *\\$//' | sort >"$work/ours"
    sed -n 's/^\([a-z].*==.*\)/\1/p' "$work/all" | sed 's/ *\\$//' |
        grep -vE '^(nvidia-|cuda-|triton==)' | sort >"$work/newest"
    diff "$work/ours" "$work/newest" | sed -n -e 's/^</locked:/p' -e 's/^>/newest:/p' >"$work/behind"
    if [ -s "$work/behind" ]; then cat "$work/behind"; else echo "nothing is behind"; fi
    exit 0
fi
{
    echo "# Exact versions and hashes, written by 'make lock' from pyproject.toml. Do not edit."
    awk '/^[a-z]/ { kept = !/^(torch|triton|nvidia-[a-z0-9-]+|cuda-[a-z-]+)==/ } kept' "$work/all"
} >requirements.lock.new
mv requirements.lock.new requirements.lock
