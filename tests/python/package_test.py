"""The package with nothing but Python, whatever else is installed."""

import doctest
import importlib
import inspect
import json
import pickle
import pkgutil
import re
import signal
import subprocess
import sys
import time
import unittest
from pathlib import Path

# As on a machine without them.
for absent in ("pandas", "numpy", "matplotlib"):
    sys.modules[absent] = None

import soliton  # noqa: E402
from samples import EXPERIMENT, LOSS, QUICKSTART, SOURCES, experiment, quick  # noqa: E402
from soliton import _program, _tables  # noqa: E402


def load_tests(loader, tests, pattern):
    for module in pkgutil.iter_modules(soliton.__path__, "soliton."):
        tests.addTests(doctest.DocTestSuite(importlib.import_module(module.name)))
    return tests


class Signatures(unittest.TestCase):
    def test_are_those_of_the_contract(self):
        keys = "(file, *, out=None, set={}, seed=None, time=None, processes=None, check=True, program=None)"
        for function in (soliton.run, soliton.sweep):
            plain = inspect.signature(function)
            plain = plain.replace(
                parameters=[p.replace(annotation=p.empty) for p in plain.parameters.values()],
                return_annotation=plain.empty,
            )
            self.assertEqual(str(plain), keys)

    def test_the_version_is_that_of_the_program(self):
        said = subprocess.run([_program.find_program(), "--version"], capture_output=True, text=True).stdout
        self.assertEqual(said.split()[1], soliton.__version__)
        project = re.search(r"project\(soliton VERSION (\S+)", (SOURCES / "CMakeLists.txt").read_text())
        self.assertEqual(project[1], soliton.__version__)
        self.assertEqual(quick(out="version").results["soliton"], soliton.__version__)


class Runs(unittest.TestCase):
    def test_a_run_is_read_to_the_last_number(self):
        run = quick(out="a")
        self.assertEqual(run.status, 0)
        self.assertTrue(run.complete)
        self.assertEqual(run.results["requests"]["completed"], 20)
        rows = run.requests()
        self.assertEqual(len(rows), 20)
        self.assertEqual([type(value) for value in rows[0].values()].count(str), 2)  # state, output_hash
        self.assertIs(rows[0]["bit_identical"], True)
        self.assertEqual(max(row["latency_us"] for row in rows), run.results["latency_us"]["max"])
        self.assertEqual([row["name"] for row in run.nodes()], ["fpga0", "fpga1", "fpga2", "fpga3", "host0"])
        self.assertEqual(run.nodes()[0]["memory.used_bytes"], run.results["nodes"][0]["memory"]["used_bytes"])
        self.assertEqual(run.links(), _tables.read_records(run.results["links"]))
        self.assertEqual(run.faults(), [])
        self.assertIn("traceEvents", json.loads(run.trace.read_text()))
        self.assertIn("20 requests", run.summary)

    def test_columns_have_the_types_that_the_folder_states(self):
        run = soliton.run(LOSS, out="typed", set={"workload.requests": 50, "trace.links": "10 us"})
        described = json.loads((run.folder / "columns.json").read_text())
        self.assertEqual(described["schema"], 1)
        files = {path.name for path in run.folder.glob("*.csv")}
        self.assertEqual(set(described["files"]), files)
        kinds = {"integer": int, "number": float, "string": str, "boolean": bool}
        for file in files:
            head = [line for line in (run.folder / file).read_text().splitlines()][0].split(",")
            columns = described["files"][file]
            self.assertEqual([column["name"] for column in columns], head)
            rows = run.table(file)
            self.assertGreater(len(rows), 0, file)
            for column in columns:
                self.assertTrue(column["meaning"].endswith("."), column)
                found = {type(row[column["name"]]) for row in rows} - {type(None)}
                self.assertLessEqual(found, {kinds[column["type"]]}, (file, column))

    def test_two_runs_in_one_second_have_a_folder_each(self):
        a, b = quick(), quick()
        self.assertNotEqual(a.folder, b.folder)
        self.assertEqual(a.folder.parent, Path("runs"))
        self.assertEqual(a.folder.stat().st_mode & 0o777, 0o700)
        self.assertEqual(soliton.compare(a, b), [])

    def test_what_differs_is_listed(self):
        rows = soliton.compare(quick(out="c1"), quick(out="c2", set={"workload.requests": 10}))
        sent = next(row for row in rows if row["key"] == "requests.sent")
        self.assertEqual((sent["a"], sent["b"], sent["change"]), (20, 10, -0.5))
        self.assertFalse([row for row in rows if row["key"].startswith("wall.")])

    def test_a_bad_file_is_an_error_with_its_place_and_leaves_nothing(self):
        before = set(Path("runs").glob("*")) if Path("runs").exists() else set()
        for check in (True, False):
            with self.assertRaises(soliton.SolitonError) as caught:
                soliton.run(QUICKSTART, set={"nodes[0].device": "bw-pokcet"}, check=check)
            self.assertEqual(caught.exception.status, 2)
            self.assertIn('quickstart.yaml:7:33: no device called "bw-pokcet"', caught.exception.text)
            self.assertIsNone(caught.exception.folder)
        self.assertEqual(set(Path("runs").glob("*")), before)

    def test_an_earlier_run_is_not_taken_for_that_of_a_bad_file(self):
        quick(out="again")
        with self.assertRaises(soliton.SolitonError) as caught:
            quick(out="again", set={"seed": "x"})
        self.assertIsNone(caught.exception.folder)

    def test_a_model_that_does_not_fit_is_status_3(self):
        with self.assertRaises(soliton.SolitonError) as caught:
            soliton.plan(QUICKSTART, set={"nodes[0].name": "fpga[0-2]"})
        self.assertEqual((caught.exception.status, caught.exception.meaning), (3, "the model does not fit the memories"))

    def test_a_failed_check_is_an_error_unless_it_is_not_asked_for(self):
        late = {"service.sla.p99": "1 us"}
        with self.assertRaises(soliton.SolitonError) as caught:
            quick(out="late", set=late)
        self.assertEqual(caught.exception.status, 1)
        self.assertEqual(soliton.open(caught.exception.folder).results["requests"]["completed"], 20)
        self.assertEqual(quick(out="late", set=late, check=False).status, 1)
        copy = pickle.loads(pickle.dumps(caught.exception))
        self.assertEqual((copy.status, copy.text, copy.folder), (1, caught.exception.text, Path("late")))

    def test_an_interrupt_keeps_what_was_measured(self):
        code = "import soliton, sys; soliton.run(sys.argv[1], out='cut', set={'workload.requests': 1000000})"
        child = subprocess.Popen(
            [sys.executable, "-c", code, str(QUICKSTART)], stderr=subprocess.PIPE, start_new_session=True
        )
        while not Path("cut/results.json").exists():
            self.assertIsNone(child.poll())
            time.sleep(0.01)
        child.send_signal(signal.SIGINT)  # as a notebook does: to the interpreter alone
        said = child.communicate(timeout=60)[1].decode()
        self.assertIn("KeyboardInterrupt", said)
        self.assertFalse(soliton.open("cut").complete)
        self.assertFalse(Path("cut/lock").exists())

    def test_outputs_without_numpy_say_what_is_missing(self):
        run = quick(out="saved", set={"outputs.save": "all"})
        with self.assertRaisesRegex(ImportError, "needs numpy"):
            run.outputs()
        with self.assertRaisesRegex(ImportError, "needs matplotlib"):
            run.plot.cdf()

    def test_a_program_that_is_not_there_is_status_7(self):
        for program in ("/nowhere/soliton", "no-such-program"):
            with self.assertRaises(soliton.SolitonError) as caught:
                soliton.plan(QUICKSTART, program=program)
            self.assertEqual(caught.exception.status, 7)

    def test_an_old_folder_without_types_is_read_by_what_its_cells_say(self):
        run = quick(out="old")
        typed = run.requests()
        (run.folder / "columns.json").unlink(missing_ok=True)
        self.assertEqual([list(row) for row in run.requests()], [list(row) for row in typed])

    def test_a_line_that_is_cut_off_is_left_out(self):
        run = quick(out="growing")
        file = run.folder / "requests.csv"
        file.write_text(file.read_text()[:-30])
        self.assertEqual(len(run.requests()), 19)


