"""Tables: CSV files and lists of JSON objects, as data frames where there is pandas, else as lists of dicts."""

from __future__ import annotations

import csv
import importlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Iterable, List, Mapping, Optional, Union

if TYPE_CHECKING:
    import pandas

    Table = Union[pandas.DataFrame, List[dict]]
else:
    Table = Any

Row = dict

# Types of columns, as columns.json has them, and what pandas calls them: all of them can say "nothing".
_FRAME_TYPES = {"integer": "Int64", "number": "float64", "string": "string", "boolean": "boolean"}
_TRUTH = {"yes": True, "no": False, "true": True, "false": False}
# A text that a spreadsheet would run has an apostrophe in front.
_FORMULA = ("'=", "'+", "'-", "'@", "'\t", "'\r")


def optional(name: str) -> Any:
    """A module that need not be installed, or None."""
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


def needed(name: str, what: str) -> Any:
    module = optional(name)
    if module is None:
        raise ImportError(f"{what} needs {name.split('.')[0]}, which is not installed", name=name)
    return module


def cell(text: str, type: str) -> Any:
    """What a cell says; None where it is empty.

    >>> cell("58.4812", "number"), cell("12", "integer"), cell("no", "boolean"), cell("", "number"), cell("'=a", "string")
    (58.4812, 12, False, None, '=a')
    """
    if text == "":
        return None
    if type == "integer":
        return int(text)
    if type == "number":
        return float(text)
    if type == "boolean":
        return _TRUTH[text]
    return text[1:] if text.startswith(_FORMULA) else text


def column_types(folder: Path, file: str) -> dict[str, str]:
    """The types of a file's columns by columns.json beside it; none where a version before it wrote the folder."""
    path = folder / "columns.json"
    if not path.exists():
        return {}
    described = json.loads(path.read_text("utf-8"))["files"].get(file, [])
    return {column["name"]: column["type"] for column in described}


def guess_type(texts: Iterable[str]) -> str:
    """The narrowest type of which all cells are.

    >>> guess_type(["1", "", "2"]), guess_type(["1", "2.5"]), guess_type(["yes"]), guess_type(["yes", "b"]), guess_type([""])
    ('integer', 'number', 'boolean', 'string', 'number')
    """
    present = [text for text in texts if text != ""]
    if not present:
        return "number"
    for type in ("integer", "number", "boolean"):
        try:
            for text in present:
                cell(text, type)
            return type
        except (ValueError, KeyError):
            continue
    return "string"


def read_csv(folder: Path, file: str) -> Table:
    """A CSV file of a run or a sweep, with the types that columns.json says. Lines that begin with # are no rows."""
    with (folder / file).open(encoding="utf-8", newline="") as lines:
        rows = csv.reader(line for line in lines if not line.startswith("#"))
        names = next(rows, [])
        # The last line of a file that is still being written may be cut off.
        cells = [row for row in rows if len(row) == len(names)]
    columns = list(zip(*cells)) if cells else [() for _ in names]
    known = column_types(folder, file)
    types = {name: known.get(name) or guess_type(column) for name, column in zip(names, columns)}
    values = {
        name: [cell(text, types[name]) for text in column] for name, column in zip(names, columns)
    }
    return table_of_columns(values, types)


def table_of_columns(values: Mapping[str, list], types: Mapping[str, str]) -> Table:
    pandas = optional("pandas")
    if pandas is None:
        return [dict(zip(values, row)) for row in zip(*values.values())]
    return pandas.DataFrame(
        {
            name: pandas.array(column, dtype=_FRAME_TYPES[types[name]])
            if types[name] != "number"
            else pandas.Series(column, dtype="float64")
            for name, column in values.items()
        }
    )


def flat(record: Mapping[str, Any], above: str = "") -> Row:
    """Maps in maps as one, with dots between their keys.

    >>> flat({"name": "fpga0", "memory": {"used_bytes": 7}, "islands": [1]})
    {'name': 'fpga0', 'memory.used_bytes': 7, 'islands': [1]}
    """
    out: Row = {}
    for key, value in record.items():
        if isinstance(value, Mapping):
            out.update(flat(value, f"{above}{key}."))
        else:
            out[above + key] = value
    return out


# The last parts of names whose values are measures: a whole number among them is by chance.
_MEASURES = ("_us", "_fraction", "_error", "_rps", "_gbps", "_tflops", "_uj", "_share", "gap", "utilization", "accuracy")


def is_measure(name: str) -> bool:
    """Whether values are real numbers whatever they happen to be.

    >>> is_measure("busy_us.request"), is_measure("latency_us.p99"), is_measure("memory.used_bytes")
    (True, True, False)
    """
    return any(part.endswith(_MEASURES) for part in name.split("."))


def value_type(name: str, values: Iterable[Any]) -> Optional[str]:
    """The type of a column of JSON values; None where they are lists, or of several kinds."""
    kinds = {type(value) for value in values if value is not None}
    if kinds <= {int, float} and (is_measure(name) or float in kinds or not kinds):
        return "number"
    return {int: "integer", str: "string", bool: "boolean"}.get(kinds.pop()) if len(kinds) == 1 else None


def read_records(records: Iterable[Mapping[str, Any]]) -> Table:
    """JSON objects as a table; what one of them does not have is empty."""
    rows = [flat(record) for record in records]
    names: list[str] = []
    for row in rows:
        names += [name for name in row if name not in names]
    columns = {name: [row.get(name) for row in rows] for name in names}
    types = {name: value_type(name, column) for name, column in columns.items()}
    for name, kind in types.items():
        if kind == "number":
            columns[name] = [None if value is None else float(value) for value in columns[name]]
    pandas = optional("pandas")
    if pandas is None:
        return [dict(zip(columns, row)) for row in zip(*columns.values())]
    return pandas.DataFrame(
        {
            name: pandas.Series(column, dtype=_FRAME_TYPES.get(types[name] or "", "object"))
            for name, column in columns.items()
        }
    )


def column(table: Table, name: str) -> list:
    """A column as a list, of either kind of table."""
    if isinstance(table, list):
        return [row.get(name) for row in table]
    found = table[name]
    return [None if missing else value for value, missing in zip(found.tolist(), found.isna())]
