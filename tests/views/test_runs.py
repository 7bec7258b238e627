"""Runs as they are shown: pages that neither skip nor repeat, and one run with all that it did."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import insert
from tests.views.conftest import NOON, History

from zos.core.errors import NotFoundError
from zos.core.ids import new_ulid
from zos.db.engine import Database
from zos.db.tables import insight, model_call, selection
from zos.reflect.runs.model import LayerRun
from zos.reflect.states import RunStatus, TargetStatus, Trigger
from zos.views.page import Page
from zos.views.runs import MAX_DETAIL_ROWS, RunsView, RunView

MINUTE = timedelta(minutes=1)


@pytest.fixture
def view(database: Database) -> RunsView:
    return RunsView(database)


def ids(page: Page[RunView]) -> list[str]:
    return [run.id for run in page.items]


async def test_runs_are_shown_newest_first(view: RunsView, history: History) -> None:
    opened = [(await history.open(at=NOON + n * MINUTE)).id for n in range(3)]
    assert ids(await view.page()) == opened[::-1]


async def test_pages_neither_skip_nor_repeat(view: RunsView, history: History) -> None:
    opened = [(await history.open(at=NOON + n * MINUTE)).id for n in range(5)]
    first = await view.page(limit=2)
    second = await view.page(limit=2, before=first.next_cursor)
    third = await view.page(limit=2, before=second.next_cursor)
    assert ids(first) + ids(second) + ids(third) == opened[::-1]
    assert third.next_cursor is None


async def test_a_full_last_page_has_no_next(view: RunsView, history: History) -> None:
    await history.open()
    assert (await view.page(limit=1)).next_cursor is None


async def test_a_run_that_comes_in_between_pages_moves_nothing(
    view: RunsView, history: History
) -> None:
    older = [(await history.open(at=NOON + n * MINUTE)).id for n in range(4)]
    first = await view.page(limit=2)
    await history.open(at=NOON + 9 * MINUTE)
    assert ids(await view.page(limit=2, before=first.next_cursor)) == older[1::-1]


async def test_runs_can_be_narrowed_by_layer_and_state(view: RunsView, history: History) -> None:
    nightly = await history.open("nightly")
    await history.open("weekly")
    missed = await history.open("nightly", status=RunStatus.MISSED)
    assert ids(await view.page(layer="nightly")) == [missed.id, nightly.id]
    assert ids(await view.page(layer="nightly", statuses=[RunStatus.MISSED])) == [missed.id]
    assert ids(await view.page(statuses=[RunStatus.FAILED])) == []


async def test_runs_can_be_narrowed_by_trigger_and_time(view: RunsView, history: History) -> None:
    await history.open(at=NOON)
    by_hand = await history.open(at=NOON + MINUTE, trigger=Trigger.MANUAL)
    later = await history.open(at=NOON + 2 * MINUTE)
    assert ids(await view.page(trigger=Trigger.MANUAL)) == [by_hand.id]
    assert ids(await view.page(since=NOON + MINUTE)) == [later.id, by_hand.id]
    assert ids(await view.page(since=NOON + MINUTE, trigger=Trigger.SCHEDULE)) == [later.id]


async def test_runs_since_a_time_are_counted_by_state(view: RunsView, history: History) -> None:
    await history.open(at=NOON, status=RunStatus.MISSED)
    for _ in range(2):
        await history.open(at=NOON + MINUTE, status=RunStatus.MISSED)
    await history.open(at=NOON + MINUTE)
    assert await view.counts_since(NOON + MINUTE) == {RunStatus.MISSED: 2, RunStatus.QUEUED: 1}


async def started_late(history: History, trigger: Trigger) -> LayerRun:
    """Jittered by a minute, fired 2.5 s after that, started 1.5 s later."""
    due = NOON + timedelta(minutes=1)
    fired = due + timedelta(seconds=2.5)
    run = await history.open(slot=NOON, due_at=due, at=fired, trigger=trigger)
    await history.start(run, fired + timedelta(seconds=1.5))
    await history.finish(run, RunStatus.SUCCESS, fired + timedelta(seconds=11.5))
    return run


@pytest.mark.parametrize("trigger", [Trigger.SCHEDULE, Trigger.CATCH_UP])
async def test_a_run_tells_how_late_it_was_how_long_it_waited_and_how_long_it_took(
    view: RunsView, history: History, trigger: Trigger
) -> None:
    run = await view.get((await started_late(history, trigger)).id)
    assert (run.lateness_seconds, run.wait_seconds, run.duration_seconds) == (2.5, 1.5, 10.0)


async def test_a_replayed_run_has_no_time_to_be_late_for_and_none_that_passes(
    view: RunsView, history: History
) -> None:
    run = await view.get((await started_late(history, Trigger.REPLAY)).id)
    assert (run.lateness_seconds, run.duration_seconds) == (None, None)


async def test_a_queued_run_is_late_already_and_has_not_begun(
    view: RunsView, history: History
) -> None:
    late = NOON + timedelta(seconds=3)
    run = await view.get((await history.open(slot=NOON, due_at=NOON, at=late)).id)
    assert (run.lateness_seconds, run.wait_seconds, run.duration_seconds) == (3, None, None)


@pytest.mark.parametrize("status", [RunStatus.MISSED, RunStatus.SKIPPED, RunStatus.COALESCED])
async def test_what_was_not_fired_was_not_late(
    view: RunsView, history: History, status: RunStatus
) -> None:
    run = await view.get((await history.open(slot=NOON, due_at=NOON, status=status)).id)
    assert run.lateness_seconds is None


async def test_a_run_is_shown_with_its_targets_in_order(view: RunsView, history: History) -> None:
    run = await history.open()
    await history.target(run, "server:1:channel:8", 1, TargetStatus.FAILED, reason="no answer")
    spent = {"salience_spent": 2_500_000, "cost_microusd": 1_200, "insights_created": 1}
    await history.target(run, "server:1:channel:9", 0, TargetStatus.SUCCESS, **spent)
    detail = await view.detail(run.id)
    assert [one.topic for one in detail.targets] == ["server:1:channel:9", "server:1:channel:8"]
    assert (detail.targets[0].salience_spent, detail.targets[0].cost_usd) == (2.5, 0.0012)
    assert detail.targets[1].reason == "no answer"
    assert detail.targets_by_status == {"failed": 1, "success": 1}


async def test_a_run_is_shown_with_its_calls_its_selection_and_its_insights(
    view: RunsView, history: History
) -> None:
    run = await history.open()
    target = await history.target(run, "self:zos", 0, TargetStatus.SUCCESS)
    async with history.database.write() as connection:
        await connection.execute(insert(model_call), call_row(run.id, target))
        await connection.execute(insert(selection), selection_rows(run.id))
        await connection.execute(insert(insight), insight_row(run.id, target))
    detail = await view.detail(run.id)
    (call,) = detail.calls
    assert (call.model, call.cost_usd, call.error, detail.calls_total) == (
        "openai:tiny",
        0.25,
        "late",
        1,
    )
    assert [(one.topic, one.salience, one.chosen, one.reason) for one in detail.selection] == [
        ("self:zos", 12.5, True, "chosen"),
        ("user:7", 3.0, False, "no new material"),
    ]
    assert [(one.id, one.topic) for one in detail.insights] == [("I" * 26, "self:zos")]


async def test_a_large_run_is_shown_in_part_and_counted_whole(
    view: RunsView, history: History
) -> None:
    run = await history.open()
    rows = [
        {**call_row(run.id, "T" * 26), "id": new_ulid(NOON)} for _ in range(MAX_DETAIL_ROWS + 1)
    ]
    async with history.database.write() as connection:
        await connection.execute(insert(model_call), rows)
    detail = await view.detail(run.id)
    assert (len(detail.calls), detail.calls_total) == (MAX_DETAIL_ROWS, MAX_DETAIL_ROWS + 1)


async def test_an_unknown_run_is_named(view: RunsView) -> None:
    with pytest.raises(NotFoundError, match="There is no run 01NOPE"):
        await view.detail("01NOPE")
    with pytest.raises(NotFoundError):
        await view.get("01NOPE")


def call_row(run_id: str, target_id: str) -> dict[str, object]:
    return {
        "id": new_ulid(NOON),
        "run_id": run_id,
        "target_id": target_id,
        "server_id": 1,
        "layer": "nightly",
        "node": "llm_call",
        "profile": "reflection",
        "model": "openai:tiny",
        "prompt_hash": "b" * 64,
        "outcome": "timeout",
        "error": "late",
        "tokens_in": 100,
        "tokens_out": 20,
        "requests": 1,
        "cost_microusd": 250_000,
        "latency_ms": 900,
        "called_at": NOON,
    }


def selection_rows(run_id: str) -> list[dict[str, object]]:
    return [
        {
            "run_id": run_id,
            "topic_key": topic,
            "position": position,
            "balance": balance,
            "chosen": chosen,
            "reason": reason,
        }
        for position, (topic, balance, chosen, reason) in enumerate(
            [
                ("self:zos", 12_500_000, True, "chosen"),
                ("user:7", 3_000_000, False, "no new material"),
            ]
        )
    ]


def insight_row(run_id: str, target_id: str) -> dict[str, object]:
    return {
        "id": "I" * 26,
        "topic_key": "self:zos",
        "category": "self",
        "layer": "nightly",
        "run_id": run_id,
        "target_id": target_id,
        "created_at": NOON,
        "content": "a thought",
        "method": "extractive",
        "confidence": 0.5,
        "importance": 0.5,
        "novelty": 0.5,
        "strength": 1.0,
        "open_questions": [],
        "scope": "public",
        "status": "active",
        "conflicts_with": [],
    }
