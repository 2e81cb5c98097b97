"""An installed copy: pages for man, completions, the Python package; and a Debian package of the same."""

import os
import shutil
import subprocess
import sys
import unittest
from pathlib import Path

from soliton._program import find_program

SOURCES = Path(os.environ["SOLITON_SOURCES"])
BUILD = Path(find_program()).resolve().parents[1]


def output(*words, **more):
    return subprocess.run(words, capture_output=True, text=True, check=True, **more).stdout


class Installed(unittest.TestCase):
    def test_a_copy_in_a_prefix_of_a_user_has_all_its_parts(self):
        prefix = Path("prefix").resolve()
        output("cmake", "--install", BUILD, "--prefix", prefix)
        commands = output(prefix / "bin/soliton", "completion", "words").split()
        pages = {path.name.split(".")[0] for path in (prefix / "share/man/man1").iterdir()}
        self.assertEqual(pages, {"soliton", *(f"soliton-{command}" for command in commands)})
        for file in (
            "share/bash-completion/completions/soliton",
            "share/zsh/vendor-completions/_soliton",
            "share/fish/vendor_completions.d/soliton.fish",
        ):
            self.assertGreater((prefix / file).stat().st_size, 100, file)
        # Moved elsewhere it still finds what is its own.
        moved = prefix.rename(prefix.parent / "moved")
        code = "import soliton; run = soliton.run('quickstart', set={'workload.requests': 5}); print(run.complete)"
        environment = {name: value for name, value in os.environ.items() if name not in ("SOLITON_PROGRAM", "SOLITON_DATA")}
        environment.update(PYTHONPATH=str(moved / "lib/python3/dist-packages"), PATH="/usr/bin:/bin")
        self.assertEqual(output(sys.executable, "-c", code, env=environment), "True\n")
        package = moved / "lib/python3/dist-packages/soliton"
        self.assertEqual(
            {path.name for path in package.glob("*.py")}, {path.name for path in (SOURCES / "python/soliton").glob("*.py")}
        )


@unittest.skipUnless(shutil.which("dpkg-deb") and shutil.which("dpkg-shlibdeps"), "needs dpkg-dev")
class Package(unittest.TestCase):
    def test_it_holds_what_is_installed_and_depends_on_what_is_loaded(self):
        output("cpack", "--config", BUILD / "CPackConfig.cmake", "-G", "DEB", "-B", Path("deb").resolve())
        packages = list(Path("deb").glob("soliton_*.deb"))
        self.assertEqual(len(packages), 1)
        fields = output("dpkg-deb", "--field", packages[0])
        for library in ("libc6", "libfmt9", "libcapnp", "libyaml-0-2", "libseccomp2"):
            self.assertIn(library, fields)
        self.assertIn("Recommends: python3", fields)
        names = output("dpkg-deb", "--contents", packages[0])
        for file in (
            "usr/bin/soliton",
            "usr/bin/soliton-node",
            "usr/share/soliton/configs/quickstart.yaml",
            "usr/share/man/man1/soliton-run.1.gz",
            "usr/share/doc/soliton/copyright",
            "usr/share/bash-completion/completions/soliton",
            "usr/lib/python3/dist-packages/soliton/__init__.py",
        ):
            self.assertRegex(names, rf"(?m) root/root .* \./{file}$")
        self.assertNotIn("__pycache__", names)
        output("dpkg-deb", "--extract", packages[0], "root")
        self.assertIn("optimal", output("root/usr/bin/soliton", "plan", "quickstart"))


if __name__ == "__main__":
    unittest.main()
