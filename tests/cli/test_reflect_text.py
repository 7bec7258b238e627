"""Jobs and runs in words: every fact that is worth a line, and none that is not."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from pydantic import TypeAdapter

from zos.api.examples import EXAMPLES
from zos.cli.reflect_text import run_row, show_detail, show_job, show_outcome, show_preview
from zos.reflect.states import RunStatus, TargetStatus, Trigger
from zos.views.jobs import JobStatus
from zos.views.outputs import OutputState, OutputView
from zos.views.preview import PreviewView
from zos.views.runs import CallView, ConsideredView, RunDetail, RunView, TargetView

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.fixture
def job() -> JobStatus:
    return TypeAdapter(JobStatus).validate_python(EXAMPLES["JobStatus"])


@pytest.fixture
def run() -> RunView:
    return TypeAdapter(RunView).validate_python(EXAMPLES["RunView"])


def shown(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return capsys.readouterr().out.splitlines()


def test_a_job_is_shown_on_its_own_wall_clock_with_all_that_is_to_be_known(
    job: JobStatus, run: RunView, capsys: pytest.CaptureFixture[str]
) -> None:
    running = replace(run, targets_done=2, targets_total=6)
    busy = replace(
        job,
        running=running,
        waiting=1,
        overdue_since=NOON,
        failures_in_row=3,
        trigger_threshold=10,
        insights_since_run=4,
    )
    show_job(busy, fires=1)
    assert shown(capsys) == [
        "  Reflection: nightly-channel-reflection",
        "    Next run: 2026-11-24 03:00 CET (2026-11-24 02:00 UTC), to be skipped: it is paused",
        "    Schedule: 0 3 * * * (At 03:00 every day, Europe/Berlin)",
        "    Also: after 10 insights of other layers, 4 so far",
        "    Paused: by ann until 2026-11-30 13:00 CET (2026-11-30 12:00 UTC): moving house",
        "    Overdue: since 2026-11-23 12:00 UTC",
        f"    Running: 2 of 6 topics, run {run.id}",
        "    Waiting: 1 more",
        "    Last: success at 2026-11-23 04:00 CET (2026-11-23 03:00 UTC), 0.0 s late, 6 insights",
        "    Failures in a row: 3",
        "    Missed: 2 × not started within its grace time of 6 h",
    ]


def test_what_comes_after_a_pause_is_not_skipped(
    job: JobStatus, capsys: pytest.CaptureFixture[str]
) -> None:
    assert job.paused is not None
    over = replace(job, paused=replace(job.paused, until=job.next_fires[0].utc))
    show_job(over, fires=1)
    assert shown(capsys)[1] == "    Next run: 2026-11-24 03:00 CET (2026-11-24 02:00 UTC)"
    show_job(replace(job, paused=replace(job.paused, until=None)), fires=1)
    assert shown(capsys)[1].endswith("to be skipped: it is paused")


def test_a_job_with_nothing_to_say_says_nothing(
    job: JobStatus, capsys: pytest.CaptureFixture[str]
) -> None:
    quiet = replace(
        job, schedule=None, next_fires=(), paused=None, last=None, outcomes=(), enabled=False
    )
    show_job(quiet, fires=1)
    assert shown(capsys) == [
        "  Reflection: nightly-channel-reflection",
        "    Next run: none",
        "    Off: disabled in its file",
    ]


def test_one_insight_is_one_insight(
    job: JobStatus, run: RunView, capsys: pytest.CaptureFixture[str]
) -> None:
    dry = replace(
        run,
        status=RunStatus.DRY,
        insights_created=1,
        wait_seconds=3.21,
        reason="all quiet",
    )
    show_job(replace(job, paused=None, outcomes=(), last=dry, timezone="UTC"), fires=0)
    assert (
        "    Last: dry at 2026-11-23 03:00 UTC, 0.0 s late, waited 3.2 s, 1 insight: all quiet"
        in shown(capsys)
    )


def test_a_summary_is_one_row_for_all_its_slots(run: RunView) -> None:
    row = run_row(replace(run, slot_count=9, status=RunStatus.MISSED))
    assert "2026-11-23 03:00 UTC and 8 more" in row


def test_an_outcome_tells_its_reason(run: RunView, capsys: pytest.CaptureFixture[str]) -> None:
    show_outcome(replace(run, status=RunStatus.FAILED, insights_created=0, reason="no answer"))
    assert shown(capsys) == [
        "Layer executed: failed",
        "  Insights created: 0",
        "  Reason: no answer",
        f"  Run: {run.id}",
    ]


def test_a_run_is_shown_with_topics_refusals_and_calls_that_went_wrong(
    run: RunView, capsys: pytest.CaptureFixture[str]
) -> None:
    target = TargetView(
        "T", "user:7", TargetStatus.FAILED, "no answer", 3, 500, None, None, 70, 30, 0.0, 0.0, 0
    )
    call = CallView(
        "C", "T", "llm_call", "default", "openai:small", "timeout", "late", 7, 0, 1, 0.0, 9, NOON
    )
    good = replace(call, outcome="ok", error=None, node="reduce")
    detail = RunDetail(
        run=replace(run, trigger=Trigger.MANUAL, slot=None),
        targets=(target,),
        targets_by_status={"failed": 1},
        calls=(call, good),
        calls_total=2,
        selection=(
            ConsideredView("user:7", 40.0, chosen=True, reason="chosen"),
            ConsideredView("user:8", 2.5, chosen=False, reason="no new material"),
        ),
        insights=(),
        outputs=(OutputView("log", OutputState.WITHHELD, "not allowed", NOON, None, 1),),
    )
    show_detail(detail)
    text = "\n".join(shown(capsys))
    assert text.startswith("nightly-channel-reflection: success\nmanual, slot –, started")
    assert "6 insights, 21,480 + 2,210 tokens, $0.0041" in text
    for part in (
        "user:7",
        "no answer",
        "user:8",
        "no new material",
        "timeout",
        "late",
        "not allowed",
    ):
        assert part in text
    assert "reduce" not in text
    assert text.count("user:7") == 1


def test_a_rehearsal_with_an_unknown_price_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    show_preview(PreviewView("nightly", NOON, "", (), (), 900, None, ("No.",)), as_json=False)
    assert "No topics to choose from." in (lines := shown(capsys))
    assert "Withheld: No." in lines
    assert lines[-1] == "0 topics, at most 900 tokens and an unknown cost. Nothing was done."
