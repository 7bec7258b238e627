"""What a run came to."""

from __future__ import annotations

import pytest

from zos.core.topics import TopicKey
from zos.reflect.runs.model import RunTarget
from zos.reflect.states import RunStatus, TargetStatus
from zos.reflect.verdict import verdict


def target(status: str, reason: str = "") -> RunTarget:
    return RunTarget(
        "t", "r", TopicKey.user(1), 0, TargetStatus(status), reason, 1, 0, None, None, 0, 0, 0, 0, 0
    )


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        ([], RunStatus.SKIPPED),
        (["success", "success"], RunStatus.SUCCESS),
        (["success", "dry"], RunStatus.SUCCESS),
        (["dry", "dry"], RunStatus.DRY),
        (["success", "failed"], RunStatus.PARTIAL),
        (["dry", "failed"], RunStatus.PARTIAL),
        (["success", "skipped"], RunStatus.PARTIAL),
        (["failed", "failed"], RunStatus.FAILED),
        (["skipped"], RunStatus.FAILED),
    ],
)
def test_the_status_follows_from_the_targets(states: list[str], expected: RunStatus) -> None:
    assert verdict([target(state, "why") for state in states])[0] is expected


def test_a_run_that_no_budget_is_left_for_is_skipped_and_no_failure_of_its_layer() -> None:
    stopped = "budget: the day's 5 dollars are spent"
    assert verdict([target("skipped")] * 2, stopped=stopped) == (RunStatus.SKIPPED, stopped)
    assert verdict([target("skipped"), target("failed")], stopped=stopped)[0] is RunStatus.FAILED
    assert verdict([target("skipped")], stopped="the run took long")[0] is RunStatus.FAILED


def test_every_status_but_success_has_its_reason_in_words() -> None:
    assert verdict([])[1] == "nothing selected"
    assert verdict([target("dry", "an empty window")])[1] == "an empty window"
    partial = verdict(
        [target("success"), target("failed", "no answer"), target("skipped")], stopped="budget: day"
    )
    assert partial[1] == (
        "1 of 3 targets failed, the first because: no answer; 1 of 3 targets not finished: budget: day"
    )
