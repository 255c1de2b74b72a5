#!/bin/sh
# Make the virtual environment and install the locked packages. Usage: setup.sh VENV
set -eu
venv=$1
python=${PYTHON:-python3}

say() { printf '%s\n' "$*" >&2; }

command -v "$python" >/dev/null 2>&1 || {
    say "error: $python was not found; install Python 3.11 or later, or run: make PYTHON=/path/to/python3 ..."
    exit 1
}
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
    say "error: $("$python" --version) is too old; Python 3.11 or later is needed: make PYTHON=python3.12 ..."
    exit 1
}
"$python" -c 'import venv, ensurepip' 2>/dev/null || {
    say "error: this Python cannot make virtual environments; on Debian and Ubuntu: apt-get install python3-venv"
    exit 1
}
# A moved folder or a removed Python leaves a virtual environment that cannot run.
if [ -d "$venv" ] && ! "$venv/bin/python" -m pip --version >/dev/null 2>&1; then
    rm -rf "$venv"
fi
[ -d "$venv" ] || "$python" -m venv "$venv"

say "Installing the locked packages into $venv (minutes on the first run; torch is the large one) ..."
# Wheels alone, for a source package would be built by whatever its author's own index gives it.
"$venv/bin/python" -m pip install --quiet --require-hashes --only-binary :all: -r requirements.lock
scripts/torch.sh "$venv"
scripts/node.sh "$venv"
# With the locked setuptools, not with one that pip would fetch for the occasion.
"$venv/bin/python" -m pip install --quiet --no-deps --no-build-isolation --editable .
