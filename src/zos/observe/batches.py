"""Splitting long lists of ids, because a statement has room for so many parameters only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

IDS_PER_STATEMENT = 5_000
"""Well below SQLite's 32,766 parameters a statement."""

T = TypeVar("T")


def batches(items: Iterable[T], size: int = IDS_PER_STATEMENT) -> Iterator[list[T]]:
    """Yield `items` in lists of at most `size`, in order."""
    rest = iter(items)
    while batch := list(islice(rest, size)):
        yield batch
