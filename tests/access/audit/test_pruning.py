"""The record of writes ends by itself."""

from __future__ import annotations

from datetime import timedelta

from zos.access.audit.pruning import Pruning
from zos.access.audit.store import AuditLog, Deed
from zos.access.principal import Principal
from zos.core.clock import SimulatedClock
from zos.db.engine import Database


async def test_rows_go_once_they_are_older_than_configured_a_day_at_a_time(
    database: Database, clock: SimulatedClock
) -> None:
    audit = AuditLog(database, clock)
    start = clock.now()
    pruning = Pruning(audit, clock, days=400)

    async def kept() -> list[str]:
        return [one.target for one in (await audit.page()).items]

    for day in (0, 1, 2):
        clock.move_to(start + timedelta(days=day))
        deed = Deed("pause", "CLI", f"day {day}", 200)
        await audit.record(Principal.at_terminal("ann"), deed)
    clock.move_to(start + timedelta(days=400))
    assert not await pruning.step()
    assert len(await kept()) == 3
    clock.move_to(start + timedelta(days=401, hours=-1))
    assert not await pruning.step()  # it has looked today
    clock.move_to(start + timedelta(days=401, hours=1))
    assert await pruning.step()
    assert not await pruning.step()
    assert await kept() == ["day 2"]
