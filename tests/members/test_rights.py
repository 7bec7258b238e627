from __future__ import annotations

import json

import pytest
from sqlalchemy import select
from tests.insights.conftest import ANN, BEN, CHANNEL, SERVER, World

from zos.core.consent import ConsentState
from zos.core.errors import ConsentError, NotFoundError
from zos.core.topics import TopicKey
from zos.db.engine import Database
from zos.db.tables import insight, message
from zos.insights.model import InsightStatus
from zos.members.rights import Members

GRANTED, DENIED = ConsentState.GRANTED, ConsentState.DENIED


async def status_of(database: Database, insight_id: str) -> str | None:
    async with database.read() as connection:
        query = select(insight.c.status).where(insight.c.id == insight_id)
        found = (await connection.execute(query)).scalar()
    return None if found is None else str(found)


async def exported(members: Members, member_id: int) -> dict[str, object]:
    pieces = [piece async for piece in members.export(member_id)]
    found: dict[str, object] = json.loads(b"".join(pieces))
    return found


async def test_what_is_known_is_told_down_to_the_messages(world: World, members: Members) -> None:
    await members.set_consent(ANN, GRANTED, "operator")
    said = await world.say("I grow tomatoes")
    other = await world.say("So do I", author=BEN)
    about = await world.learn(
        "Ann grows tomatoes", topic=TopicKey.user(ANN, SERVER), message_ids=(said, other)
    )

    known = await members.known(ANN)

    assert (known.display_name, known.messages.total) == (f"member{ANN}", 1)
    assert known.consent.allowed
    (one,) = known.insights
    assert (one.id, one.roles) == (about, ("about", "source"))
    (line,) = one.lines
    assert [(found.id, found.is_own, found.text) for found in line.messages] == [
        (said, True, "I grow tomatoes"),
        (other, False, None),
    ]
    assert line.messages[0].link == f"https://discord.com/channels/{SERVER}/{CHANNEL}/{said}"


async def test_nothing_is_known_about_a_stranger(members: Members) -> None:
    with pytest.raises(NotFoundError, match="Nothing is known"):
        await members.known(999)


async def test_losing_consent_hides_what_a_member_is_in_and_gaining_it_brings_it_back(
    world: World, members: Members, database: Database
) -> None:
    await members.set_consent(ANN, GRANTED, "operator")
    said = await world.say("hello")
    about = await world.learn("Ann greets", topic=TopicKey.user(ANN, SERVER), message_ids=(said,))
    place = await world.learn("People greet", message_ids=(said,))

    lost = await members.set_consent(ANN, DENIED, "member")

    assert (lost.changed, lost.quarantined, lost.standing.allowed) == (True, 1, False)
    assert await status_of(database, about) == InsightStatus.QUARANTINED
    assert await status_of(database, place) == InsightStatus.ACTIVE


async def test_a_dispute_puts_an_insight_under_review(
    world: World, members: Members, database: Database
) -> None:
    said = await world.say("hello")
    about = await world.learn("Ann greets", topic=TopicKey.user(ANN, SERVER), message_ids=(said,))

    made = await members.dispute(ANN, about, " I do not. ", "member")

    assert made.text == "I do not."
    assert await status_of(database, about) == InsightStatus.REVIEW
    assert (await members.known(ANN)).disputes == (made,)
    with pytest.raises(NotFoundError):
        await members.dispute(BEN, about, "Nor do I.", "member")


async def test_an_erased_member_is_gone_with_all_that_rested_on_them(
    world: World, members: Members, database: Database
) -> None:
    await members.set_consent(ANN, GRANTED, "operator")
    said, other = await world.say("my secret garden"), await world.say("fine", author=BEN)
    about = await world.learn("Ann gardens", topic=TopicKey.user(ANN, SERVER), message_ids=(said,))
    place = await world.learn("Gardens are secret", message_ids=(said, other))

    receipt = await members.forget(ANN, "member")

    assert receipt.completed_at is not None
    assert receipt.receipt["messages"] == 1
    assert await status_of(database, about) is None
    assert await status_of(database, place) is None
    async with database.read() as connection:
        assert list((await connection.execute(select(message.c.author_id))).scalars()) == [BEN]
    with pytest.raises(ConsentError, match="was erased"):
        await members.set_consent(ANN, GRANTED, "member")
    assert (await members.forget(ANN, "member")).receipt == receipt.receipt


async def test_an_export_is_one_document_with_everything(world: World, members: Members) -> None:
    said = [await world.say(f"message {number}") for number in range(3)]
    await world.learn("Ann writes", topic=TopicKey.user(ANN, SERVER), message_ids=said)

    found = await exported(members, ANN)

    assert found["message_counts"]["total"] == 3  # type: ignore[index]
    assert [one["text"] for one in found["messages"]] == [f"message {one}" for one in range(3)]  # type: ignore[attr-defined]
    assert len(found["insights"]) == 1  # type: ignore[arg-type]
