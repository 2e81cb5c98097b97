"""Runs that several tests look at."""

import os
from pathlib import Path

import soliton

SOURCES = Path(os.environ["SOLITON_SOURCES"])
QUICKSTART = SOURCES / "configs/quickstart.yaml"
LOSS = SOURCES / "configs/faults/loss.yaml"
FEW = {"workload.requests": 20}

EXPERIMENT = f"""\
name: two-points
cluster: {SOURCES}/configs/quickstart.yaml
series:
  - name: clients
    axis: clients
    scaling: none
    set: {{workload.requests: 20, compute: timing}}
    points:
      - {{x: 1, set: {{workload.clients: 1}}}}
      - {{x: 2, set: {{workload.clients: 2}}}}
"""


def quick(**more):
    """A short run of the quickstart."""
    return soliton.run(QUICKSTART, set={**FEW, **more.pop("set", {})}, processes="packed", **more)


def experiment(text=EXPERIMENT):
    Path("experiment.yaml").write_text(text)
    return "experiment.yaml"
