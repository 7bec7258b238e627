"""One page of a longer list."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

Item = TypeVar("Item")

MAX_LIMIT = 200


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    """Items in order, and where the next page begins.

    Attributes:
        next_cursor: What to ask the next page with; None on the last page.
    """

    items: tuple[Item, ...]
    next_cursor: str | None


def page_of(found: Sequence[Item], limit: int, cursor: Callable[[Item], str]) -> Page[Item]:
    """Return the page of `limit` items out of `limit` + 1 that were asked for.

    Args:
        found: At most one more than `limit`.
        limit: Items on the page.
        cursor: The cursor that continues after an item.
    """
    items = tuple(found[:limit])
    return Page(items, cursor(items[-1]) if len(found) > limit else None)
