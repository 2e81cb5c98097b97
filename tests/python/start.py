"""Starts the tests of one file, in an empty folder, or says what they lack."""

import importlib
import importlib.util
import os
import sys
import tempfile
import unittest

# What each file of tests needs beside Python itself.
NEEDS = {
    "package": [],
    "machine": [],
    "installed": [],
    "site": ["mkdocs"],
    "tables": ["pandas"],
    "plots": ["matplotlib"],
    "page": ["pandas", "matplotlib", "numpy"],
    "wheel": ["setuptools", "wheel", "pip"],
}

# Debian's names that are not python3-MODULE.
PACKAGES = {"mkdocs": "mkdocs"}


def lacks(name):
    return [module for module in NEEDS[name] if importlib.util.find_spec(module) is None]


def main(name):
    missing = lacks(name)
    if missing:
        print("skipped: needs", ", ".join(PACKAGES.get(module, "python3-" + module) for module in missing))
        return 1 if os.environ.get("SOLITON_PARTS") == "all" else 77
    here = os.path.dirname(os.path.abspath(__file__))
    sys.path.insert(0, here)
    module = importlib.import_module(f"{name}_test")
    with tempfile.TemporaryDirectory(prefix="soliton-python-") as folder:
        os.environ["MPLCONFIGDIR"] = os.path.join(folder, "matplotlib")
        os.mkdir(os.path.join(folder, "work"))
        os.chdir(os.path.join(folder, "work"))
        result = unittest.TextTestRunner().run(unittest.defaultTestLoader.loadTestsFromModule(module))
        os.chdir("/")
    skipped = bool(result.skipped) and os.environ.get("SOLITON_PARTS") == "all"
    return 0 if result.wasSuccessful() and result.testsRun > 0 and not skipped else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
