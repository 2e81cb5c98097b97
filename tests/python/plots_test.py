"""What plots draw."""

import unittest

import matplotlib.pyplot as plt

import soliton
from samples import LOSS, SOURCES, experiment, quick


class Plots(unittest.TestCase):
    def tearDown(self):
        plt.close("all")

    def test_a_cdf_ends_at_one_and_at_the_longest(self):
        run = quick(out="cdf")
        line = run.plot.cdf().lines[0]
        self.assertEqual(line.get_ydata()[0], 0)
        self.assertEqual(line.get_ydata()[-1], 1)
        self.assertEqual(line.get_xdata()[-1], run.results["latency_us"]["max"])

    def test_several_runs_are_told_apart(self):
        a, b = quick(out="a"), quick(out="b", set={"workload.clients": 2})
        for runs, labels in (([a, b], ["a", "b"]), ({"one": "a", "two": b}, ["one", "two"])):
            ax = soliton.plot.cdf(runs)
            self.assertEqual([text.get_text() for text in ax.get_legend().get_texts()], labels)
        self.assertEqual(ax.get_xlabel(), "latency (us)")

    def test_it_draws_where_it_is_told_to(self):
        ax = plt.figure().add_subplot()
        self.assertIs(quick(out="own").plot.cdf(ax, column="network_us"), ax)
        self.assertEqual(ax.get_xlabel(), "network (us)")

    def test_a_timeline_has_the_requests_and_the_faults(self):
        run = soliton.run(LOSS, out="loss", set={"workload.requests": 50}, processes="packed")
        ax = run.plot.timeline()
        self.assertEqual(len(ax.lines[0].get_xdata()), 50)
        begun = [fault for fault in run.results["faults"] if fault["at_us"] is not None]
        self.assertGreater(len(begun), 0)
        self.assertEqual(len(ax.patches), len(begun))

    def test_scaling_has_a_curve_a_series(self):
        ax = soliton.sweep(experiment(), out="sweep", processes="packed").plot.scaling()
        self.assertEqual([line.get_label() for line in ax.lines], ["clients"])
        self.assertEqual(ax.get_ylabel(), "latency mean (us)")
        strong = soliton.sweep(SOURCES / "configs/experiments/strong-scaling.yaml", out="strong")
        ax = soliton.plot.scaling(strong)
        self.assertEqual(ax.lines[-1].get_label(), "ideal")
        self.assertEqual(len(ax.lines), 1 + len(strong.results["series"]))
        self.assertEqual(ax.lines[0].get_ydata()[0], 1)


if __name__ == "__main__":
    unittest.main()
