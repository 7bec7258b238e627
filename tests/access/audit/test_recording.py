"""Commands that no request asked for are recorded with what became of them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
import structlog

from zos.access.audit.recording import recorded
from zos.access.audit.store import AuditLog, AuditRow
from zos.access.principal import Origin, Principal, Role, Via
from zos.core.clock import SimulatedClock
from zos.core.errors import DatabaseError, LayerNotFoundError
from zos.db.engine import Database

ANN = Principal("discord:11", Role.OPERATOR, Via.DISCORD)


@pytest.fixture
def audit(database: Database, clock: SimulatedClock) -> AuditLog:
    return AuditLog(database, clock)


@pytest.fixture
def said() -> Iterator[list[structlog.typing.EventDict]]:
    with structlog.testing.capture_logs() as logs:
        yield logs


async def only(audit: AuditLog) -> AuditRow:
    (row,) = (await audit.page()).items
    return row


async def test_what_is_done_is_recorded_with_where_it_was_asked_for(audit: AuditLog) -> None:
    async with recorded(audit, ANN, "pause", "nightly"):
        assert (await audit.page()).items == ()
    row = await only(audit)
    assert (row.name, row.origin, row.action, row.target) == (
        "discord:11",
        Origin.DISCORD,
        "pause",
        "nightly",
    )
    assert (row.method, row.status, row.is_done) == ("DISCORD", 200, True)


async def test_a_refusal_is_recorded_as_one(audit: AuditLog) -> None:
    with pytest.raises(LayerNotFoundError):
        async with recorded(audit, Principal.at_terminal("ann"), "trigger", "nigthly"):
            raise LayerNotFoundError
    row = await only(audit)
    assert (row.origin, row.method, row.status) == (Origin.CLI, "CLI", 404)


@pytest.mark.parametrize(
    ("error", "status"), [(asyncio.CancelledError, 503), (ZeroDivisionError, 500)]
)
async def test_what_was_cut_short_is_not_recorded_as_done(
    audit: AuditLog, error: type[BaseException], status: int
) -> None:
    with pytest.raises(error):
        async with recorded(audit, ANN, "trigger", "nightly"):
            raise error
    assert (await only(audit)).status == status


async def test_the_log_says_what_the_record_cannot(
    audit: AuditLog,
    said: list[structlog.typing.EventDict],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def fail(*_: object) -> None:
        raise DatabaseError("the disk is full")

    monkeypatch.setattr(AuditLog, "record", fail)
    async with recorded(audit, ANN, "pause", "nightly"):
        pass
    (entry,) = said
    assert (entry["event"], entry["by"], entry["action"]) == (
        "write_not_recorded",
        "discord:11",
        "pause",
    )
