from __future__ import annotations

import json

import pytest
from sqlalchemy import select
from tests.insights.conftest import ANN, BEN, CAT, CHANNEL, SERVER, World
from tests.members.lived import Lived

from zos.core.consent import ConsentState
from zos.core.errors import ConsentError, NotFoundError, UsageError
from zos.core.scopes import Scope
from zos.core.topics import TopicKey
from zos.db.engine import Database
from zos.db.tables import insight, message
from zos.insights.model import InsightStatus
from zos.members import export
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


async def test_insights_are_told_in_pages_the_newest_first(world: World, members: Members) -> None:
    await members.set_consent(ANN, GRANTED, "operator")
    said = await world.say("I grow tomatoes")
    made = [
        await world.learn(f"Ann {number}", topic=TopicKey.user(ANN, SERVER), message_ids=(said,))
        for number in range(5)
    ]
    told, before = [], None
    for size in (2, 2, 1):
        known = await members.known(ANN, insights=2, before=before)
        assert (len(known.insights), known.insights_total) == (size, 5)
        told += [(one.id, one.roles) for one in known.insights]
        before = known.insights_next
    assert before is None
    assert told == [(one, ("about", "source")) for one in reversed(made)]


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


async def test_gaining_consent_brings_back_what_is_not_about_others(
    world: World, members: Members, database: Database
) -> None:
    said = await world.say("hello")
    mine = await world.learn("Ann greets", topic=TopicKey.user(ANN, SERVER), message_ids=(said,))
    ours = await world.learn("Both", topic=TopicKey.dyad(ANN, BEN, SERVER), message_ids=(said,))
    assert (await members.settle_consent()).quarantined == 2
    gained = await members.set_consent(ANN, GRANTED, "member")
    assert (gained.restored, gained.standing.recorded_by) == (1, "member")
    assert await status_of(database, mine) == InsightStatus.ACTIVE
    assert await status_of(database, ours) == InsightStatus.QUARANTINED
    assert (await members.standing(ANN)).allowed
    again = await members.set_consent(ANN, GRANTED, "member")
    assert not again.changed


async def test_consents_are_recorded_all_or_none(world: World, members: Members) -> None:
    await world.say("hello", author=BEN)
    await members.forget(BEN, "operator")
    with pytest.raises(ConsentError, match="was erased"):
        await members.set_consents([(ANN, GRANTED), (BEN, GRANTED)], "operator")
    assert (await members.standing(ANN)).state is None


async def test_private_words_are_for_the_member_alone(world: World, members: Members) -> None:
    await members.set_consent(ANN, GRANTED, "member")
    said = await world.say("my secret", channel_id=77, server_id=None, scope=Scope.DM)
    await world.learn(
        "Ann has one", topic=TopicKey.user(ANN, SERVER), message_ids=(said,), scope=Scope.DM
    )
    operators = (await members.known(ANN)).insights[0]
    assert (operators.withheld, operators.lines) == ("It rests on direct messages.", ())
    own = (await members.known(ANN, private=True)).insights[0]
    assert own.lines[0].messages[0].text == "my secret"
    assert own.lines[0].messages[0].link == f"https://discord.com/channels/@me/77/{said}"


async def test_what_somebody_else_said_in_private_is_withheld_from_who_is_behind_it(
    world: World, members: Members
) -> None:
    await members.set_consents([(ANN, GRANTED), (BEN, GRANTED)], "member")
    said = await world.say("the beans are late", author=ANN)
    await world.learn("Ben is ill", topic=TopicKey.user(BEN), message_ids=(said,), scope=Scope.DM)
    (theirs,) = (await members.known(ANN, private=True)).insights
    assert (theirs.withheld, theirs.lines) == ("It rests on direct messages.", ())


