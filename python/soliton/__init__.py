"""Clusters of network-attached FPGAs, emulated: starts the program `soliton` and reads what it leaves.

    import soliton

    run = soliton.run("configs/quickstart.yaml", set={"workload.requests": 100})
    run.requests()                  # a row a request
    run.plot.cdf()                  # latencies

    sweep = soliton.sweep("configs/experiments/strong-scaling.yaml")
    sweep.table()                   # a row a point
    sweep.plot.scaling()

Tables are pandas' data frames; without pandas they are lists of dicts. numpy is needed for `Run.outputs()` only, matplotlib
for plots only.
"""

from soliton import plot
from soliton._compare import compare
from soliton._files import open
from soliton._launch import Diagnostic, check, plan, run, sweep
from soliton._program import SolitonError
from soliton._run import Run
from soliton._sweep import Sweep
from soliton._version import __version__

__all__ = [
    "Diagnostic",
    "Run",
    "SolitonError",
    "Sweep",
    "__version__",
    "check",
    "compare",
    "open",
    "plan",
    "plot",
    "run",
    "sweep",
]
