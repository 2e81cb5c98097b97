"""What differs between two runs."""

from __future__ import annotations

from typing import Any, Union

from soliton._program import PathLike
from soliton._run import Run
from soliton._tables import Row, Table, flat, read_records


def _single_values(run: Union[Run, PathLike]) -> Row:
    results = (run if isinstance(run, Run) else Run(run)).results
    values = flat(results)
    return {key: value for key, value in values.items() if not key.startswith("wall.") and not isinstance(value, list)}


def _change(a: Any, b: Any) -> Any:
    numbers = all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in (a, b))
    return b / a - 1 if numbers and a != 0 else None


def compare(a: Union[Run, PathLike], b: Union[Run, PathLike]) -> Table:
    """The single values of results.json that differ, in its order: `key`, `a`, `b`, and for numbers `change`, by what part b is
    above a. Empty: the runs have the same results. Lists (nodes, links, faults) and this machine's part (wall) are left out.
    """
    of_a, of_b = _single_values(a), _single_values(b)
    keys = list(of_a) + [key for key in of_b if key not in of_a]
    return read_records(
        {"key": key, "a": of_a.get(key), "b": of_b.get(key), "change": _change(of_a.get(key), of_b.get(key))}
        for key in keys
        if of_a.get(key) != of_b.get(key)
    )