class Sweeps(unittest.TestCase):
    def test_a_sweep_has_a_row_a_point_and_keeps_what_is_done(self):
        sweep = soliton.sweep(experiment(), out="sweep", processes="packed")
        self.assertTrue(sweep.complete)
        self.assertEqual(sweep.missing, [])
        rows = sweep.table()
        self.assertEqual([row["x"] for row in rows], [1, 2])
        self.assertEqual([row["set.workload.clients"] for row in rows], [1, 2])
        self.assertIsInstance(rows[0]["latency_us.p99"], float)
        again = soliton.sweep("experiment.yaml", out="sweep", processes="packed")
        self.assertEqual(again.table(), rows)

    def test_without_a_folder_it_is_found_by_its_name(self):
        self.assertEqual(soliton.sweep(experiment(), processes="packed").folder, Path("runs/two-points"))

    def test_points_that_failed_are_missing_with_their_reason(self):
        bad = EXPERIMENT.replace("workload.clients: 2", "partition.max_nodes: 1")
        with self.assertRaises(soliton.SolitonError) as caught:
            soliton.sweep(experiment(bad), out="bad")
        self.assertEqual(caught.exception.status, 3)
        sweep = soliton.open(caught.exception.folder)
        self.assertIsInstance(sweep, soliton.Sweep)
        self.assertEqual([(row["x"], row["state"]) for row in sweep.missing], [(2, "failed")])
        self.assertIn("needs", sweep.missing[0]["error"])
        self.assertEqual(soliton.sweep("experiment.yaml", out="bad", check=False).status, 3)

    def test_a_bad_experiment_is_status_2(self):
        with self.assertRaises(soliton.SolitonError) as caught:
            soliton.sweep(experiment("name: x\n"), check=False)
        self.assertEqual(caught.exception.status, 2)


class Findings(unittest.TestCase):
    def test_a_plan_is_a_dict(self):
        plan = soliton.plan("quickstart")  # a file that comes with the program
        self.assertEqual(plan, soliton.plan(QUICKSTART))
        self.assertIn("quickstart", json.dumps(plan) + str(QUICKSTART))

    def test_what_is_wrong_with_a_file_is_a_list(self):
        self.assertEqual(soliton.check(QUICKSTART), [])
        Path("bad.yaml").write_text(QUICKSTART.read_text().replace("bw-pocket,", "bw-pokcet,").replace("seed", "sede"))
        found = soliton.check("bad.yaml")
        self.assertGreaterEqual(len(found), 2)
        self.assertEqual({it.file for it in found}, {"bad.yaml"})
        self.assertTrue(any(str(it).startswith("bad.yaml:4:1: ") for it in found), found)

    def test_neither_run_nor_sweep(self):
        Path("empty").mkdir()
        with self.assertRaisesRegex(FileNotFoundError, "neither a run nor a sweep"):
            soliton.open("empty")


if __name__ == "__main__":
    unittest.main()
