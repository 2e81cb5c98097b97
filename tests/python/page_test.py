"""docs/python.md is a notebook: its cells are run one after the other, and what they give must stand below them.

A block of `python` is a cell, a block of `text` right below it what it prints and, if it ends with an expression, its value.
A line that is only … stands for one or more lines. Axes are not shown but drawn: with SOLITON_PICTURES=FOLDER into FOLDER/python-N.svg.
SOLITON_REPAIR_DOCUMENTS=1 writes into the page what comes; what is left out stays left out where the lines around it still
fit.
"""

import ast
import contextlib
import io
import os
import re
import unittest
from pathlib import Path

import matplotlib.pyplot as plt
import pandas

from samples import SOURCES

PAGE = SOURCES / "docs/python.md"
LEFT_OUT = "…"
CELL = re.compile(r"^```python\n(.*?)^```\n(?:\n?```text\n(.*?)^```\n)?", re.M | re.S)


def value_of(code, names):
    """What a cell prints, and the value it ends with."""
    tree = ast.parse(code)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(tree, "cell", "exec"), names)
        value = eval(compile(ast.Expression(last.value), "cell", "eval"), names) if last else None
    return printed.getvalue(), value


def shown(code, names):
    """The lines below a cell."""
    printed, value = value_of(code, names)
    if isinstance(value, plt.Axes):
        value = None
    text = printed + (f"{value!r}\n" if value is not None else "")
    return [line.rstrip() for line in text.splitlines()]


def fits(expected, lines):
    """Whether lines are as expected, where one that is only … stands for one or more."""
    if not expected:
        return not lines
    if expected[0] == LEFT_OUT:
        return any(fits(expected[1:], lines[i:]) for i in range(1, len(lines) + 1))
    return bool(lines) and expected[0] == lines[0] and fits(expected[1:], lines[1:])


def save_pictures(ordinal, folder):
    for figure in map(plt.figure, plt.get_fignums()):
        if folder:
            figure.savefig(Path(folder) / f"python-{ordinal}.svg")
        plt.close(figure)


class Page(unittest.TestCase):
    def test_the_checker_finds_what_is_wrong(self):
        self.assertTrue(fits(["a", "…", "d"], ["a", "b", "c", "d"]))
        self.assertFalse(fits(["a", "…", "d"], ["a", "d"]))
        self.assertFalse(fits(["a"], ["a", "b"]))
        self.assertFalse(fits(["a", "b"], ["a"]))

    def test_every_cell_gives_what_stands_below_it(self):
        for folder in ("configs", "topologies"):
            os.symlink(SOURCES / folder, folder)
        pandas.set_option("display.width", 130, "display.max_columns", 12, "display.precision", 4)
        names, page, wrong = {}, PAGE.read_text(), []
        cells = list(CELL.finditer(page))
        self.assertGreater(len(cells), 5)
        for ordinal, cell in enumerate(cells, 1):
            lines = shown(cell[1], names)
            save_pictures(ordinal, os.environ.get("SOLITON_PICTURES"))
            expected = (cell[2] or "").splitlines()
            if not fits(expected, lines):
                wrong.append((cell, lines))
        if wrong and os.environ.get("SOLITON_REPAIR_DOCUMENTS"):
            self.repair(page, wrong)
        self.assertEqual([], ["\n".join([cell[1], *lines]) for cell, lines in wrong])

    @staticmethod
    def repair(page, wrong):
        for cell, lines in wrong:
            block = f"```python\n{cell[1]}```\n" + ("```text\n" + "\n".join(lines) + "\n```\n" if lines else "")
            page = page.replace(cell[0], block)
        PAGE.write_text(page)


if __name__ == "__main__":
    unittest.main()
