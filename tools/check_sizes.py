"""The size gate: no file over 400 lines, no function over 50.

In: files or folders of Python source. Out: one line for each that is too long, a line of medians
and 95th percentiles, and exit code 1 when anything was too long. Migrations are left out: a
migration is a record of what was done, not code to be read and changed.
"""

from __future__ import annotations

import argparse
import ast
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 50
EXEMPT_FOLDER = "migrations"


@dataclass(frozen=True, order=True)
class Sized:
    """A file or a function (`file:line name`) and its length in lines, docstring included."""

    lines: int
    name: str


def python_files(roots: Iterable[Path]) -> Iterator[Path]:
    """Yield every Python file at or below `roots`, migrations excepted, in stable order."""
    for root in roots:
        for path in sorted(root.rglob("*.py")) if root.is_dir() else [root]:
            if EXEMPT_FOLDER not in path.parts:
                yield path


def functions_of(path: Path, source: str) -> Iterator[Sized]:
    """Yield every function of a file, from its `def` to its last line."""
    for node in ast.walk(ast.parse(source, filename=str(path))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            last = node.end_lineno or node.lineno
            yield Sized(last - node.lineno + 1, f"{path}:{node.lineno} {node.name}")


def percentile(sizes: Sequence[Sized], share: float) -> int:
    """Return the nearest-rank percentile of the lengths; 0 when there are none.

    Args:
        sizes: what was measured, in any order.
        share: 0 to 1, so 0.5 is the median.
    """
    if not sizes:
        return 0
    return sorted(sizes)[round(share * (len(sizes) - 1))].lines


def summary(kind: str, sizes: Sequence[Sized]) -> str:
    """Say how many there are and how long they are."""
    median, p95 = percentile(sizes, 0.5), percentile(sizes, 0.95)
    longest = max(sizes, default=Sized(0, "none"))
    return f"{len(sizes)} {kind}: median {median}, p95 {p95}, longest {longest.lines} lines"


def main(arguments: Sequence[str]) -> int:
    """Measure the given paths, print the report, return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("paths", nargs="+", type=Path)
    parser.add_argument("--max-file-lines", type=int, default=MAX_FILE_LINES)
    parser.add_argument("--max-function-lines", type=int, default=MAX_FUNCTION_LINES)
    options = parser.parse_args(arguments)

    files: list[Sized] = []
    functions: list[Sized] = []
    for path in python_files(options.paths):
        source = path.read_text(encoding="utf-8")
        files.append(Sized(len(source.splitlines()), str(path)))
        functions.extend(functions_of(path, source))

    limits = ((files, options.max_file_lines), (functions, options.max_function_lines))
    too_long = [(sized, limit) for sizes, limit in limits for sized in sizes if sized.lines > limit]
    for sized, limit in too_long:
        print(f"{sized.name}: {sized.lines} lines, {limit} allowed")
    print(summary("files", files))
    print(summary("functions", functions))
    return 1 if too_long else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
