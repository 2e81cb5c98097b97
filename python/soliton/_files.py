"""Folders that are there already."""

from __future__ import annotations

from pathlib import Path
from typing import Union

from soliton._program import PathLike
from soliton._run import Run
from soliton._sweep import Sweep


def open(folder: PathLike) -> Union[Run, Sweep]:
    """The run or the sweep in a folder. FileNotFoundError: it holds neither."""
    path = Path(folder)
    if (path / "sweep.json").is_file():
        return Sweep(path)
    if (path / "results.json").is_file():
        return Run(path)
    raise FileNotFoundError(f"{path} holds neither a run nor a sweep")
