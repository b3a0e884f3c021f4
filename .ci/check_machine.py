"""Says plainly, before anything is installed, what this machine lacks. Runs on old Pythons too, without packages."""

import os
import shutil
import sys

OLDEST = (3, 10)
NEEDED_GB = 7  # torch with its GPU libraries is most of it


def main(target):
    if sys.version_info < OLDEST:
        found = ".".join(map(str, sys.version_info[:3]))
        return f"Python {found} is too old; 3.10 or later is needed: make PYTHON=/path/to/python3.12 ..."
    try:
        import ensurepip  # noqa: F401  (some systems leave venv's half out of their Python package)
    except ImportError:
        return "this Python cannot make virtual environments: install its venv package (python3-venv)"
    if os.path.exists(os.path.join(target, ".standalone")) or os.path.exists(os.path.join(target, ".test")):
        return None  # installed once; little is added
    folder = os.path.abspath(target)
    while not os.path.isdir(folder):
        folder = os.path.dirname(folder)
    free = shutil.disk_usage(folder).free / 1e9
    if free < NEEDED_GB:
        found = f"{folder} has {free:.1f} GB free; the install needs about {NEEDED_GB} GB"
        return f"{found}: free some, or name another place with make VENV=..."
    return None


if __name__ == "__main__":
    problem = main(sys.argv[1])
    if problem:
        sys.stderr.write(f"See2Sound: {problem}\n")
        sys.exit(1)
