"""A member's export: one JSON document in pieces, whatever its size.

In: what is known, and the store. Out: bytes. Long lists are read page by page, each in a transaction
of its own, so that nobody waits for the export.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter

from zos.members.model import Known, KnownCall, KnownInsight
from zos.members.pages import store as pages
from zos.members.understanding import store as understanding
from zos.members.understanding.store import Reader

if TYPE_CHECKING:
    from zos.consent.store import ConsentStore
    from zos.db.engine import Connection, Database

FORMAT = "zos-member-export/1"
PAGE = 500
"""Entries of a list that are held at a time."""

_LISTS = {"insights", "insights_next", "model_calls", "insights_total", "model_calls_total"}
_KNOWN = TypeAdapter(Known)
_MESSAGE, _REACTION = TypeAdapter(pages.OwnMessage), TypeAdapter(pages.OwnReaction)
_MENTION, _INSIGHT = TypeAdapter(pages.Mention), TypeAdapter(KnownInsight)
_CALL = TypeAdapter(KnownCall)
_ANY: TypeAdapter[Any] = TypeAdapter(Any)

ReadPage = Callable[["Connection", Any], Awaitable[Sequence[Any]]]
"""A transaction and the last entry before the page (None: from the beginning) → the page."""


@dataclass(frozen=True, slots=True)
class _List:
    """A long list: what reads its pages, and its entries' own way into JSON, where ids are strings."""

    read: ReadPage
    entry: TypeAdapter[Any]


async def exported(
    database: Database, known: Known, consents: ConsentStore, now: datetime
) -> AsyncIterator[bytes]:
    """Yield the document: what is known, then every message, reaction, mention, insight and model call."""
    head = {"format": FORMAT, "exported_at": now, **_summary(known)}
    yield _ANY.dump_json(head)[:-1]
    for name, one in _lists(known.id, consents).items():
        yield f',\n"{name}":['.encode()
        async for piece in _entries(database, one):
            yield piece
        yield b"]"
    yield b"}\n"


async def pieces_of(export: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Return an export that has begun, so that what it cannot be made for is raised before any answer.

    Raises:
        NotFoundError: If nothing at all is known about the member.
    """
    first = await anext(export)

    async def begun() -> AsyncIterator[bytes]:
        yield first
        async for piece in export:
            yield piece

    return begun()


def _summary(known: Known) -> dict[str, Any]:
    everything: dict[str, Any] = _KNOWN.dump_python(known, mode="json")
    counted = {"messages": "message_counts", "mentions": "mentions_total"}
    return {
        counted.get(name, name): value for name, value in everything.items() if name not in _LISTS
    }


def _lists(member_id: int, consents: ConsentStore) -> dict[str, _List]:
    reader = Reader(member_id, private=True)

    async def insights(connection: Connection, last: Any) -> Sequence[KnownInsight]:
        roles = await understanding.roles_in(
            connection, member_id, before_id=None if last is None else last.id, limit=PAGE
        )
        return await understanding.known_insights(connection, consents, reader, roles)

    async def calls(connection: Connection, last: Any) -> Sequence[KnownCall]:
        before = None if last is None else last.id
        return await understanding.model_calls(connection, member_id, before=before, limit=PAGE)

    return {
        "messages": _List(pages.messages_of(member_id, PAGE), _MESSAGE),
        "reactions": _List(pages.reactions_of(member_id, PAGE), _REACTION),
        "mentions": _List(pages.mentions_of(member_id, PAGE), _MENTION),
        "insights": _List(insights, _INSIGHT),
        "model_calls": _List(calls, _CALL),
    }


async def _entries(database: Database, one: _List) -> AsyncIterator[bytes]:
    last: Any = None
    while True:
        async with database.read() as connection:
            page = await one.read(connection, last)
        if not page:
            return
        parts = [one.entry.dump_json(entry) for entry in page]
        yield (b",\n" if last is not None else b"\n") + b",\n".join(parts)
        last = page[-1]
