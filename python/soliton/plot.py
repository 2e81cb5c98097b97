"""Plots of runs and sweeps, by matplotlib. Each draws into `ax`, or into a new figure, and returns the axes.

    soliton.plot.cdf({"one client": a, "ten clients": b})
    soliton.plot.timeline(run)
    soliton.plot.scaling(sweep)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Iterable, Mapping, Optional, Union

from soliton._tables import column as _column
from soliton._tables import needed as _needed

if TYPE_CHECKING:
    from soliton._program import PathLike
    from soliton._run import Run
    from soliton._sweep import Sweep

    Runs = Union[Run, PathLike, Iterable[Union[Run, PathLike]], Mapping[str, Union[Run, PathLike]]]

__all__ = ["cdf", "scaling", "timeline"]


def _axes(ax: Any) -> Any:
    if ax is not None:
        return ax
    return _needed("matplotlib.pyplot", "soliton.plot").subplots()[1]


def _opened(run: Any) -> Any:
    from soliton._files import open

    return run if hasattr(run, "folder") else open(run)


def _labelled(runs: Any) -> dict[str, Any]:
    """Runs by what to call them."""
    if isinstance(runs, Mapping):
        return {str(label): _opened(run) for label, run in runs.items()}
    if isinstance(runs, (str, bytes)) or hasattr(runs, "__fspath__") or hasattr(runs, "folder"):
        runs = [runs]
    opened = [_opened(run) for run in runs]
    names = [run.results["name"] for run in opened]
    folders = [run.folder.name for run in opened]
    labels = names if len(set(names)) == len(names) else folders if len(set(folders)) == len(folders) else None
    return {labels[i] if labels else f"{names[i]} {i}": run for i, run in enumerate(opened)}


def _words(column: str) -> str:
    """`latency_us` as a reader would say it.

    >>> _words("latency_us"), _words("latency_us.p99"), _words("throughput_rps"), _words("speedup")
    ('latency (us)', 'latency p99 (us)', 'throughput (rps)', 'speedup')
    """
    unit = ""
    parts = []
    for part in column.split("."):
        for ending in ("us", "rps", "gbps", "bytes", "tflops"):
            if part.endswith("_" + ending):
                part, unit = part[: -len(ending) - 1], f" ({ending})"
        parts.append(part.replace("_", " "))
    return " ".join(parts) + unit


def cdf(runs: Runs, ax: Any = None, *, column: str = "latency_us") -> Any:
    """What share of the requests took at most so long: a curve a run. `runs` is a run or its folder, several of them, or a map
    from labels to them; `column` is any time of requests.csv."""
    ax = _axes(ax)
    labelled = _labelled(runs)
    for label, run in labelled.items():
        values = sorted(value for value in _column(run.requests(), column) if value is not None)
        shares = [(i + 1) / len(values) for i in range(len(values))]
        ax.step(values[:1] + values, [0.0] * bool(values) + shares, where="post", label=label)
    ax.set_xlabel(_words(column))
    ax.set_ylabel("share of requests")
    ax.set_ylim(0, 1.02)
    if len(labelled) > 1:
        ax.legend()
    return ax


def timeline(run: Union[Run, PathLike], ax: Any = None) -> Any:
    """Latencies over the time at which requests were sent; faults are shaded from their beginning to their end."""
    ax = _axes(ax)
    run = _opened(run)
    requests = run.requests()
    sent, latency = _column(requests, "sent_us"), _column(requests, "latency_us")
    answered = [(x, y) for x, y in zip(sent, latency) if y is not None]
    ax.plot([x for x, _ in answered], [y for _, y in answered], ".", markersize=3, label="answered")
    failed = [x for x, y in zip(sent, latency) if y is None]
    if failed:
        ax.plot(failed, [0] * len(failed), "x", color="tab:red", label="failed")
    end = max((x + y for x, y in answered), default=0)
    for fault in run.results["faults"]:
        begin = fault.get("at_us")
        if begin is None:
            continue
        until = fault.get("healed_us")
        ax.axvspan(begin, end if until is None else until, alpha=0.15, color="tab:red", lw=0)
    if failed:
        ax.legend()
    ax.set_xlabel("sent (us)")
    ax.set_ylabel(_words("latency_us"))
    ax.set_ylim(bottom=0)
    return ax


def scaling(sweep: Union[Sweep, PathLike], ax: Any = None, *, column: Optional[str] = None) -> Any:
    """A column of the sweep's table over x, a curve a series. By default the speed-up, with what the axis would bring at best as
    a dashed line; where x is no amount of hardware, the mean latency."""
    ax = _axes(ax)
    sweep = _opened(sweep)
    rows = sweep.table()
    series, xs = _column(rows, "series"), _column(rows, "x")
    kinds = {it.get("scaling") for it in sweep.results["series"]}
    speedup = column is None and "none" not in kinds
    shown = column or ("speedup" if speedup else "latency_mean_us")
    values = _column(rows, shown)
    for name in dict.fromkeys(series):
        points = [(x, y) for s, x, y in zip(series, xs, values) if s == name and y is not None]
        ax.plot([x for x, _ in points], [y for _, y in points], "o-", label=name)
    if speedup and xs:
        ends = [min(xs), max(xs)]
        ax.plot(ends, [x / ends[0] for x in ends], "--", color="gray", label="ideal")
    ax.set_xlabel(", ".join(dict.fromkeys(_column(rows, "axis"))))
    ax.set_ylabel(_words(shown))
    ax.legend()
    return ax
