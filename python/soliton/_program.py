"""The program `soliton`: where it is, and what became of a command."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Mapping, Optional, Sequence, Union

PathLike = Union[str, "os.PathLike[str]"]

# Exit statuses of the program that have a meaning.
MEANINGS = {
    1: "a check failed",
    2: "bad usage or input",
    3: "the model does not fit the memories",
    4: "the cluster broke and did not recover",
    5: "no progress, or out of time",
    6: "results could not be written",
    7: "this machine is short of something",
    70: "a bug of the program",
    130: "interrupted by INT",
    143: "interrupted by TERM or HUP",
}


class SolitonError(RuntimeError):
    """A command that did not end with status 0.

    `status` is the exit status, `text` what the program said, `folder` what it left, if anything: a run that broke keeps what
    was measured until then.

    >>> error = SolitonError(2, "x.yaml:1:1: empty")
    >>> str(error)
    'x.yaml:1:1: empty'
    >>> error.meaning
    'bad usage or input'
    """

    def __init__(self, status: int, text: str, folder: Optional[Path] = None) -> None:
        super().__init__(status, text, folder)
        self.status = status
        self.text = text
        self.folder = folder

    def __str__(self) -> str:
        return self.text or f"soliton ended with status {self.status}: {self.meaning}"

    @property
    def meaning(self) -> str:
        if self.status < 0:
            return f"killed by signal {-self.status}"
        return MEANINGS.get(self.status, "unknown")


def find_program(program: Optional[PathLike] = None) -> str:
    """The program to start: `program`, else that of SOLITON_PROGRAM, on the PATH, of the prefix this package was installed
    into, or of the clone it lies in."""
    if program is not None:
        return _existing(program, "program=")
    given = os.environ.get("SOLITON_PROGRAM")
    if given:
        return _existing(given, "SOLITON_PROGRAM")
    found = shutil.which("soliton")
    if found:
        return found
    package = Path(__file__).resolve().parent
    # PREFIX/lib/python3/dist-packages/soliton, or python/soliton of a clone.
    for above, below in ((3, "bin/soliton"), (1, "build/release/bin/soliton")):
        near = package.parents[above] / below if len(package.parents) > above else None
        if near is not None and os.access(near, os.X_OK):
            return str(near)
    raise SolitonError(7, "there is no program soliton on the PATH; name it with program= or SOLITON_PROGRAM")


def _existing(program: PathLike, said_by: str) -> str:
    found = shutil.which(os.fspath(program))
    if found is None:
        raise SolitonError(7, f"{said_by}: there is no program {os.fspath(program)}")
    return found


class Ended:
    """How a command ended, and what it said."""

    def __init__(self, status: int, out: str, said: str) -> None:
        self.status = status
        self.out = out
        self.said = said.strip()

    def raise_unless(self, *good: int, folder: Optional[Path] = None) -> None:
        if self.status not in good:
            raise SolitonError(self.status, self.said, folder)


def call(program: Optional[PathLike], arguments: Sequence[str]) -> Ended:
    """Runs a command to its end. An interrupt is handed on, so that the program keeps what it has measured."""
    with subprocess.Popen(
        [find_program(program), *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        try:
            out, said = process.communicate()
        except BaseException:
            process.send_signal(signal.SIGINT)
            process.communicate()
            raise
    return Ended(process.returncode, out.decode("utf-8", "replace"), said.decode("utf-8", "replace"))


def spell(value: object) -> str:
    """A value as --set takes it, which is YAML of one line.

    >>> spell(True), spell(100), spell("2.5 us"), spell(["fp32", {"a": None}])
    ('true', '100', '2.5 us', '[fp32, {a: null}]')
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return "null"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{spell(key)}: {spell(item)}" for key, item in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(spell(item) for item in value) + "]"
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    return str(value)


def cluster_options(
    set: Mapping[str, object], seed: Optional[int], time: Optional[str], processes: Optional[str]
) -> list[str]:
    """The options that override keys of a cluster file."""
    options: list[str] = []
    for key, value in set.items():
        options += ["--set", f"{key}={spell(value)}"]
    for name, given in (("--seed", seed), ("--time", time), ("--processes", processes)):
        if given is not None:
            options += [name, str(given)]
    return options
