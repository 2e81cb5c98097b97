"""The package as a wheel, built and installed without a network."""

import os
import shutil
import subprocess
import sys
import unittest
import zipfile
from pathlib import Path

SOURCES = Path(os.environ["SOLITON_SOURCES"])


class Wheel(unittest.TestCase):
    def test_it_is_built_offline_and_works_away_from_the_sources(self):
        shutil.copytree(SOURCES / "python", "python", ignore=shutil.ignore_patterns("build", "*.egg-info"))
        pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-cache-dir"]
        offline = ["--no-index", "--no-deps", "--quiet"]
        subprocess.run(
            [*pip, "wheel", *offline, "--no-build-isolation", "--wheel-dir", "dist", "./python"], check=True
        )
        wheels = list(Path("dist").glob("soliton-*-py3-none-any.whl"))
        self.assertEqual(len(wheels), 1)
        names = zipfile.ZipFile(wheels[0]).namelist()
        self.assertIn("soliton/py.typed", names)
        modules = {path.name for path in (SOURCES / "python/soliton").glob("*.py")}
        self.assertEqual({name[8:] for name in names if name.endswith(".py")}, modules)
        subprocess.run([*pip, "install", *offline, "--target", "site", str(wheels[0])], check=True)
        code = "import soliton; print(soliton.__file__); print(soliton.plan('quickstart')['nodes_used'])"
        environment = {**os.environ, "PYTHONPATH": "site"}
        said = subprocess.run(
            [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
        ).stdout.splitlines()
        self.assertIn("/site/soliton/", said[0])
        self.assertEqual(said[1], "4")


if __name__ == "__main__":
    unittest.main()
