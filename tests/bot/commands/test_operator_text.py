"""What operators are told, for every state that a layer, a run and a service can be in."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from zos.bot.commands.operator_text import cost_lines, job_lines, run_line, run_lines, status_lines
from zos.reflect.states import RunStatus, Trigger
from zos.views.costs import CostBy, CostRow, Costs, Spending
from zos.views.health import DiscordState, DiscordStatus, Health
from zos.views.job_rows import PauseView
from zos.views.jobs import Fire, JobList, JobStatus
from zos.views.runs import RunView

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
STAMP = int(NOON.timestamp())
RUN = RunView(
    id="01RUN",
    layer="nightly",
    layer_hash=None,
    trigger=Trigger.SCHEDULE,
    status=RunStatus.SUCCESS,
    reason="",
    slot=NOON,
    slot_last=None,
    slot_count=1,
    coalesced_into=None,
    created_at=NOON,
    started_at=NOON,
    finished_at=NOON,
    lateness_seconds=0.0,
    wait_seconds=0.0,
    duration_seconds=1.0,
    targets_total=0,
    targets_done=0,
    insights_created=0,
    tokens_in=0,
    tokens_out=0,
    cost_usd=0.0,
)
JOB = JobStatus(
    layer="nightly",
    job_id="layer:nightly",
    name="Reflection: nightly",
    description="",
    enabled=True,
    schedule=None,
    schedule_in_words=None,
    timezone="UTC",
    offset_seconds=0,
    next_fires=(),
    overdue_since=None,
    trigger_threshold=None,
    insights_since_run=0,
    paused=None,
    failures_in_row=0,
    last=None,
    running=None,
    waiting=0,
    outcomes=(),
    outcomes_since=NOON,
)


def line_of(job: JobStatus) -> str:
    (line,) = job_lines(JobList((job,), (), ()))
    return line.removeprefix("**nightly**: ")


def test_a_job_says_when_it_runs_and_what_stands_in_its_way() -> None:
    assert line_of(JOB) == "by hand only"
    assert line_of(replace(JOB, enabled=False)) == "disabled in its file"
    threshold = replace(JOB, trigger_threshold=10, insights_since_run=4)
    assert line_of(threshold) == "4 of 10 insights"
    assert line_of(replace(JOB, next_fires=(Fire(NOON, NOON),))) == f"next <t:{STAMP}:f>"
    paused = replace(JOB, paused=PauseView(NOON, None, "ann", "*moving*"))
    assert line_of(paused) == "by hand only; paused by ann: \\*moving\\*"
    ends = replace(JOB, paused=PauseView(NOON, NOON + timedelta(hours=1), "", ""))
    assert line_of(ends) == f"by hand only; paused by somebody until <t:{STAMP + 3_600}:f>"
    failed = replace(RUN, status=RunStatus.FAILED, reason="no model")
    running = replace(RUN, status=RunStatus.RUNNING, targets_total=8, targets_done=3)
    busy = replace(JOB, last=failed, running=running, failures_in_row=2)
    assert line_of(busy) == (
        "by hand only; running, 3 of 8 topics; last failed: no model; 2 failures in a row"
    )


def test_broken_layer_files_stand_behind_the_jobs_and_nothing_is_said_to_be_nothing() -> None:
    assert job_lines(JobList((), (), ())) == ["There are no layers."]
    assert job_lines(JobList((), ("a.yaml: line 3",), ())) == ["Layer file a.yaml: line 3"]


def test_a_run_says_what_it_did_and_what_it_cost() -> None:
    assert run_line(RUN) == f"<t:{STAMP}:f> **nightly** success (schedule) `01RUN`"
    much = replace(
        RUN, targets_total=1, targets_done=1, insights_created=2, cost_usd=0.0123, reason="why"
    )
    assert run_line(much) == (
        f"<t:{STAMP}:f> **nightly** success (schedule), 1 of 1 topic, 2 insights, $0.0123: why `01RUN`"
    )
    waiting = replace(RUN, started_at=None, slot=None)
    assert run_line(waiting).startswith(f"<t:{STAMP}:f>")
    assert run_lines([RUN], more=True)[-1] == "Older ones are on Zos's pages."
    assert run_lines([], more=False) == ["There are no runs yet."]


def test_costs_have_the_sum_first_and_days_the_newest_first() -> None:
    limits = (Spending("day", 0.5, 5.0), Spending("month", 0.5, None))
    total = CostRow("total", None, 2, 0, 20, 10, 0.5)
    first = CostRow("2026-03-01", None, 1, 1, 10, 5, 0.2)
    second = CostRow("2026-03-02", None, 1, 0, 10, 5, 0.3)
    spent = ["This day: $0.5000 (of $5.00).", "This month: $0.5000 (no limit)."]
    costs = Costs(CostBy.DAY, NOON, NOON, (first, second), total, limits)
    assert cost_lines(costs) == [
        "**total**: $0.5000, 2 calls, 20 + 10 tokens",
        *spent,
        "**2026-03-02**: $0.3000, 1 call, 10 + 5 tokens",
        "**2026-03-01**: $0.2000, 1 call, 1 failed, 10 + 5 tokens",
    ]
    by_model = replace(costs, by=CostBy.MODEL)
    assert cost_lines(by_model)[3].startswith("**2026-03-01**")
    assert cost_lines(replace(costs, rows=())) == ["No model was called in this time.", *spent]


def test_the_status_names_obstacles_the_next_fire_and_what_runs() -> None:
    discord = DiscordStatus(DiscordState.CONNECTED, servers=2, recorded=1_234, catching_up=1)
    health = Health(False, ("The scheduler does not run.",), ("A notice.",), discord)
    later = replace(
        JOB, layer="later", next_fires=(Fire(NOON + timedelta(1), NOON + timedelta(1)),)
    )
    soon = replace(JOB, next_fires=(Fire(NOON, NOON),), running=RUN)
    lines = status_lines(health, JobList((later, soon), (), ()), [Spending("day", 0, 5.0)])
    assert lines == [
        "**Not ready**",
        "The scheduler does not run.",
        "A notice.",
        "Discord: connected, 2 servers, 1,234 events recorded, 0 waiting, 1 channel catching up.",
        f"Next: nightly <t:{STAMP}:R>.",
        f"Running: {run_line(RUN)}",
        "This day: $0.0000 (of $5.00).",
    ]
    assert status_lines(replace(health, ready=True), JobList((), (), ()), [])[0] == "**Ready**"
