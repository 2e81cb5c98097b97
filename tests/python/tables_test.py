"""Tables as data frames."""

import unittest

import pandas

import soliton
from samples import LOSS, experiment, quick


class Frames(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.run_ = quick(out="frames")

    def test_types_do_not_hang_on_what_was_measured(self):
        types = self.run_.requests().dtypes.astype(str).to_dict()
        self.assertEqual(types["request"], "Int64")
        self.assertEqual(types["label"], "Int64")
        self.assertEqual(types["sent_us"], "float64")
        self.assertEqual(types["queue_us"], "float64")  # all of them are 0
        self.assertEqual(types["state"], "string")
        self.assertEqual(types["bit_identical"], "boolean")
        timing = quick(out="timing", set={"compute": "timing", "workload.labels": "", "workload.golden": ""}, check=False)
        self.assertEqual(timing.requests().dtypes.astype(str).to_dict(), types)
        self.assertTrue(timing.requests().bit_identical.isna().all())

    def test_numbers_are_those_of_the_results(self):
        latency = self.run_.requests().latency_us
        self.assertEqual(latency.max(), self.run_.results["latency_us"]["max"])
        nodes = self.run_.nodes().set_index("name")
        self.assertEqual(str(nodes["memory.used_bytes"].dtype), "Int64")
        self.assertEqual(nodes.loc["fpga0", "busy_us.request"], self.run_.results["nodes"][0]["busy_us"]["request"])
        self.assertEqual(self.run_.links().link.iloc[0], self.run_.results["links"][0]["link"])

    def test_faults_and_their_events(self):
        run = soliton.run(LOSS, out="loss", set={"workload.requests": 50}, processes="packed")
        faults = run.faults()
        self.assertEqual(faults.kind.tolist(), [fault["kind"] for fault in run.results["faults"]])
        events = run.table("events.csv")
        self.assertEqual(int((events.action == "drop").sum()), int(faults.dropped.sum()))
        self.assertEqual(str(events.at_ps.dtype), "Int64")

    def test_a_sweep_pivots(self):
        table = soliton.sweep(experiment(), out="sweep", processes="packed").table()
        pivot = table.pivot(index="x", columns="series", values="latency_mean_us")
        self.assertEqual(pivot.index.tolist(), [1, 2])
        self.assertEqual(str(table["set.workload.clients"].dtype), "Int64")
        self.assertEqual(str(table["latency_us.p99"].dtype), "float64")
        self.assertEqual(str(table["requests.sent"].dtype), "float64")

    def test_what_differs_is_a_frame(self):
        other = quick(out="other", set={"workload.requests": 10})
        self.assertIn("requests.sent", soliton.compare(self.run_, other).key.tolist())
        self.assertTrue(soliton.compare(self.run_, self.run_).empty)

    def test_empty_tables_are_frames(self):
        self.assertIsInstance(self.run_.faults(), pandas.DataFrame)
        self.assertEqual(len(self.run_.faults()), 0)

    def test_outputs_are_an_array(self):
        with self.assertRaisesRegex(FileNotFoundError, "did not save them"):
            self.run_.outputs()
        saved = quick(out="saved", set={"outputs.save": "all"}).outputs()
        self.assertEqual(saved.shape[0], 20)
        classes = self.run_.requests().predicted_class.tolist()
        self.assertEqual(saved.reshape(20, -1)[:, -12:].argmax(axis=1).tolist(), classes)


if __name__ == "__main__":
    unittest.main()
