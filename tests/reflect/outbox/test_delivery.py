"""Outgoing texts are delivered at least once, tried again with growing pauses, and given up in the end."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select

from zos.core.clock import SimulatedClock
from zos.core.errors import ZosError
from zos.db.engine import Database
from zos.db.tables import outbox
from zos.reflect.context import OutgoingText
from zos.reflect.outbox.delivery import Delivery
from zos.reflect.outbox.store import MAX_ATTEMPTS, OutboxStore, put


class BusyError(ZosError):
    """Busy."""

    retryable = True


class RecordingPort:
    """Takes what it is given, after failing as often as it is told."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.taken: list[tuple[str, dict[str, object]]] = []

    async def deliver(self, destination: str, payload: dict[str, object]) -> None:
        if self.errors:
            raise self.errors.pop(0)
        self.taken.append((destination, payload))


async def write(database: Database, clock: SimulatedClock, *keys: str) -> None:
    texts = [OutgoingText(key, "log", {"text": key}) for key in keys]
    async with database.write() as connection:
        await put(connection, database, texts, run_id="r", now=clock.now())


async def test_a_text_is_delivered_once(database: Database, clock: SimulatedClock) -> None:
    await write(database, clock, "a", "b")
    await write(database, clock, "a")
    port = RecordingPort()
    delivery = Delivery(OutboxStore(database), port, clock)
    assert await delivery.step()
    assert not await delivery.step()
    assert [payload["dedup_key"] for _, payload in port.taken] == ["a", "b"]


async def test_a_passing_failure_is_tried_again_later(
    database: Database, clock: SimulatedClock
) -> None:
    await write(database, clock, "a")
    port = RecordingPort(BusyError(), TimeoutError())
    delivery = Delivery(OutboxStore(database), port, clock)
    await delivery.step()
    assert not await delivery.step()
    clock.move_to(clock.now() + timedelta(seconds=10))
    await delivery.step()
    clock.move_to(clock.now() + timedelta(seconds=20))
    await delivery.step()
    assert len(port.taken) == 1


async def test_a_final_failure_is_not_tried_again(
    database: Database, clock: SimulatedClock
) -> None:
    await write(database, clock, "a")
    await Delivery(OutboxStore(database), RecordingPort(ZosError("no such channel")), clock).step()
    async with database.read() as connection:
        row = (await connection.execute(select(outbox))).one()
    assert (row.next_attempt_at, row.delivered_at, row.last_error) == (
        None,
        None,
        "no such channel",
    )


async def test_a_text_is_given_up_after_many_attempts(
    database: Database, clock: SimulatedClock
) -> None:
    await write(database, clock, "a")
    port = RecordingPort(*[BusyError()] * 20)
    delivery = Delivery(OutboxStore(database), port, clock)
    attempts = 0
    while await delivery.step():
        attempts += 1
        clock.move_to(clock.now() + timedelta(hours=2))
    assert attempts == MAX_ATTEMPTS
