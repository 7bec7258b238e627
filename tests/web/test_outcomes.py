"""How runs are told to people."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from zos.reflect.states import RunStatus, TargetStatus, Trigger
from zos.views.runs import RunView
from zos.web.outcomes import GROUPS, gravity_of, outcome_in_words, tone_of

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def run(status: RunStatus, **more: Any) -> RunView:
    values: dict[str, Any] = {
        "id": "1",
        "layer": "nightly",
        "layer_hash": None,
        "trigger": Trigger.SCHEDULE,
        "status": status,
        "reason": "",
        "slot": NOON,
        "slot_last": None,
        "slot_count": 1,
        "coalesced_into": None,
        "created_at": NOON,
        "started_at": NOON,
        "finished_at": NOON,
        "lateness_seconds": 0.0,
        "wait_seconds": 0.0,
        "duration_seconds": 41.0,
        "targets_total": 0,
        "targets_done": 0,
        "insights_created": 0,
        "tokens_in": 0,
        "tokens_out": 0,
        "cost_usd": 0.0,
    }
    return RunView(**{**values, **more})


@pytest.mark.parametrize(
    ("status", "more", "said"),
    [
        (
            RunStatus.SUCCESS,
            {"targets_total": 12, "insights_created": 9},
            "9 insights from 12 topics in 41 s",
        ),
        (
            RunStatus.SUCCESS,
            {"targets_total": 1, "insights_created": 1, "duration_seconds": None},
            "1 insight from 1 topic",
        ),
        (RunStatus.RUNNING, {"targets_total": 14, "targets_done": 5}, "5 of 14 topics done"),
        (RunStatus.RUNNING, {"reason": "asked for by ann"}, "asked for by ann"),
        (
            RunStatus.FAILED,
            {"reason": "no answer", "targets_total": 2},
            "no answer; 0 insights from 2 topics in 41 s",
        ),
        (
            RunStatus.MISSED,
            {"reason": "the service was down", "slot_count": 1_200},
            "1,200 slots: the service was down",
        ),
        (RunStatus.SUCCESS, {}, "nothing to report"),
    ],
)
def test_a_run_is_told_in_one_line(status: RunStatus, more: dict[str, Any], said: str) -> None:
    assert outcome_in_words(run(status, **more)) == said


def test_every_state_has_a_colour_a_gravity_and_a_group() -> None:
    assert all(tone_of(one) for one in (*RunStatus, *TargetStatus))
    assert sorted(map(gravity_of, RunStatus)) == list(range(len(RunStatus)))
    assert sorted(one for _title, group in GROUPS.values() for one in group) == sorted(RunStatus)
