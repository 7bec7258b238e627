"""Outgoing texts are delivered at least once, tried again with growing pauses, and given up in the end."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Executable, Row, delete, select, update
from structlog.testing import capture_logs
from tests.insights.conftest import ANN, BEN, CAT, CHANNEL, NOON, RUN, SERVER, World

from zos.config import Config
from zos.consent.store import ConsentRecord, ConsentStore
from zos.core.clock import SimulatedClock
from zos.core.consent import ConsentState
from zos.core.errors import DatabaseError, ZosError
from zos.core.scopes import Scope
from zos.db.engine import Database
from zos.db.tables import insight, message, outbox, outbox_member
from zos.reflect.context import OutgoingText
from zos.reflect.outbox.delivery import PAUSES_SECONDS, Delivery
from zos.reflect.outbox.store import MAX_ATTEMPTS, OutboxStore, put
from zos.reflect.outbox.withdrawal.store import WITHDRAWN

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
        self.taken_back: list[list[str]] = []
        self.stands: list[str] = []

    async def meanwhile(self) -> None:
        """What happens while it is delivered: nothing, unless a test says so."""

    async def deliver(
        self, destination: str, payload: dict[str, object], posted: list[str]
    ) -> None:
        await self.meanwhile()
        posted += self.stands[len(posted) :]
        if self.errors:
            raise self.errors.pop(0)
        self.taken.append((destination, payload))

    async def take_back(self, _destination: str, posted: Sequence[str]) -> None:
        if self.errors:
            raise self.errors.pop(0)
        self.taken_back.append([*posted])


@pytest.fixture
async def world(database: Database) -> World:
    """A public message, and an insight that rests on it: what the texts say."""
    world = World(database)
    assert await world.say("the beans are up", author=ANN) == FIRST
    await world.learn("The beans are up.", message_ids=[FIRST], quoted=[ANN])
    return world


async def put_texts(world: World, *texts: OutgoingText, now: datetime = NOON) -> None:
    """Put texts into the outbox as their target's commit does."""
    async with world.database.write() as connection:
        query = select(insight.c.id).order_by(insight.c.seq)
        ids = list(await connection.scalars(query))
        await put(connection, world.database, texts, ids, run_id=RUN, now=now)


async def write(world: World, clock: SimulatedClock, *keys: str) -> None:
    texts = [OutgoingText(f"{TARGET}:{key}", "log", {"text": key}, (0,)) for key in keys]
    await put_texts(world, *texts, now=clock.now())


def delivery_to(
    world: World, port: RecordingPort, clock: SimulatedClock, mode: str = "opt_out"
) -> Delivery:
    config = Config.model_validate({"privacy": {"consent": mode}})
    consents = ConsentStore(world.database, config)
    return Delivery(world.database, port, consents, clock)


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


async def test_a_text_that_nobody_can_deliver_does_not_stop_the_next(
    world: World, clock: SimulatedClock
) -> None:
    await write(world, clock, "a")
    port = RecordingPort(RuntimeError("a bug"))
    port.stands = ["9001"]
    await write(world, clock, "b")
    delivery = delivery_to(world, port, clock)
    with capture_logs() as logs:
        assert await delivery.step()
    assert [payload["text"] for _, payload in port.taken] == ["b"]
    assert "output_crashed" in [one["event"] for one in logs]
    async with world.database.read() as connection:
        kept = (await connection.execute(select(outbox).order_by(outbox.c.id))).first()
    assert kept is not None
    assert (kept.attempts, kept.last_error, kept.posted) == (1, "RuntimeError", ["9001"])
    clock.move_to(kept.next_attempt_at)
    assert await delivery.step()
    assert [payload["text"] for _, payload in port.taken] == ["b", "a"]


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


async def posted(world: World, clock: SimulatedClock, *errors: Exception) -> RecordingPort:
    """Deliver a text that stands in two messages."""
    await write(world, clock, "a")
    port = RecordingPort(*errors)
    port.stands = ["9001", "9002"]
    await delivery_to(world, port, clock).step()
    return port


async def test_what_stands_there_is_known_even_if_not_all_of_it_was_delivered(
    world: World, clock: SimulatedClock
) -> None:
    port = await posted(world, clock, BusyError())
    kept = await row(world)
    assert (kept.posted, kept.delivered_at) == (["9001", "9002"], None)
    clock.move_to(clock.now() + timedelta(seconds=10))
    await delivery_to(world, port, clock).step()
    kept = await row(world)
    assert (kept.posted, kept.delivered_at) == (["9001", "9002"], clock.now())


