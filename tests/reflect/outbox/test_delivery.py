"""Outgoing texts are delivered at least once, tried again with growing pauses, and given up in the end."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Row, delete, select, update
from tests.insights.conftest import ANN, BEN, CHANNEL, NOON, RUN, SERVER, World

from zos.config import Config
from zos.consent.store import ConsentRecord, ConsentStore
from zos.core.clock import SimulatedClock
from zos.core.consent import ConsentState
from zos.core.errors import ZosError
from zos.db.engine import Database
from zos.db.tables import insight, message, outbox
from zos.reflect.context import OutgoingText
from zos.reflect.outbox.delivery import Delivery
from zos.reflect.outbox.store import MAX_ATTEMPTS, WITHDRAWN, OutboxStore, put

FIRST = 1_001
TARGET = "target".rjust(26, "0")


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


@pytest.fixture
async def world(database: Database) -> World:
    """A public message, and an insight that rests on it: what the texts say."""
    world = World(database)
    assert await world.say("the beans are up", author=ANN) == FIRST
    await world.learn("The beans are up.", message_ids=[FIRST], quoted=[ANN])
    return world


async def write(world: World, clock: SimulatedClock, *keys: str) -> None:
    texts = [OutgoingText(f"{TARGET}:{key}", "log", {"text": key}) for key in keys]
    async with world.database.write() as connection:
        await put(connection, world.database, texts, run_id=RUN, now=clock.now())


def delivery_to(
    world: World, port: RecordingPort, clock: SimulatedClock, mode: str = "opt_out"
) -> Delivery:
    config = Config.model_validate({"privacy": {"consent": mode}})
    consents = ConsentStore(world.database, config)
    return Delivery(OutboxStore(world.database), port, consents, clock)


async def row(world: World) -> Row[Any]:
    async with world.database.read() as connection:
        return (await connection.execute(select(outbox))).one()


async def test_a_text_is_delivered_once(world: World, clock: SimulatedClock) -> None:
    await write(world, clock, "a", "b")
    await write(world, clock, "a")
    port = RecordingPort()
    delivery = delivery_to(world, port, clock)
    assert await delivery.step()
    assert not await delivery.step()
    assert [payload["dedup_key"] for _, payload in port.taken] == [
        f"{TARGET}:a",
        f"{TARGET}:b",
    ]
    _, payload = port.taken[0]
    assert (payload["servers"], payload["channels"]) == ([str(SERVER)], [str(CHANNEL)])


async def test_a_passing_failure_is_tried_again_later(world: World, clock: SimulatedClock) -> None:
    await write(world, clock, "a")
    port = RecordingPort(BusyError(), TimeoutError())
    delivery = delivery_to(world, port, clock)
    await delivery.step()
    assert not await delivery.step()
    clock.move_to(clock.now() + timedelta(seconds=10))
    await delivery.step()
    clock.move_to(clock.now() + timedelta(seconds=20))
    await delivery.step()
    assert len(port.taken) == 1


async def test_a_final_failure_is_not_tried_again(world: World, clock: SimulatedClock) -> None:
    await write(world, clock, "a")
    await delivery_to(world, RecordingPort(ZosError("no such channel")), clock).step()
    kept = await row(world)
    assert (kept.next_attempt_at, kept.delivered_at, kept.last_error, kept.payload) == (
        None,
        None,
        "no such channel",
        {},
    )


async def test_a_text_is_given_up_after_many_attempts(world: World, clock: SimulatedClock) -> None:
    await write(world, clock, "a")
    port = RecordingPort(*[BusyError()] * 20)
    delivery = delivery_to(world, port, clock)
    attempts = 0
    while await delivery.step():
        attempts += 1
        clock.move_to(clock.now() + timedelta(hours=2))
    assert attempts == MAX_ATTEMPTS


async def hide(world: World) -> None:
    async with world.database.write() as connection:
        await connection.execute(update(insight).values(status="review"))


async def tighten(world: World) -> None:
    async with world.database.write() as connection:
        await connection.execute(update(insight).values(scope="derived"))


async def lose_a_source(world: World) -> None:
    async with world.database.write() as connection:
        await connection.execute(delete(message))


async def make_it_private(world: World) -> None:
    async with world.database.write() as connection:
        await connection.execute(update(message).values(scope="dm", server_id=None))


async def erase_what_it_says(world: World) -> None:
    async with world.database.write() as connection:
        await connection.execute(delete(insight))


async def say_no(world: World) -> None:
    consents = ConsentStore(world.database, Config())
    now = SimulatedClock(NOON).now()
    await consents.record_many([ConsentRecord(ANN, ConsentState.DENIED, now, "test")])


@pytest.mark.parametrize(
    "change", [hide, tighten, lose_a_source, make_it_private, erase_what_it_says, say_no]
)
async def test_what_may_not_be_shown_any_more_does_not_leave_and_its_words_go(
    world: World, clock: SimulatedClock, change: Callable[[World], Awaitable[None]]
) -> None:
    await write(world, clock, "a secret")
    await change(world)
    port = RecordingPort()
    delivery = delivery_to(world, port, clock)
    while await delivery.step():
        clock.move_to(clock.now() + timedelta(hours=2))
    kept = await row(world)
    assert port.taken == []
    assert (kept.payload, kept.delivered_at, kept.last_error) == ({}, None, WITHDRAWN)


async def test_silence_is_no_consent_to_be_sent(world: World, clock: SimulatedClock) -> None:
    await write(world, clock, "a")
    port = RecordingPort()
    await delivery_to(world, port, clock, "opt_in").step()
    assert port.taken == []


async def test_whoever_else_said_no_is_not_named_in_what_leaves(
    world: World, clock: SimulatedClock
) -> None:
    await world.say("so they are", author=BEN)
    lines = [{"text": "member102, too", "links": ["https://discord.com/member102"]}]
    text: dict[str, object] = {
        "heading": "Member102's room",
        "text": "member101 and @member102",
        "lines": lines,
    }
    sent = OutgoingText(f"{TARGET}:a", "log", text)
    async with world.database.write() as connection:
        await put(connection, world.database, [sent], run_id=RUN, now=clock.now())
    consents = ConsentStore(world.database, Config())
    await consents.record(BEN, ConsentState.DENIED, clock.now(), "test")
    port = RecordingPort()
    await delivery_to(world, port, clock).step()
    ((_, payload),) = port.taken
    assert (payload["heading"], payload["text"]) == ("someone's room", "member101 and someone")
    assert payload["lines"] == [{**lines[0], "text": "someone, too"}]


async def test_what_was_delivered_keeps_no_words(world: World, clock: SimulatedClock) -> None:
    await write(world, clock, "a")
    await delivery_to(world, RecordingPort(), clock).step()
    kept = await row(world)
    assert (kept.payload, kept.delivered_at) == ({}, clock.now())
