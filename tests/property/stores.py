"""One store for many examples: emptied before each, and read back as plain figures."""

from __future__ import annotations

from typing import NamedTuple

from hypothesis import HealthCheck, settings
from sqlalchemy import delete, insert, select
from tests.property.worlds import BOT, PEOPLE, START

from zos.core.ids import new_ulid
from zos.db.engine import Database
from zos.db.tables import member, salience_entry, server, topic
from zos.db.tables.base import to_micros
from zos.salience.amounts import Caps
from zos.salience.ledger import SalienceLedger

on_a_store = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


class Figures(NamedTuple):
    """What a topic's row says."""

    balance: int
    base: int
    decay_from: int
    active_at: int
    material: int


async def emptied(database: Database) -> None:
    """Take everything out but the members and servers, which are put in."""
    async with database.write() as connection:
        for table in (salience_entry, topic, member, server):
            await connection.execute(delete(table))
        await connection.execute(
            insert(member),
            [
                {"id": one, "name": str(one), "display_name": str(one), "is_bot": one == BOT}
                for one in (*PEOPLE, BOT)
            ],
        )
        await connection.execute(insert(server), [{"id": one, "name": "s"} for one in (10, 20)])


async def stored(database: Database) -> dict[str, Figures]:
    """Return every topic's figures."""
    async with database.read() as connection:
        rows = await connection.execute(select(topic))
        return {
            row.key: Figures(
                row.balance,
                row.decay_base,
                to_micros(row.decay_from),
                to_micros(row.last_activity_at),
                row.new_material,
            )
            for row in rows
        }


def batch_id() -> str:
    """Return a fresh batch id."""
    return new_ulid(START)


async def assert_sound(ledger: SalienceLedger) -> None:
    """The ledger's sums are the balances, and no balance is below nothing or above its cap."""
    assert await ledger.audit() == []
    caps = Caps(ledger.config.salience.caps)
    for one in await ledger.top(limit=1_000):
        assert 0 <= one.balance_micro <= caps.of(one.key)