async def test_a_stop_of_the_service_forgets_nothing_that_stands_there(
    world: World, clock: SimulatedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    await write(world, clock, "a")
    delivering = asyncio.Event()
    port = RecordingPort()

    async def deliver(_destination: str, _payload: dict[str, object], posted: list[str]) -> None:
        posted.append("9001")
        delivering.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(port, "deliver", deliver)
    step = asyncio.create_task(delivery_to(world, port, clock).step())
    await delivering.wait()
    step.cancel()
    with pytest.raises(asyncio.CancelledError):
        await step
    kept = await row(world)
    assert (kept.posted, kept.attempts, kept.next_attempt_at) == (["9001"], 0, clock.now())
    assert kept.payload["text"] == "a"


async def test_a_stop_while_a_delivery_is_recorded_does_not_undo_it(
    world: World, clock: SimulatedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    await write(world, clock, "a")
    recording, delivered = asyncio.Event(), OutboxStore.delivered

    async def slowly(*given: Any, **more: Any) -> None:
        recording.set()
        await asyncio.sleep(0)
        await delivered(*given, **more)

    monkeypatch.setattr(OutboxStore, "delivered", slowly)
    step = asyncio.create_task(delivery_to(world, RecordingPort(), clock).step())
    await recording.wait()
    step.cancel()
    with pytest.raises(asyncio.CancelledError):
        await step
    assert (await row(world)).delivered_at == clock.now()


@pytest.mark.parametrize(("how", "errors"), [("delivered", ()), ("failed", (BusyError(),))])
async def test_what_stands_there_is_known_though_the_store_failed_for_a_moment(
    world: World,
    clock: SimulatedClock,
    monkeypatch: pytest.MonkeyPatch,
    how: str,
    errors: tuple[Exception, ...],
) -> None:
    begun, record = clock.now(), getattr(OutboxStore, how)
    failures = [DatabaseError()] * len(PAUSES_SECONDS)

    async def busy(*given: Any, **more: Any) -> None:
        if failures:
            raise failures.pop()
        await record(*given, **more)

    monkeypatch.setattr(OutboxStore, how, busy)
    await posted(world, clock, *errors)
    kept = await row(world)
    assert (kept.posted, kept.delivered_at) == (["9001", "9002"], None if errors else begun)
    assert clock.now() - begun == timedelta(seconds=sum(PAUSES_SECONDS))
    failures += [DatabaseError()] * (len(PAUSES_SECONDS) + 1)  # for good
    async with world.database.write() as connection:
        await connection.execute(delete(outbox))
    with pytest.raises(DatabaseError):
        await posted(world, clock, *errors)


async def never() -> None:
    await asyncio.Event().wait()


async def refuse() -> None:
    raise DatabaseError


@pytest.mark.parametrize("answer", [never, refuse])
@pytest.mark.parametrize("at", ["deliver", "record"])
async def test_a_store_that_does_not_answer_does_not_hold_up_a_stop(
    world: World,
    clock: SimulatedClock,
    monkeypatch: pytest.MonkeyPatch,
    answer: Callable[[], Awaitable[None]],
    at: str,
) -> None:
    await write(world, clock, "a")
    reached, port = asyncio.Event(), RecordingPort()

    async def stuck(*_: Any, **__: Any) -> None:
        reached.set()
        await (never() if at == "deliver" else asyncio.sleep(0))
        await answer()

    async def recorded(*_: Any, **__: Any) -> None:
        await answer()

    if at == "deliver":
        monkeypatch.setattr(port, "deliver", stuck)
    else:
        monkeypatch.setattr(OutboxStore, "delivered", stuck)
    monkeypatch.setattr(OutboxStore, "cut_short", recorded)
    monkeypatch.setattr("zos.reflect.outbox.delivery.RECORDING_SECONDS", 0.01)
    step = asyncio.create_task(delivery_to(world, port, clock).step())
    await reached.wait()
    step.cancel()
    with capture_logs() as logs, pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(step, 5)
    assert "output_not_recorded" in [one["event"] for one in logs]


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


async def replace_it_and_lose_its_source(world: World) -> None:
    async with world.database.write() as connection:
        await connection.execute(update(insight).values(status="superseded"))
        await connection.execute(delete(message))


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


@pytest.mark.parametrize("change", [hide, erase_what_it_says, replace_it_and_lose_its_source])
async def test_what_may_not_be_shown_any_more_is_taken_back_where_it_stands(
    world: World, clock: SimulatedClock, change: Callable[[World], Awaitable[None]]
) -> None:
    port = await posted(world, clock)
    delivery = delivery_to(world, port, clock)
    await delivery.review()
    assert not await delivery.step()  # as long as it may be shown it stands
    await change(world)
    port.errors = [BusyError(), TimeoutError()]
    await delivery.review()
    for seconds in (0, 10, 20):
        clock.move_to(clock.now() + timedelta(seconds=seconds))
        assert await delivery.step()
    assert not await delivery.step()
    await delivery.review()
    assert not await delivery.step()
    assert port.taken_back == [["9001", "9002"]]
    kept = await row(world)
    assert (kept.posted, kept.last_error) == (None, WITHDRAWN)


async def test_a_part_that_was_posted_is_taken_back_with_a_text_that_is_not_finished(
    world: World, clock: SimulatedClock
) -> None:
    port = await posted(world, clock, BusyError())
    await hide(world)
    await delivery_to(world, port, clock).step()
    assert port.taken_back == [["9001", "9002"]]
    assert (await row(world)).payload == {}


async def test_what_cannot_be_taken_back_is_given_up_after_days(
    world: World, clock: SimulatedClock
) -> None:
    port = await posted(world, clock)
    await hide(world)
    delivery, begun = delivery_to(world, port, clock), clock.now()
    await delivery.review()
    port.errors = [BusyError(), ZosError("Busy.")] * 50  # permissions come back
    while (due := (await row(world)).next_attempt_at) is not None:
        clock.move_to(due)
        await delivery.step()
    assert timedelta(days=2.4) < clock.now() - begun < timedelta(days=2.6)
    kept = await row(world)
    assert (kept.posted, kept.last_error) == (["9001", "9002"], "Busy.")


async def test_what_is_erased_or_withdrawn_while_it_is_delivered_is_taken_back(
    world: World, clock: SimulatedClock
) -> None:
    for goes in (delete(outbox), update(outbox).values(withdrawn_at=NOON, next_attempt_at=None)):
        port = RecordingPort()
        port.stands = ["9001"]

        async def meanwhile(change: Executable = goes) -> None:
            async with world.database.write() as connection:
                await connection.execute(change)

        port.meanwhile = meanwhile  # type: ignore[method-assign]
        async with world.database.write() as connection:
            await connection.execute(delete(outbox))
        await write(world, clock, "a")
        delivery = delivery_to(world, port, clock)
        await delivery.step()
        await delivery.step()
        assert port.taken_back == [["9001"]]
        assert (await row(world)).payload == {}


async def test_silence_is_no_consent_to_be_sent(world: World, clock: SimulatedClock) -> None:
    await write(world, clock, "a")
    port = RecordingPort()
    await delivery_to(world, port, clock, "opt_in").step()
    assert port.taken == []


async def test_a_text_goes_by_what_it_tells_of_and_by_nothing_else_of_its_target(
    world: World, clock: SimulatedClock
) -> None:
    await world.learn("Ann told me why.", scope=Scope.DM)
    for key, says in (("public", (0,)), ("both", (0, 1)), ("private", (1,)), ("nothing", ())):
        text = OutgoingText(f"{TARGET}:{key}", "log", {"text": key}, says)
        await put_texts(world, text, now=clock.now())
    port = RecordingPort()
    await delivery_to(world, port, clock).step()
    assert [payload["text"] for _, payload in port.taken] == ["public"]


async def test_what_becomes_of_another_note_of_its_target_is_no_matter(
    world: World, clock: SimulatedClock
) -> None:
    other = await world.learn("Nobody is told of this.", message_ids=[FIRST])
    port = RecordingPort()
    port.stands = ["9001"]
    delivery = delivery_to(world, port, clock)
    for key, change in (
        ("hidden", update(insight).values(status="quarantined")),
        ("gone", delete(insight)),
    ):
        await write(world, clock, key)
        async with world.database.write() as connection:
            await connection.execute(change.where(insight.c.id == other))  # while it waits
        assert await delivery.step()
        await delivery.review()  # and where it stands
        assert not await delivery.step()
    assert [payload["text"] for _, payload in port.taken] == ["hidden", "gone"]
    assert all("insights" not in payload for _, payload in port.taken)
    assert port.taken_back == []


async def test_a_text_of_which_a_part_stands_is_finished_in_the_same_words_or_taken_back(
    world: World, clock: SimulatedClock
) -> None:
    await world.say("hello", author=BEN)
    port = RecordingPort(BusyError(), BusyError(), BusyError())
    port.stands = ["9001"]
    delivery = delivery_to(world, port, clock)
    text = OutgoingText(f"{TARGET}:a", "log", {"text": "member102 and member103 know"}, (0,))
    await put_texts(world, text, now=clock.now())
    assert await delivery.step()
    clock.move_to(clock.now() + timedelta(seconds=10))
    assert await delivery.step()  # in the same words
    assert (await row(world)).attempts == 2
    await world.say("it is me", author=CAT)
    consents = ConsentStore(world.database, Config())
    await consents.record(CAT, ConsentState.DENIED, clock.now(), "test")
    clock.move_to(clock.now() + timedelta(seconds=20))
    for errors in ([], [*port.errors]):
        port.errors = errors
        assert await delivery.step()
    assert port.taken == []
    assert (await row(world)).payload == {}


async def test_a_text_that_was_tried_keeps_the_words_in_which_it_was(
    world: World, clock: SimulatedClock
) -> None:
    await world.say("hello", author=BEN)
    consents = ConsentStore(world.database, Config())
    await consents.record(BEN, ConsentState.DENIED, clock.now(), "test")
    text = OutgoingText(f"{TARGET}:a", "log", {"text": "member102 knows"}, (0,))
    await put_texts(world, text, now=clock.now())
    port = RecordingPort(BusyError())
    port.stands = ["9001"]
    delivery = delivery_to(world, port, clock)
    assert await delivery.step()
    await consents.record(BEN, ConsentState.GRANTED, clock.now() + timedelta(1), "test")
    clock.move_to(clock.now() + timedelta(seconds=10))
    assert await delivery.step()
    assert [payload["text"] for _, payload in port.taken] == ["someone knows"]


async def named(world: World) -> list[int]:
    async with world.database.read() as connection:
        return [*await connection.scalars(select(outbox_member.c.member_id))]


async def test_a_text_that_merely_calls_somebody_by_name_goes_when_they_take_their_consent_back(
    world: World, clock: SimulatedClock
) -> None:
    for member_id in (BEN, CAT):
        await world.say("hello", author=member_id)
    await world.say("beep", author=104, is_bot=True)
    text = OutgoingText(
        f"{TARGET}:a", "log", {"text": "member101, member102 and member104 know"}, (0,)
    )
    await put_texts(world, text, now=clock.now())
    port = RecordingPort()
    port.stands = ["9001"]
    delivery = delivery_to(world, port, clock)
    assert await delivery.step()
    assert await named(world) == [BEN]  # of Ann the insight knows itself
    consents = ConsentStore(world.database, Config())
    for member_id in (CAT, BEN):
        await delivery.review()
        assert not await delivery.step()
        await consents.record(member_id, ConsentState.DENIED, clock.now(), "test")
    await delivery.review()
    assert await delivery.step()
    assert port.taken_back == [["9001"]]
    assert await named(world) == []


async def test_nobody_is_kept_for_a_text_that_cannot_be_taken_back(
    world: World, clock: SimulatedClock
) -> None:
    await world.say("hello", author=BEN)
    for key, port in (("a", RecordingPort()), ("b", RecordingPort(ZosError("no")))):
        text = OutgoingText(f"{TARGET}:{key}", "log", {"text": "member102 knows"}, (0,))
        await put_texts(world, text, now=clock.now())
        assert await delivery_to(world, port, clock).step()
        assert await named(world) == []


async def test_what_is_withdrawn_right_before_it_leaves_does_not_leave(
    world: World, clock: SimulatedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    await write(world, clock, "a")
    found = OutboxStore.origin

    async def origin(*given: Any) -> Any:
        async with world.database.write() as connection:
            await connection.execute(update(outbox).values(withdrawn_at=NOON, next_attempt_at=None))
        return await found(*given)

    monkeypatch.setattr(OutboxStore, "origin", origin)
    port = RecordingPort()
    assert await delivery_to(world, port, clock).step()
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
    await put_texts(world, OutgoingText(f"{TARGET}:a", "log", text, (0,)), now=clock.now())
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