async def test_what_is_about_others_without_consent_is_withheld(
    world: World, members: Members
) -> None:
    await members.set_consent(ANN, GRANTED, "member")
    said = await world.say("hello", author=BEN)
    pair = TopicKey.dyad(ANN, BEN, SERVER)
    await world.learn("Ben greets Ann", topic=pair, message_ids=(said,))
    (one,) = (await members.known(ANN, private=True)).insights
    assert (one.withheld, one.lines) == ("Somebody else in it has not consented.", ())
    assert f"member{BEN}" not in one.title


async def test_a_dispute_reaches_what_rests_on_it_and_asks_for_new_thought(
    world: World, members: Members, database: Database
) -> None:
    said = await world.say("hello")
    about = await world.learn("Ann greets", topic=TopicKey.user(ANN, SERVER), message_ids=(said,))
    above = await world.learn("People greet", insight_ids=[about], message_ids=[])
    await members.dispute(ANN, about, "No.", "member")
    assert await status_of(database, above) == InsightStatus.REVIEW
    with pytest.raises(NotFoundError):
        await members.dispute(ANN, "01NOPE", "No.", "member")
    for text in ("", " ", "x" * 1_001):
        with pytest.raises(UsageError, match="1 to 1,000"):
            await members.dispute(ANN, about, text, "member")


async def test_members_are_listed_by_id_and_found_by_name(world: World, members: Members) -> None:
    for author in (CAT, ANN, BEN):
        await world.say("hello", author=author)
    await world.say("again", author=BEN)
    await members.set_consent(BEN, DENIED, "operator")
    rows = await members.page()
    assert [(row.id, row.messages, row.state) for row in rows] == [
        (ANN, 1, None),
        (BEN, 2, DENIED),
        (CAT, 1, None),
    ]
    assert [row.id for row in await members.page(after=ANN, limit=1)] == [BEN]
    assert [row.id for row in await members.page(query="MEMBER103")] == [CAT]
    assert await members.page(query="%") == []


async def test_an_export_of_many_pages_holds_each_entry_once(
    lived: Lived, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = await exported(lived.members, ANN)
    monkeypatch.setattr(export, "PAGE", 1)
    paged = await exported(lived.members, ANN)
    assert {**paged, "exported_at": 0} == {**whole, "exported_at": 0}
    counts = {name: len(part) for name, part in whole.items() if isinstance(part, list)}
    assert counts == {
        "servers": 1,
        "topics": counts["topics"],
        "disputes": 1,
        "messages": 6,
        "reactions": 1,
        "mentions": 1,
        "insights": 5,
        "model_calls": 1,
    }
    texts = json.dumps(whole)
    assert "dmquetzal" in texts
    assert "answerquetzal" not in texts, "what the bot said to them is not theirs"
    assert "I lend my tools" not in texts


async def test_all_of_a_life_is_known(lived: Lived) -> None:
    known = await lived.members.known(ANN)
    assert (known.messages.total, known.messages.direct) == (6, 1)
    assert (known.reactions_given, known.reactions_received, known.mentions) == (1, 1, 1)
    assert known.servers[0].role_ids == (55,)
    assert {str(TopicKey.user(ANN, SERVER)), str(TopicKey.dyad(ANN, BEN, SERVER))} <= {
        one.key for one in known.topics
    }
    roles = {one.id: one.roles for one in known.insights}
    assert roles[lived.insights["about"]] == ("about", "source")
    assert roles[lived.insights["named"]] == ("named",)
    assert lived.insights["untouched"] not in roles


async def test_an_export_is_one_document_with_everything(world: World, members: Members) -> None:
    said = [await world.say(f"message {number}") for number in range(3)]
    await world.learn("Ann writes", topic=TopicKey.user(ANN, SERVER), message_ids=said)

    found = await exported(members, ANN)

    assert found["message_counts"]["total"] == 3  # type: ignore[index]
    assert [one["text"] for one in found["messages"]] == [f"message {one}" for one in range(3)]  # type: ignore[attr-defined]
    assert len(found["insights"]) == 1  # type: ignore[arg-type]
