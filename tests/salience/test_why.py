"""Every topic has an answer to why it is, or is not, thought about."""

from __future__ import annotations

from sqlalchemy import insert
from tests.salience.conftest import Community
from tests.salience.made import (
    ANN,
    BEN,
    CAT,
    EVERYBODY,
    SERVER,
    START,
    after,
    consenting,
    micro,
    said,
)

from zos.core.topics import TopicKey
from zos.db.tables import layer_run, selection
from zos.salience.model import EntryKind

ANN_HERE = TopicKey.user(ANN, SERVER)


async def test_a_topic_in_whose_way_nothing_stands_has_no_reasons(community: Community) -> None:
    await community.book(said(ANN))
    why = await community.ledger.why(ANN_HERE, EVERYBODY)
    assert (why.reasons, why.ahead) == ((), 0)
    assert why.topic is not None
    assert [one.kind for one in why.entries] == [EntryKind.MESSAGE]


async def test_a_topic_behind_others_says_how_many(community: Community) -> None:
    await community.book(said(ANN), said(BEN, id=2), said(BEN, id=3), said(CAT, id=4))
    assert (await community.ledger.why(TopicKey.user(CAT, SERVER), EVERYBODY)).ahead == 2


async def test_all_that_stands_in_the_way_is_said(community: Community) -> None:
    await community.book(said(ANN))
    await community.spend(ANN_HERE, 0, at=after(hours=1))
    why = await community.ledger.why(ANN_HERE, consenting())
    assert why.reasons == (
        "a member whom it is about has not consented",
        "there is no new material since its last reflection",
        "it holds no salience",
    )


async def test_a_topic_without_any_material_says_since_when(community: Community) -> None:
    await community.book(said(ANN))
    why = await community.ledger.why(TopicKey.user(ANN), EVERYBODY)
    assert why.reasons == ("there is no new material since it came into being",)


async def test_a_topic_that_never_came_to_be_says_why(community: Community) -> None:
    unknown = await community.ledger.why(ANN_HERE, EVERYBODY)
    assert unknown.topic is None
    assert unknown.reasons == ("nothing that earns salience for it has been observed",)
    unwilling = await community.ledger.why(TopicKey.dyad(ANN, BEN), consenting(ANN))
    assert unwilling.reasons == (
        "a member whom it would be about has not consented, so it never came into being",
    )


async def test_what_past_runs_decided_is_told_newest_first(community: Community) -> None:
    await community.book(said(ANN))
    async with community.db.write() as connection:
        for number, (chosen, reason) in enumerate([(True, "chosen"), (False, "too late")]):
            run_id = f"run-{number}"
            await connection.execute(
                insert(layer_run).values(
                    id=run_id,
                    layer="nightly",
                    trigger="manual",
                    slot_count=1,
                    status="success",
                    reason="",
                    created_at=after(days=number),
                    clock_at=after(days=number),
                    targets_total=0,
                    targets_done=0,
                    insights_created=0,
                    tokens_in=0,
                    tokens_out=0,
                    cost_microusd=0,
                )
            )
            await connection.execute(
                insert(selection).values(
                    run_id=run_id,
                    topic_key=str(ANN_HERE),
                    position=0,
                    balance=micro(number),
                    chosen=chosen,
                    reason=reason,
                )
            )
    past = (await community.ledger.why(ANN_HERE, EVERYBODY)).selections
    assert [(one.run_id, one.layer, one.at, one.chosen, one.reason) for one in past] == [
        ("run-1", "nightly", after(days=1), False, "too late"),
        ("run-0", "nightly", START, True, "chosen"),
    ]
