#!/bin/sh
# Install torch's exact version into a virtual environment. Usage: torch.sh VENV
#
# On Linux PyPI's torch carries CUDA, gigabytes that nothing here uses, so the CPU build is taken
# from PyTorch's own index if that answers within seconds and has a wheel for this Python. If not,
# or if pip has been told where to look for packages, by PIP_* or pip.conf, pip decides.
set -eu
python=$1/bin/python
index=${TORCH_INDEX:-https://download.pytorch.org/whl/cpu}
patience=${TORCH_PATIENCE:-10} # seconds
wanted=$(grep -v '^#' requirements-torch.txt)

theirs() { "$python" -m pip config list 2>/dev/null | grep -qE '\.(index-url|extra-index-url|find-links|no-index)='; }
answers() {
    timeout "$patience" "$python" -m pip --disable-pip-version-check index versions torch \
        --index-url "$index" --timeout "$patience" --retries 0 2>/dev/null |
        grep -qE "^Available versions:.* ${wanted#torch==}\+cpu(,|\$)"
}

"$python" -c '
import sys
from importlib.metadata import PackageNotFoundError, version
try:
    sys.exit(version("torch").partition("+")[0] != sys.argv[1])
except PackageNotFoundError:
    sys.exit(1)' "${wanted#torch==}" && exit 0

if [ "$(uname -s)" = Linux ] && ! theirs; then
    if answers; then
        echo "Taking torch's CPU build from $index ..." >&2
        # What it needs is in the lock and has been installed; this index gives torch alone.
        "$python" -m pip install --quiet --index-url "$index" "$wanted"
        exit 0
    fi
    echo "$index does not answer with a CPU build of $wanted, so pip takes PyPI's: several GB." >&2
fi
"$python" -m pip install --quiet "$wanted"
