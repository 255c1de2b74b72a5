"""A wheel carries what a site needs beside Python, so that it builds courses anywhere.

All else is in pyproject.toml. An editable install finds these files where they lie.
"""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).parent
HOME = ("assets", "LICENSE", "package.json", "package-lock.json", "requirements.lock")
HOME += ("requirements-torch.txt", "scripts/node.sh", "scripts/torch.sh")


class WithHome(build_py):
    def run(self):
        super().run()
        if self.editable_mode or not (ROOT / "assets").is_dir():  # the take-away's has no site
            return
        place = Path(self.build_lib, "slidingwindows", "home")
        for name in HOME:
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
            copy(ROOT / name, place / name)


setup(cmdclass={"build_py": WithHome})
