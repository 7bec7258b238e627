"""An erasure from its tombstone to its receipt, on a community in which every kind of trace was left."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update
from tests.conftest import EPOCH
from tests.members.lived import (
    A_SECRET,
    ANN,
    ANN_AUTHOR,
    B_ALONE,
    BEN,
    BEN_AUTHOR,
    CANARIES,
    LIKE_ANN,
    ROOM,
    SECRET,
    SERVER,
    Lived,
    call,
    happened,
    wrote,
)
from tests.observe.exports import export, person, said, write
from tests.views.conftest import History

from zos.config import Config
from zos.consent.store import ConsentRecord, ConsentStore
from zos.core.clock import SimulatedClock
from zos.core.consent import ConsentState
from zos.core.errors import ConsentError, DatabaseError, NotFoundError, UsageError
from zos.core.ids import ERASED_OPERATOR
from zos.core.topics import TopicKey
from zos.db.engine import Database
from zos.db.tables import member
from zos.insights.quarantine.store import settle
from zos.llm.store import ModelCallStore
from zos.members.erasure import course, store
from zos.members.reexamining.rewording.store import Texts, texts_after
from zos.members.reexamining.store import Gone, insights_about, strike
from zos.members.rights import Members
from zos.observe.events import (
    AgentSeen,
    Author,
    ChannelKind,
    ChannelSeen,
    Emoji,
    MemberUpdated,
    ReactionAdded,
)
from zos.observe.importer import Importer
from zos.reflect.self_concept.store import SelfConceptStore
from zos.reflect.states import TargetStatus
from zos.salience.ledger import SalienceLedger

RECEIPT = {
    "direct_conversations": 1,
    "disputes": 0,
    "insight_lines": 7,
    "insights_deleted": 4,
    "insights_reworded": 1,
    "insights_rewritten": 3,
    "ledger_entries": 0,
    "mentions": 1,
    "messages": 7,
    "model_calls": 1,
    "operator_marks": 3,
    "outgoing_texts": 1,
    "profiles": 1,
    "reactions": 2,
    "replies_unlinked": 1,
    "run_targets": 1,
    "selections": 1,
    "self_concept_versions": 2,
    "threads_renamed": 1,
    "topics": 0,
}


@pytest.fixture
async def elsewhere(config: Config, clock: SimulatedClock) -> AsyncIterator[Members]:
    """The same rights, as another process has them."""
    database = Database(config)
    await database.connect()
    concept = config.data_dir / "self-concept.md"
    ledger = SalienceLedger(database, config)
    yield Members(database, ConsentStore(database, config), ledger, clock, concept)
    await database.close()


async def test_nothing_of_a_member_is_left_in_any_row(lived: Lived) -> None:
    before = await lived.everything()
    assert [word for word in CANARIES if word not in before.lower()] == ["firstquetzal"]
    assert str(ANN) in before

    receipt = await lived.members.forget(ANN, "member")

    after = (await lived.everything()).lower()
    assert [word for word in CANARIES if word in after] == []
    assert [line for line in after.splitlines() if f"{ANN}" in line] == [
        line for line in after.splitlines() if f"<@{ANN}>" in line or str(LIKE_ANN) in line
    ], "only in the words of somebody else"
    assert after.count(f"asked for by {ERASED_OPERATOR}") == 1
    assert (receipt.completed_at, receipt.requested_by, receipt.pending) == (
        lived.clock.now(),
        "member",
        "",
    )


async def test_the_receipt_counts_what_went(lived: Lived) -> None:
    receipt = (await lived.members.forget(ANN, "operator")).receipt
    assert receipt["topics"] >= 4
    assert receipt["ledger_entries"] >= receipt["topics"]
    wanted = {kind: count for kind, count in RECEIPT.items() if count}
    assert {kind: receipt.get(kind) for kind in wanted} == wanted


async def test_the_ledger_still_adds_up_and_others_keep_what_they_have(lived: Lived) -> None:
    await lived.members.forget(ANN, "member")
    assert await lived.ledger.audit() == []
    known = await lived.members.known(BEN)
    assert known.messages.total == 3
    assert {one.id for one in known.insights} >= {lived.insights["ben"]}
    keys = {row.key for row in await lived.rows("SELECT key FROM topic")}
    assert {f"server:1:user:{BEN}", f"server:1:channel:{ROOM}", "server:1:subject:tools"} <= keys


async def test_what_rested_on_them_is_struck_line_by_line_and_waits_for_review(
    lived: Lived,
) -> None:
    await lived.members.forget(ANN, "member")
    assert await lived.statuses() == {
        "place": "review",
        "echo": "review",
        "named": "review",
        "heard": "active",
        "untouched": "active",
        "ben": "active",
    }
    query = "SELECT id, content, open_questions FROM insight"
    content = {row.id: row.content for row in await lived.rows(query)}
    assert content[lived.insights["place"]] == "Ben lends tools gladly"
    assert content[lived.insights["echo"]] == "Ben lends tools gladly"
    assert content[lived.insights["named"]] == "Tools are lent"
    sources = await lived.rows(
        f"SELECT line, message_id FROM insight_source WHERE insight_id = '{lived.insights['place']}'"
    )
    assert [tuple(row) for row in sources] == [(0, 2_007)]


async def test_a_note_that_names_them_as_they_were_called_once_goes_whole(lived: Lived) -> None:
    renamed = update(member).where(member.c.id == ANN).values(name="anya", display_name="Anya")
    async with lived.database.write() as connection:
        await connection.execute(renamed)
    await lived.members.forget(ANN, "member")
    assert "named" not in await lived.statuses()


async def test_a_note_that_only_says_their_name_says_someone(lived: Lived) -> None:
    await lived.members.forget(ANN, "member")
    assert (await said_of(lived, "heard")) == "Ben says someone has a rake"


async def test_a_name_that_another_agreed_to_show_stays(lived: Lived) -> None:
    ben = Author(BEN, "ben", "Annquetzal", role_ids=())
    await lived.record(MemberUpdated(ben, SERVER, EPOCH))
    await lived.members.forget(ANN, "member")
    assert (await said_of(lived, "heard")) == "Ben says annquetzal has a rake"


@pytest.mark.parametrize("name", ["Room", "Tools"])
async def test_a_name_that_means_a_place_or_a_subject_goes_out_of_no_note(
    name: str, lived: Lived
) -> None:
    said = f"All about {name}"
    lived.insights["all"] = await lived.world.learn(said, message_ids=[B_ALONE])
    called = Author(103, name.lower(), name, role_ids=())
    await lived.record(MemberUpdated(called, SERVER, EPOCH))
    receipt = (await lived.members.forget(103, "member")).receipt
    assert (await said_of(lived, "all")) == said
    assert "insights_reworded" not in receipt


async def test_notes_of_servers_in_which_they_were_never_seen_stay_as_they_are(
    lived: Lived,
) -> None:
    learn, there = lived.world.learn, TopicKey.channel(2, 20)
    lived.insights["there"] = await learn("Annquetzal nests", topic=there, message_ids=[B_ALONE])
    everywhere = TopicKey.user(BEN)
    lived.insights["global"] = await learn("Annquetzal?", topic=everywhere, message_ids=[B_ALONE])
    await lived.members.forget(ANN, "member")
    assert (await said_of(lived, "there")) == "Annquetzal nests"
    assert (await said_of(lived, "global")) == "someone?"


async def test_where_they_only_wrote_were_mentioned_or_reacted_notes_say_someone(
    lived: Lived,
) -> None:
    dan, dora, rob = (Author(one, f"m{one}", f"Jackdaw{one}") for one in (107, 108, 109))
    for one in (dan, dora, rob):  # all were seen elsewhere, and are no members here any more
        await lived.record(MemberUpdated(replace(one, role_ids=()), 2, EPOCH))
    await lived.record(
        wrote(5_001, dan, "Hello all"),
        wrote(5_002, BEN_AUTHOR, "Hello Dora", mentions=(dora,)),
        ReactionAdded(5_002, SERVER, Emoji("👍"), rob, EPOCH),
    )
    nowhere = Author(110, "m110", "Jackdaw110")
    await lived.record(MemberUpdated(nowhere, SERVER, EPOCH))
    for one in (dan, dora, rob, nowhere):
        said = f"{one.display_name} waved"
        lived.insights["waved"] = await lived.world.learn(said, message_ids=[B_ALONE])
        await lived.members.forget(one.id, "member")
        assert (await said_of(lived, "waved")) == "someone waved", one


async def test_an_erasure_that_goes_on_looks_at_the_notes_of_all_servers(
    lived: Lived, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(course, "insights_about", broken_once(insights_about))
    dan = Author(107, "dan", "Dandelion")
    await lived.record(MemberUpdated(replace(dan, role_ids=()), 2, EPOCH))
    await lived.record(wrote(5_001, dan, "Hello all"))
    lived.insights["dan"] = await lived.world.learn("Dandelion waved", message_ids=[B_ALONE])
    with pytest.raises(DatabaseError):
        await lived.members.forget(107, "member")
    await lived.members.finish_erasures()
    assert (await said_of(lived, "dan")) == "someone waved"


@pytest.mark.parametrize("word", ["deskquetzal", "waved"])
async def test_a_line_that_is_struck_while_a_note_is_reworded_does_not_come_back(
    word: str, lived: Lived, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = ("Annquetzal waved", "Ben has a deskquetzal")
    lived.insights["two"] = made = await lived.world.learn(*lines, message_ids=[B_ALONE])

    async def then_struck(*arguments: Any, **options: Any) -> list[Texts]:
        if not (texts := await texts_after(*arguments, **options)):
            return texts
        async with lived.database.write() as connection:
            await strike(lived.database, connection, [made], Gone(says=lambda line: word in line))
        return texts

    monkeypatch.setattr(course, "texts_after", then_struck)
    await lived.members.forget(ANN, "member")
    left = {"deskquetzal": "someone waved", "waved": "Ben has a deskquetzal"}
    assert (await said_of(lived, "two")) == left[word]


async def said_of(lived: Lived, name: str) -> str:
    query = f"SELECT content FROM insight WHERE id = '{lived.insights[name]}'"
    ((content,),) = await lived.rows(query)
    return str(content)


async def test_topics_of_what_was_struck_are_thought_about_again(lived: Lived) -> None:
    query = f"SELECT new_material FROM topic WHERE key = 'server:1:channel:{ROOM}'"
    ((before,),) = await lived.rows(query)
    await lived.members.forget(ANN, "member")
    ((after,),) = await lived.rows(query)
    assert after > before


async def test_the_self_concept_goes_on_without_them_and_so_does_its_file(lived: Lived) -> None:
    assert "conceptquetzal" in lived.concept.read_text()
    await lived.members.forget(ANN, "member")
    current = await SelfConceptStore(lived.database).current()
    assert current is not None
    assert current.content == "I watch.\nI was told to be kind."
    assert "conceptquetzal" not in lived.concept.read_text()
    assert current.id in lived.concept.read_text()


async def test_an_operators_edit_of_the_self_concept_comes_in_before_it_is_cleaned(
    lived: Lived,
) -> None:
    text = lived.concept.read_text()
    lived.concept.write_text(text + "\nI like beans.\n")
    await lived.members.forget(ANN, "member")
    current = await SelfConceptStore(lived.database).current()
    assert current is not None
    assert current.content == "I watch.\nI was told to be kind.\n\nI like beans."


async def test_nothing_of_theirs_comes_in_again(lived: Lived, tmp_path: Path) -> None:
    await lived.members.forget(ANN, "member")

    again = await lived.record(*happened(), MemberUpdated(ANN_AUTHOR, SERVER, EPOCH))
    assert (again.messages, again.known) == (0, 3)
    named = ChannelSeen(11, 1, "threadquetzal", ChannelKind.THREAD, EPOCH, 10, creator_id=ANN)
    await lived.record(named, wrote(3_000, ANN_AUTHOR, SECRET))
    path = write(tmp_path / "a.json", export([said(1, ANN, SECRET), said(2, BEN, "hello")]))
    yes = ConsentRecord(ANN, ConsentState.GRANTED, lived.clock.now(), "file:c.json")
    report = await Importer(
        lived.database, lived.consents, lived.config, clock=lived.clock
    ).import_paths([path], consents=[yes])

    assert (report.total("messages"), report.total("refused"), report.consents) == (1, 1, 0)
    assert (await lived.members.standing(ANN)).state is None
    after = (await lived.everything()).lower()
    assert "quetzal" not in after
    assert person(ANN)["name"] not in after


async def test_a_call_that_ends_after_its_member_is_gone_keeps_its_costs_alone(
    lived: Lived,
) -> None:
    calls, open_call = ModelCallStore(lived.database), call(ANN, BEN)
    await calls.record(open_call)
    await lived.members.forget(ANN, "member")
    await calls.record(open_call)
    rows = await lived.rows(
        f"SELECT member_id FROM model_call_member WHERE call_id = '{open_call.id}'"
    )
    assert [row.member_id for row in rows] == [BEN]
    query = f"SELECT prompt_hash FROM model_call WHERE id = '{open_call.id}'"
    assert [tuple(row) for row in await lived.rows(query)] == [("",)]


async def test_from_the_tombstone_on_nothing_is_shown_or_thought_about(lived: Lived) -> None:
    asked = await lived.members.ask_to_forget(ANN, "member")
    assert (asked.completed_at, dict(asked.receipt)) == (None, {})
    assert lived.members.asked.is_set()
    assert (await lived.statuses())["named"] == "quarantined"
    assert not (await lived.consents.view()).allows(ANN)
    again = await lived.record(wrote(3_000, ANN_AUTHOR, "I am still here"))
    assert (again.messages, again.refused) == (0, 1)
    assert (await lived.members.known(ANN)).erasure == asked
    assert await lived.members.finish_erasures() == 1
    done = await lived.members.erasure(ANN)
    assert (done.id, done.completed_at) == (asked.id, lived.clock.now())


async def test_an_erasure_under_way_is_pending_while_a_run_works_on_them(lived: Lived) -> None:
    history = History(lived.database)
    run = await history.open()
    await history.start(run)
    target = await history.target(run, f"server:1:user:{ANN}", 0, TargetStatus.RUNNING)
    waiting = await lived.members.forget(ANN, "member")
    assert waiting.completed_at is None
    assert waiting.pending == f"run {run.id} works on a topic about them"
    assert "quetzal" not in (await lived.everything()).lower()

    async with lived.database.write() as connection:
        await connection.exec_driver_sql(
            f"UPDATE run_target SET status = 'failed' WHERE id = '{target}'"
        )
    assert await lived.members.finish_erasures() == 1
    assert f"user:{ANN}" not in await lived.everything()


async def test_an_erasure_waits_for_no_target_that_an_ended_run_has_left_open(lived: Lived) -> None:
    history = History(lived.database)
    run = await history.open()
    await history.start(run)
    await history.target(run, f"server:1:user:{ANN}", 0, TargetStatus.RUNNING)
    async with lived.database.write() as connection:  # as earlier releases left it
        await connection.exec_driver_sql(
            f"UPDATE layer_run SET status = 'failed' WHERE id = '{run.id}'"
        )
    done = await lived.members.forget(ANN, "member")
    assert (done.completed_at, done.pending) == (lived.clock.now(), "")
    assert f"user:{ANN}" not in await lived.everything()


async def test_an_erasure_that_broke_off_everywhere_goes_on_and_comes_to_the_same(
    lived: Lived, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(course, "PORTION", 2)
    steps = [
        (store, "delete_messages"),
        (course, "strike"),
        (course, "insights_with"),
        (store, "delete_from_runs"),
        (store, "delete_reactions"),
        (store, "delete_profile"),
        (course, "settle_file"),
        (course, "purge"),
        (store, "complete"),
    ]
    for owner, name in steps:
        monkeypatch.setattr(owner, name, broken_once(getattr(owner, name)))

    await lived.members.ask_to_forget(ANN, "member")
    for _ in steps:
        with pytest.raises(DatabaseError):
            await lived.members.finish_erasures()
    assert await lived.members.finish_erasures() == 1

    receipt = (await lived.members.erasure(ANN)).receipt
    wanted = {kind: count for kind, count in RECEIPT.items() if count}
    assert {kind: receipt.get(kind) for kind in wanted} == wanted
    assert "quetzal" not in (await lived.everything()).lower()
    assert await lived.ledger.audit() == []


def broken_once(step: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    """A step after which the power goes, the first time."""
    calls = 0

    async def broken(*arguments: Any, **options: Any) -> Any:
        nonlocal calls
        calls += 1
        result = await step(*arguments, **options)
        if calls == 1:  # what it did is rolled back, or was done in vain
            raise DatabaseError("The power went.")
        return result

    return broken


async def test_two_processes_may_erase_the_same_member_at_once(
    lived: Lived, elsewhere: Members, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(course, "PORTION", 1)
    both = await asyncio.gather(
        lived.members.forget(ANN, "member"), elsewhere.forget(ANN, "operator")
    )
    assert len({one.id for one in both}) == 1
    await lived.members.finish_erasures()
    done = await lived.members.erasure(ANN)
    assert done.completed_at is not None
    assert (done.receipt["messages"], done.receipt["profiles"]) == (7, 1)
    assert "quetzal" not in (await lived.everything()).lower()
    assert await lived.ledger.audit() == []


async def test_a_yes_that_is_said_while_an_erasure_opens_comes_too_late(
    lived: Lived, elsewhere: Members, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[asyncio.Task[Any]] = []

    async def opened(*arguments: Any) -> Any:
        said.append(asyncio.create_task(elsewhere.set_consent(ANN, ConsentState.GRANTED, "member")))
        await asyncio.wait(said, timeout=0.1)
        return await settle(*arguments)

    monkeypatch.setattr(course, "settle", opened)
    await lived.members.ask_to_forget(ANN, "member")
    with pytest.raises(ConsentError, match="was erased"):
        await said[0]
    assert (await lived.members.standing(ANN)).state is None


async def test_an_erasure_says_how_far_it_is(lived: Lived, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(course, "PORTION", 2)
    seen: list[tuple[int, int]] = []
    await lived.members.forget(ANN, "member", lambda done, total: seen.append((done, total)))
    assert seen[-1] == (6, 6)
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)


async def test_a_stranger_and_zos_itself_are_not_erased(lived: Lived) -> None:
    for refuse in (lived.members.forget, lived.members.ask_to_forget):
        with pytest.raises(NotFoundError):
            await refuse(999, "operator")
    with pytest.raises(NotFoundError, match="Nobody has asked"):
        await lived.members.erasure(ANN)
    await lived.record(AgentSeen(ANN_AUTHOR, EPOCH))
    with pytest.raises(UsageError, match="does not erase itself"):
        await lived.members.forget(ANN, "operator")
    assert A_SECRET in {row.id for row in await lived.rows("SELECT id FROM message")}
