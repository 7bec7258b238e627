"""Names of channels and threads. A thread's name is what somebody wrote: nobody without consent is named in it."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from sqlalchemy import select

from zos.consent.names.store import known_in
from zos.db.sets import one_of
from zos.db.tables import channel
from zos.observe.events import ChannelKind
from zos.prompts.labels import nameless

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from zos.consent.store import ConsentStore

_PLACES = select(channel.c.id, channel.c.name, channel.c.kind).where(one_of(channel.c.id, "ids"))


async def places_named(
    connection: AsyncConnection, ids: Collection[int], consents: ConsentStore
) -> dict[int, str]:
    """Return the names of those of the channels and threads `ids` that are known, as they are shown."""
    if not ids:
        return {}
    rows = (await connection.execute(_PLACES, {"ids": ids})).all()
    names = {row.id: row.name for row in rows}
    threads = {row.id: row.name for row in rows if row.kind == ChannelKind.THREAD}
    known = await known_in(connection, threads.values())
    if known:
        told = nameless(known, await consents.view(connection, among=known))
        names |= {one: told(name) for one, name in threads.items()}
    return names
