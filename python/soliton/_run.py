"""A run: the folder that `soliton run` leaves."""

from __future__ import annotations

import html
import json
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Optional, Union

from soliton import plot as _plots
from soliton._program import PathLike
from soliton._tables import Table, needed, read_csv, read_records

if TYPE_CHECKING:
    import numpy


class RunPlots:
    """The plots of a run: `run.plot.cdf()`."""

    def __init__(self, run: Run) -> None:
        self._run = run

    def cdf(self, ax: Any = None, *, column: str = "latency_us") -> Any:
        """What share of the requests took at most so long (`soliton.plot.cdf`)."""
        return _plots.cdf(self._run, ax, column=column)

    def timeline(self, ax: Any = None) -> Any:
        """Latencies over the time of the run, and its faults (`soliton.plot.timeline`)."""
        return _plots.timeline(self._run, ax)


class Run:
    """What a run left in its folder. Files are read when they are asked for; a run that still goes on can be read as well.

    `status` is the exit status of the program where `soliton.run` started it, else None.
    """

    def __init__(self, folder: PathLike, status: Optional[int] = None) -> None:
        self.folder = Path(folder)
        self.status = status
        if not (self.folder / "results.json").is_file():
            raise FileNotFoundError(f"{self.folder} has no results.json: it is no run")

    @cached_property
    def results(self) -> dict[str, Any]:
        """results.json: every number of the run (docs/results.md)."""
        return json.loads((self.folder / "results.json").read_text("utf-8"))

    @property
    def complete(self) -> bool:
        """Whether the run came to its end; False: it goes on, was interrupted or failed."""
        return bool(self.results["complete"])

    @property
    def summary(self) -> str:
        """What the program prints at the end of the run."""
        return (self.folder / "summary.txt").read_text("utf-8")

    @property
    def trace(self) -> Path:
        """trace.json, which Perfetto and chrome://tracing open."""
        return self.folder / "trace.json"

    @property
    def report(self) -> Path:
        """report.html, a page that needs no network."""
        return self.folder / "report.html"

    def requests(self) -> Table:
        """A row a request: when it was sent and answered, and where its time went."""
        return read_csv(self.folder, "requests.csv")

    def nodes(self) -> Table:
        """A row a node: its memory, how busy it was, its state."""
        return read_records(self.results["nodes"])

    def links(self) -> Table:
        """A row for each direction of a cable that carried or dropped packets, the busiest first; empty in wall time."""
        if (self.folder / "links.csv").is_file():
            return read_csv(self.folder, "links.csv")
        return read_records(self.results.get("links") or [])

    def faults(self) -> Table:
        """A row a fault: what it was, when, and what came of it."""
        return read_records(self.results["faults"])

    def outputs(self) -> Union[numpy.ndarray, dict[str, numpy.ndarray]]:
        """The answers, requests along the first axis; of a model with several outputs an array for each, by name. There are
        some only of a run with `outputs: {save: all}`."""
        numpy = needed("numpy", "Run.outputs()")
        only = self.folder / "outputs.npy"
        if only.is_file():
            return numpy.load(only, allow_pickle=False)
        several = sorted(self.folder.glob("outputs-*.npy"))
        if not several:
            raise FileNotFoundError(
                f'{self.folder} has no outputs: the run did not save them (set={{"outputs.save": "all"}})'
            )
        return {
            path.stem[len("outputs-") :]: numpy.load(path, allow_pickle=False) for path in several
        }

    def table(self, file: str) -> Table:
        """Any CSV file of the folder: `events.csv`, `links_series.csv`."""
        return read_csv(self.folder, file)

    @property
    def plot(self) -> RunPlots:
        return RunPlots(self)

    def __repr__(self) -> str:
        return f"Run({str(self.folder)!r}{'' if self.complete else ', complete=False'})"

    def _repr_html_(self) -> str:
        latency, requests = self.results["latency_us"], self.results["requests"]
        cells = {
            "run": self.results["name"],
            "requests": f"{requests['completed']:,} of {requests['sent']:,}",
            "mean": _us(latency["mean"]),
            "p50": _us(latency["p50"]),
            "p99": _us(latency["p99"]),
            "requests/s": f"{self.results['throughput_rps'] or 0:,.0f}",
        }
        head = "".join(f"<th>{html.escape(name)}</th>" for name in cells)
        row = "".join(f"<td>{html.escape(value)}</td>" for value in cells.values())
        return f"<table><tr>{head}</tr><tr>{row}</tr></table>"


def _us(value: Optional[float]) -> str:
    return "" if value is None else f"{value:,.1f} us"
