"""One page of a longer list."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from zos.core.errors import UsageError

Item = TypeVar("Item")

MAX_LIMIT = 200
_CURSOR_DIGITS = 18


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


def parts_of_cursor(cursor: str, count: int) -> tuple[int, ...]:
    """Return the `count` numbers, with points between them, that a cursor is made of.

    Raises:
        UsageError: If it is not made so.
    """
    parts = cursor.split(".")
    if len(parts) != count or not all(map(_is_number, parts)):
        raise UsageError(
            f"{cursor!r} is no cursor of this list.",
            hint="Leave it out to begin at the first page.",
        )
    return tuple(map(int, parts))


def _is_number(part: str) -> bool:
    return part.isascii() and part.isdigit() and len(part) <= _CURSOR_DIGITS
