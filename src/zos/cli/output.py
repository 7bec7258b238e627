"""Answers: tables for people, JSON for programs, progress bars on standard error.

In: plain values, dataclasses and models. Out: text. Times are shown with their offset, Discord's
ids are strings in JSON (they do not fit a JavaScript number), and nothing that people wrote can
steer the terminal.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from datetime import datetime
from enum import Enum
from typing import Any, Protocol, TypeVar

import click

from zos.core.text import printable

_NOTHING = "–"
_UNBOUNDED_COLUMNS = 10_000
_Command = TypeVar("_Command", bound=Callable[..., Any])


class Report(Protocol):
    """Moves a progress bar."""

    def __call__(self, done: int, total: int | None = None) -> None:
        """Say how much is done, and of how much when that is known."""
        ...


def json_option(command: _Command) -> _Command:
    """Add `--json`, the parameter `as_json`, to a command."""
    option = click.option("--json", "as_json", is_flag=True, help="Answer in JSON.")
    return option(command)


def show_json(value: object) -> None:
    """Print `value` as JSON: keys in the order of their definition."""
    click.echo(json.dumps(plain(value), indent=2, ensure_ascii=False, allow_nan=False))


def show_line(text: str) -> None:
    """Print a line of text, some of which may be people's."""
    click.echo(printable(text))


def show_table(
    columns: Sequence[str], rows: Iterable[Sequence[object]], *, empty: str = "Nothing."
) -> None:
    """Print a table, or the sentence `empty` when it has no rows.

    On a terminal cells wrap at its width; elsewhere every row is one line, however long.
    """
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    filled = [list(row) for row in rows]
    if not filled:
        click.echo(empty)
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for index, column in enumerate(columns):
        is_number = all(_is_number(row[index]) for row in filled)
        table.add_column(column, justify="right" if is_number else "left", overflow="fold")
    for row in filled:
        table.add_row(*(Text(cell(value)) for value in row))
    width = None if sys.stdout.isatty() else _UNBOUNDED_COLUMNS
    Console(file=sys.stdout, width=width).print(table)


@contextmanager
def progress(label: str) -> Iterator[Report]:
    """Show a bar on standard error while a block runs, if that is a terminal."""
    if not sys.stderr.isatty():
        yield _no_report
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(label, total=None)

        def report(done: int, total: int | None = None) -> None:
            bar.update(task, completed=done, total=total)

        yield report


def cell(value: object) -> str:
    """Return a value as a person reads it in a table: times to the minute, in their own zone."""
    match value:
        case None | "":
            return _NOTHING
        case bool():
            return "yes" if value else "no"
        case float():
            return f"{value:,.4f}".rstrip("0").rstrip(".")
        case datetime():
            return f"{value:%Y-%m-%d %H:%M} {value.tzname()}"
        case Enum():
            return str(value.value)
        case _:
            return printable(str(value))


def plain(value: object, key: str = "") -> Any:
    """Return `value` as JSON can hold it.

    Args:
        value: What to show.
        key: The name that it has where it is from: `id`, `…_id` and `…_ids` hold Discord's ids.
    """
    if isinstance(value, Enum):
        value = value.value
    if isinstance(value, Mapping):
        return {str(name): plain(part, str(name)) for name, part in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        parts = sorted(value) if isinstance(value, set | frozenset) else value
        return [plain(part, key) for part in parts]
    if _is_number(value) and (key == "id" or key.endswith(("_id", "_ids"))):
        return str(value)
    return value if value is None or isinstance(value, str | int | float) else _object(value)


def _object(value: object) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if is_dataclass(value) and type(value).__str__ is object.__str__:
        return {one.name: plain(getattr(value, one.name), one.name) for one in fields(value)}
    return str(value)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _no_report(done: int, total: int | None = None) -> None:
    """Nobody looks."""
