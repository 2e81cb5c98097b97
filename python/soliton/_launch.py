"""Commands of the program that make runs, sweeps, plans and findings."""

from __future__ import annotations

import json
import os
import time as clock
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Mapping, Optional

from soliton._program import PathLike, SolitonError, call, cluster_options
from soliton._run import Run
from soliton._sweep import Sweep


def _new_folder(file: PathLike) -> Path:
    """runs/NAME-STAMP, made here and now, so that of two runs that begin in one second each has its own."""
    stamp = clock.strftime("%Y%m%d-%H%M%S")
    stem = "run" if os.fspath(file) == "-" else Path(file).stem
    Path("runs").mkdir(exist_ok=True)
    for ordinal in range(1, 1000):
        folder = Path("runs") / (f"{stem}-{stamp}" + (f"-{ordinal}" if ordinal > 1 else ""))
        try:
            folder.mkdir(mode=0o700)
            return folder
        except FileExistsError:
            continue
    raise FileExistsError(f"runs/{stem}-{stamp} and many more are there already")


def run(
    file: PathLike,
    *,
    out: Optional[PathLike] = None,
    set: Mapping[str, object] = {},
    seed: Optional[int] = None,
    time: Optional[str] = None,
    processes: Optional[str] = None,
    check: bool = True,
    program: Optional[PathLike] = None,
) -> Run:
    """Runs a cluster file to its end, and returns what it left.

    `set` overrides keys of the file, as `--set` does: `{"workload.requests": 100, "nodes[0].device": "bw-a10"}`. `out` is the
    folder, by default runs/NAME-STAMP after the name of the file. `time` is "virtual" or "wall", `processes` "per-node" or
    "packed". The file may also be one that comes with the program: "quickstart".

    SolitonError: the status is not 0. With `check=False` a run that left results is returned all the same, with its
    `status`.
    """
    folder = Path(out) if out is not None else _new_folder(file)
    earlier = _version_of(folder / "results.json")
    arguments = ["run", os.fspath(file), "--quiet", "--out", str(folder)]
    try:
        ended = call(program, arguments + cluster_options(set, seed, time, processes))
    finally:
        left = _version_of(folder / "results.json") not in (None, earlier)
        if out is None and not left:
            _drop_empty(folder)
    if ended.status != 0 and (check or not left):
        raise SolitonError(ended.status, ended.said, folder if left else None)
    return Run(folder, ended.status)


def _version_of(file: Path) -> Optional[tuple[int, int]]:
    """What tells a file from the one that was there before it, as the program replaces files and never rewrites them."""
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns


def _drop_empty(folder: Path) -> None:
    """A folder that was made for a run that never began goes again."""
    try:
        folder.rmdir()
    except OSError:
        pass


def sweep(
    file: PathLike,
    *,
    out: Optional[PathLike] = None,
    set: Mapping[str, object] = {},
    seed: Optional[int] = None,
    time: Optional[str] = None,
    processes: Optional[str] = None,
    check: bool = True,
    program: Optional[PathLike] = None,
) -> Sweep:
    """Runs the points of an experiment file, and returns what they left. Points that an earlier sweep into the same folder has
    finished are kept; `out` is by default runs/NAME, after the name in the file. The rest is as for `run`."""
    arguments = ["sweep", os.fspath(file), "--json"]
    if out is not None:
        arguments += ["--out", os.fspath(out)]
    earlier = _version_of(Path(out) / "sweep.json") if out is not None else None
    ended = call(program, arguments + cluster_options(set, seed, time, processes))
    folder = Path(out) if out is not None else _folder_of_sweep(ended.out)
    left = folder is not None and _version_of(folder / "sweep.json") not in (None, earlier)
    if folder is None or (ended.status != 0 and (check or not left)):
        raise SolitonError(ended.status, ended.said, folder if left else None)
    return Sweep(folder, ended.status)


def _folder_of_sweep(out: str) -> Optional[Path]:
    try:
        return Path("runs") / json.loads(out)["name"]
    except ValueError:  # the sweep did not begin
        return None


def plan(
    file: PathLike,
    *,
    set: Mapping[str, object] = {},
    seed: Optional[int] = None,
    program: Optional[PathLike] = None,
) -> dict[str, Any]:
    """Where each part of the model would go, how full the memories are, and what latency that promises: plan.json as a dict.
    SolitonError: the file is wrong (2), or the model does not fit (3)."""
    options = cluster_options(set, seed, None, None)
    ended = call(program, ["plan", os.fspath(file), "--json", *options])
    ended.raise_unless(0, 1)  # 1: the plan misses what the file asks for, and says so
    return json.loads(ended.out)


@dataclass(frozen=True)
class Diagnostic:
    """Something wrong with a file. `file`, `line` and `column` are None where it has no place in one.

    >>> str(Diagnostic("a.yaml", 3, 7, 'no device called "x"'))
    'a.yaml:3:7: no device called "x"'
    """

    file: Optional[str]
    line: Optional[int]
    column: Optional[int]
    message: str

    def __str__(self) -> str:
        return self.message if self.file is None else f"{self.file}:{self.line}:{self.column}: {self.message}"


def check(
    file: PathLike, *, set: Mapping[str, object] = {}, program: Optional[PathLike] = None
) -> list[Diagnostic]:
    """Everything that is wrong with a cluster, experiment, device or topology file. Empty: it is good."""
    options = cluster_options(set, None, None, None)
    ended = call(program, ["check", os.fspath(file), "--json", *options])
    try:
        verdicts = json.loads(ended.out)
    except ValueError:
        raise SolitonError(ended.status, ended.said) from None
    return [
        Diagnostic(error["file"], error["line"], error["column"], error["message"])
        for verdict in verdicts
        for error in verdict["errors"]
    ]
