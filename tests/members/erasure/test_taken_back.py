"""What was posted of an erased member's words is taken back where it stands, and the receipt tells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import pytest
from sqlalchemy import delete, insert, select, update
from tests.conftest import EPOCH
from tests.insights.conftest import RUN
from tests.members.lived import ANN, B_ALONE, BOT_AUTHOR, ROOM, SERVER, Lived, wrote

from zos.core.errors import DeliveryError
from zos.core.ids import new_ulid
from zos.db.tables import outbox, outbox_member
from zos.observe.events import Author, MemberUpdated
from zos.reflect.outbox.delivery import Delivery
from zos.reflect.outbox.store import Origin, OutboxStore
from zos.reflect.outbox.withdrawal.store import UNDER_WAY

DIGEST = 3_001
TARGET, OTHER_RUN = "target".rjust(26, "0"), "DEF".rjust(26, "0")


class Port:
    """Deletes what it is asked to, unless it may not."""

    def __init__(self, error: DeliveryError | None) -> None:
        self.error = error
        self.taken_back: list[tuple[str, tuple[str, ...]]] = []

    async def deliver(self, *_: object) -> None:
        raise AssertionError("nothing is to be sent")

    async def take_back(self, destination: str, posted: Sequence[str]) -> None:
        if self.error is not None:
            raise self.error
        self.taken_back.append((destination, (*posted,)))


@pytest.fixture
async def posted(lived: Lived) -> Lived:
    """The text that waits in the outbox stands on Discord, where Zos heard it too; another went into the log."""
    await lived.record(wrote(DIGEST, BOT_AUTHOR, "An outquetzal was seen"))
    sent: dict[str, object] = {"delivered_at": EPOCH, "next_attempt_at": None, "payload": {}}
    other = {"id": new_ulid(EPOCH), "dedup_key": f"{'target'.rjust(26, '0')}:1", "run_id": RUN}
    async with lived.database.write() as connection:
        to_discord = {**sent, "destination": f"discord:{ROOM}", "posted": [str(DIGEST)]}
        await connection.execute(update(outbox).values(to_discord))
        made = {"destination": "log", "created_at": EPOCH, "attempts": 1}
        await connection.execute(insert(outbox), {**other, **sent, **made})
    return lived


async def next_attempt_at(lived: Lived) -> datetime | None:
    async with lived.database.read() as connection:
        found: datetime | None = await connection.scalar(select(outbox.c.next_attempt_at))
        return found


async def receipt(lived: Lived) -> Mapping[str, int]:
    found = (await lived.members.erasure(ANN)).receipt
    return {kind: count for kind, count in found.items() if kind.startswith("outgoing_texts")}


@pytest.mark.parametrize(
    ("error", "told"),
    [(None, "outgoing_texts_taken_back"), (DeliveryError("no"), "outgoing_texts_left")],
)
async def test_the_receipt_tells_what_was_taken_back_what_was_not_and_what_cannot_be(
    posted: Lived, error: DeliveryError | None, told: str
) -> None:
    done = await posted.members.forget(ANN, "member")
    assert done.completed_at is not None
    assert "outquetzal" not in await posted.everything()
    at_once = {"outgoing_texts": 2, "outgoing_texts_out_of_reach": 1}
    assert await receipt(posted) == at_once

    port = Port(error)
    delivery = Delivery(posted.database, port, posted.consents, posted.clock)
    await posted.members.finish_erasures()
    assert await receipt(posted) == at_once  # it is on its way
    assert await delivery.step()
    while (due := await next_attempt_at(posted)) is not None:  # an error may pass
        posted.clock.move_to(due)
        assert await delivery.step()
    assert port.taken_back == ([] if error else [(f"discord:{ROOM}", (str(DIGEST),))])
    for _ in range(2):
        await posted.members.finish_erasures()
        assert await receipt(posted) == {**at_once, told: 1}
    async with posted.database.read() as connection:
        assert (await connection.execute(select(outbox))).all() == []
    assert (await posted.members.forget(ANN, "member")).receipt == (
        await posted.members.erasure(ANN)
    ).receipt


async def test_what_zos_heard_of_its_own_digest_does_not_come_in_again(posted: Lived) -> None:
    await posted.members.forget(ANN, "member")
    await posted.record(wrote(DIGEST, BOT_AUTHOR, "An outquetzal was seen"))
    assert "outquetzal" not in await posted.everything()


async def test_texts_of_notes_that_only_say_their_name_are_taken_back_too(lived: Lived) -> None:
    cat, run = 105, "ABC".rjust(26, "0")
    await lived.record(
        MemberUpdated(Author(cat, "catquetzal", "Cat", role_ids=()), SERVER, EPOCH),
        wrote(DIGEST, BOT_AUTHOR, "Ben asked catquetzal"),
    )
    await lived.world.learn("Ben asked catquetzal", message_ids=[B_ALONE], run_id=run)
    await lived.world.learn("Ben asked", message_ids=[B_ALONE], run_id=OTHER_RUN)
    row = {"destination": f"discord:{ROOM}", "created_at": EPOCH, "attempts": 0, "run_id": run}
    waits = {"payload": {"text": "catquetzal"}, "next_attempt_at": EPOCH + timedelta(days=1)}
    rows: list[dict[str, object]] = [
        {**row, **waits, "id": "w", "dedup_key": f"{TARGET}:w"},
        {**row, **waits, "id": "o", "dedup_key": f"{TARGET}:o", "run_id": OTHER_RUN},
    ]
    sent = {"payload": {}, "delivered_at": EPOCH, "posted": [str(DIGEST)]}
    async with lived.database.write() as connection:
        for one in (*rows, {**row, **sent, "id": "p", "dedup_key": f"{TARGET}:p"}):
            await connection.execute(insert(outbox), one)

    done = await lived.members.forget(cat, "member")
    told = {kind: done.receipt.get(kind) for kind in ("insights_reworded", "outgoing_texts")}
    assert told == {"insights_reworded": 1, "outgoing_texts": 2}
    left = {one.id: one.payload for one in await lived.rows("SELECT id, payload FROM outbox")}
    assert {"w", "o", "p"} & left.keys() == {"o", "p"}
    assert DIGEST not in {one.id for one in await lived.rows("SELECT id FROM message")}
    async with lived.database.write() as connection:
        await connection.execute(delete(outbox).where(outbox.c.id == "o"))
    port = Port(None)
    assert await Delivery(lived.database, port, lived.consents, lived.clock).step()
    assert port.taken_back == [(f"discord:{ROOM}", (str(DIGEST),))]


@pytest.mark.parametrize(
    ("destination", "error", "told"),
    [
        ("https://hooks.example/x", None, {"outgoing_texts_out_of_reach": 1}),
        ("log", None, {"outgoing_texts_out_of_reach": 1}),
        ("https://hooks.example/x", DeliveryError("no"), {}),
    ],
)
async def test_what_is_erased_while_it_is_sent_where_it_stays_is_told_of_as_out_of_reach(
    lived: Lived,
    monkeypatch: pytest.MonkeyPatch,
    destination: str,
    error: DeliveryError | None,
    told: dict[str, int],
) -> None:
    async def origin(*_: object) -> Origin:
        return Origin({"text": "An outquetzal was seen"}, frozenset(), (SERVER,), (ROOM,))

    async def deliver(*_: object) -> None:
        await lived.members.forget(ANN, "member")
        if error is not None:
            raise error

    port = Port(None)
    monkeypatch.setattr(OutboxStore, "origin", origin)
    monkeypatch.setattr(port, "deliver", deliver)
    due = {"next_attempt_at": EPOCH, "destination": destination}
    async with lived.database.write() as connection:
        await connection.execute(update(outbox).values(due))
    delivery = Delivery(lived.database, port, lived.consents, lived.clock)
    assert await delivery.step()
    lived.clock.move_to(lived.clock.now() + UNDER_WAY)
    await delivery.step()
    await lived.members.finish_erasures()
    assert await receipt(lived) == {"outgoing_texts": 1, **told}
    assert port.taken_back == []
    assert await lived.rows("SELECT id FROM outbox") == []


async def test_what_is_erased_while_it_is_delivered_is_taken_back_and_told_of(
    lived: Lived, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def origin(*_: object) -> Origin:
        return Origin({"text": "An outquetzal was seen"}, frozenset(), (SERVER,), (ROOM,))

    async def deliver(_destination: str, _payload: object, sent: list[str]) -> None:
        await lived.members.forget(ANN, "member")
        await lived.members.finish_erasures()  # which tells of nothing yet
        sent.append(str(DIGEST))

    port = Port(None)
    monkeypatch.setattr(OutboxStore, "origin", origin)
    monkeypatch.setattr(port, "deliver", deliver)
    due = {"next_attempt_at": EPOCH, "destination": f"discord:{ROOM}"}
    async with lived.database.write() as connection:
        await connection.execute(update(outbox).values(due))
    delivery = Delivery(lived.database, port, lived.consents, lived.clock)
    assert await delivery.step()
    assert await receipt(lived) == {"outgoing_texts": 1}
    assert await delivery.step()
    assert port.taken_back == [(f"discord:{ROOM}", (str(DIGEST),))]
    await lived.members.finish_erasures()
    assert await receipt(lived) == {"outgoing_texts": 1, "outgoing_texts_taken_back": 1}
    assert await lived.rows("SELECT id FROM outbox") == []


async def test_what_was_erased_before_it_was_delivered_is_told_of_when_that_is_sure(
    lived: Lived,
) -> None:
    due = {"next_attempt_at": EPOCH, "destination": f"discord:{ROOM}"}
    async with lived.database.write() as connection:
        await connection.execute(update(outbox).values(due))
    await lived.members.forget(ANN, "member")
    assert "outquetzal" not in await lived.everything()
    port = Port(None)
    delivery = Delivery(lived.database, port, lived.consents, lived.clock)
    assert not await delivery.step()
    lived.clock.move_to(lived.clock.now() + UNDER_WAY)
    assert await delivery.step()
    await lived.members.finish_erasures()
    assert await receipt(lived) == {"outgoing_texts": 1}  # nothing of it was ever sent
    assert await lived.rows("SELECT id FROM outbox") == []


async def test_a_text_that_merely_calls_them_by_name_is_taken_back_at_once(lived: Lived) -> None:
    row = {"id": "n", "dedup_key": f"{TARGET}:n", "run_id": OTHER_RUN, "payload": {}}
    stands = {"destination": f"discord:{ROOM}", "posted": [str(DIGEST)], "delivered_at": EPOCH}
    async with lived.database.write() as connection:
        await connection.execute(
            insert(outbox), {**row, **stands, "created_at": EPOCH, "attempts": 1}
        )
        await connection.execute(insert(outbox_member), {"text_id": "n", "member_id": ANN})
    await lived.members.forget(ANN, "member")
    assert await lived.rows("SELECT * FROM outbox_member") == []
    assert (await receipt(lived))["outgoing_texts"] == 2
    port = Port(None)
    assert await Delivery(lived.database, port, lived.consents, lived.clock).step()
    assert port.taken_back == [(f"discord:{ROOM}", (str(DIGEST),))]
    await lived.members.finish_erasures()
    assert (await receipt(lived))["outgoing_texts_taken_back"] == 1
