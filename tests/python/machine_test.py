"""Commands about the machine and the program: doctor, top, version, manual, completion."""

import json
import os
import resource
import shutil
import subprocess
import time
import unittest
from pathlib import Path

import soliton
from samples import QUICKSTART
from soliton._program import find_program

PROGRAM = find_program()


def call(*words, **more):
    return subprocess.run([PROGRAM, *words], capture_output=True, text=True, **more)


class Doctor(unittest.TestCase):
    def test_this_machine_can_run(self):
        ended = call("doctor")
        self.assertEqual(ended.returncode, 0, ended.stdout)
        rows = json.loads(call("doctor", "--json").stdout)
        self.assertTrue(rows["good"])
        names = [row["name"] for row in rows["checks"]]
        self.assertEqual([line[:16].rstrip() for line in ended.stdout.splitlines()], names)
        for name in ("descriptors", "cores", "memory", "processor", "pidfd", "memfd", "GSO", "GRO", "lock"):
            self.assertIn(name, names)

    def test_what_is_short_is_status_7(self):
        few = call("doctor", preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (100, 100)))
        self.assertEqual(few.returncode, 7)
        self.assertIn("descriptors      short  100 open files, 24 nodes need 136: raise the limit", few.stdout)
        small = call("doctor", "--json", preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096)))
        short = [row["name"] for row in json.loads(small.stdout)["checks"] if row["state"] == "short"]
        self.assertEqual((small.returncode, short), (7, ["memfd"]))
        nowhere = call("doctor", "--out", "/proc/soliton")
        self.assertEqual(nowhere.returncode, 7)
        self.assertIn("folder           short  /proc cannot be written", nowhere.stdout)

    def test_it_leaves_nothing(self):
        Path("clean").mkdir()
        self.assertEqual(call("doctor", "--out", "clean/runs").returncode, 0)
        self.assertEqual(list(Path("clean").iterdir()), [])

    def test_a_program_without_its_node_program_is_short_of_it(self):
        os.mkdir("bin")
        shutil.copy(PROGRAM, "bin/soliton")
        environment = {name: value for name, value in os.environ.items() if name != "SOLITON_DATA"}
        alone = subprocess.run(["bin/soliton", "doctor"], env=environment, capture_output=True, text=True)
        self.assertEqual(alone.returncode, 7)
        self.assertRegex(alone.stdout, "(?m)^soliton-node +short")
        self.assertRegex(alone.stdout, "(?m)^data files +short")


class Top(unittest.TestCase):
    def test_a_run_that_goes_on_is_found_and_one_that_ended_is_not(self):
        self.assertEqual(call("top").stdout, "no run below runs/ goes on\n")
        run = subprocess.Popen(
            [PROGRAM, "run", QUICKSTART, "--out", "runs/long", "--quiet", "--set", "workload.requests=1000000"],
            stderr=subprocess.DEVNULL,
        )
        try:
            while not Path("runs/long/progress.jsonl").exists() or not Path("runs/long/progress.jsonl").read_text():
                self.assertIsNone(run.poll())
                time.sleep(0.01)
            table = call("top").stdout.splitlines()
            self.assertEqual(table[0].split()[:2], ["run", "state"])
            self.assertEqual(table[1].split()[0], "runs/long")
            rows = json.loads(call("top", "runs/long", "--json").stdout)
            self.assertEqual((rows[0]["folder"], rows[0]["asked"]), ("runs/long", 1000000))
        finally:
            run.terminate()
            run.wait()
        self.assertEqual(call("top").stdout, "no run below runs/ goes on\n")
        self.assertIn(" incomplete ", call("top", "runs/long").stdout)

    def test_a_folder_of_no_run_is_status_2(self):
        self.assertEqual(call("top", "/proc").returncode, 2)


class Words(unittest.TestCase):
    def test_the_version_names_the_build(self):
        said = call("--version").stdout
        self.assertRegex(said, r"^soliton \d+\.\d+\.\d+ \((revision [0-9a-f]{12}\+?, )?build [0-9a-f]{40}\)\n$")
        self.assertIn(f"soliton {soliton.__version__} ", said)

    def test_every_command_has_a_page_that_man_takes(self):
        commands = call("completion", "words").stdout.split()
        self.assertIn("run", commands)
        groff = shutil.which("groff")
        for command in ["", *commands]:
            page = call("manual", *([command] if command else []))
            self.assertEqual(page.returncode, 0)
            self.assertIn(".SH NAME\nsoliton", page.stdout)
            for option in ("\\-\\-help", *(["\\-\\-log\\-level"] if command else [])):
                self.assertIn(option, page.stdout, command)
            if groff:
                shown = subprocess.run(
                    [groff, "-man", "-Tutf8", "-ww", "-K", "utf8"], input=page.stdout, capture_output=True, text=True
                )
                self.assertEqual(shown.stderr, "", command)
        self.assertEqual(call("manual", "rnu").returncode, 2)

    def test_scripts_of_shells_are_sound(self):
        for shell in ("bash", "zsh", "fish"):
            script = call("completion", shell).stdout
            self.assertIn("soliton completion set --typed", script)
            if shutil.which(shell):
                checked = subprocess.run([shell, "-n"], input=script, capture_output=True, text=True)
                self.assertEqual((checked.returncode, checked.stderr), (0, ""))

    def test_logs_have_the_level_that_was_asked_for(self):
        for level, lines in (("info", True), ("error", False)):
            folder = Path(f"logged-{level}")
            ended = call("run", QUICKSTART, "--out", folder, "--quiet", "--set", "workload.requests=5", "--log-level", level)
            self.assertEqual(ended.returncode, 0, ended.stderr)
            for log in ("soliton", "fpga0"):
                self.assertEqual(bool((folder / f"log/{log}.log").read_text()), lines, (level, log))
        self.assertEqual(call("run", QUICKSTART, "--log-level", "loud").returncode, 2)


if __name__ == "__main__":
    unittest.main()
