"""A sweep: the folder that `soliton sweep` leaves."""

from __future__ import annotations

import json
from functools import cached_property
from pathlib import Path
from typing import Any, Optional

from soliton import plot as _plots
from soliton._program import PathLike
from soliton._tables import Row, Table, read_csv


class SweepPlots:
    """The plots of a sweep: `sweep.plot.scaling()`."""

    def __init__(self, sweep: Sweep) -> None:
        self._sweep = sweep

    def scaling(self, ax: Any = None, *, column: Optional[str] = None) -> Any:
        """What more of the axis brings, a curve a series (`soliton.plot.scaling`)."""
        return _plots.scaling(self._sweep, ax, column=column)


class Sweep:
    """What a sweep left in its folder. `status` is the exit status of the program where `soliton.sweep` started it, else
    None."""

    def __init__(self, folder: PathLike, status: Optional[int] = None) -> None:
        self.folder = Path(folder)
        self.status = status
        if not (self.folder / "sweep.json").is_file():
            raise FileNotFoundError(f"{self.folder} has no sweep.json: it is no sweep")

    @cached_property
    def results(self) -> dict[str, Any]:
        """sweep.json: series and their points (docs/experiments.md)."""
        return json.loads((self.folder / "sweep.json").read_text("utf-8"))

    @property
    def complete(self) -> bool:
        """Whether every point has results."""
        return bool(self.results["complete"])

    def table(self) -> Table:
        """A row a point: its series and x, what was measured, what was set for it (`set.KEY`), and every single value of its
        results.json."""
        return read_csv(self.folder, "sweep.csv")

    @property
    def missing(self) -> list[Row]:
        """The points without results, each with its series, x, state (`failed`, `interrupted`, `not run`) and error. The same
        sweep into the same folder runs those that were not run."""
        return [
            {
                "series": series["name"],
                "x": point["x"],
                "state": point["state"],
                "error": point.get("error"),
            }
            for series in self.results["series"]
            for point in series["points"]
            if point["state"] != "done"
        ]

    @property
    def report(self) -> Path:
        """report.html, a page of curves that needs no network."""
        return self.folder / "report.html"

    @property
    def plot(self) -> SweepPlots:
        return SweepPlots(self)

    def __repr__(self) -> str:
        return f"Sweep({str(self.folder)!r}{'' if self.complete else ', complete=False'})"

    def _repr_html_(self) -> str:
        table = self.table()
        return "" if isinstance(table, list) else table._repr_html_()
