"""How runs and fires are told to people: in one line, in a colour, and in groups. Pure."""

from __future__ import annotations

from zos.reflect.states import RunStatus, TargetStatus, Trigger
from zos.views.runs import RunView
from zos.web.words import count, duration, money, plural

GROUPS: dict[str, tuple[str, tuple[RunStatus, ...]]] = {
    "open": ("Open", (RunStatus.RUNNING, RunStatus.QUEUED, RunStatus.INTERRUPTED)),
    "well": ("Went well", (RunStatus.SUCCESS, RunStatus.DRY)),
    "failures": ("With failures", (RunStatus.FAILED, RunStatus.PARTIAL)),
    "not-run": (
        "Did not run",
        (RunStatus.MISSED, RunStatus.SKIPPED, RunStatus.COALESCED, RunStatus.CANCELLED),
    ),
}
"""What runs can be narrowed by: a name in addresses → what it is called, and the states it stands for."""

TRIGGERS: dict[Trigger, str] = {
    Trigger.SCHEDULE: "on schedule",
    Trigger.MANUAL: "by hand",
    Trigger.THRESHOLD: "by its threshold",
    Trigger.CATCH_UP: "to catch up",
    Trigger.REPLAY: "in a replay",
}

_TONES = {
    RunStatus.SUCCESS: "good",
    RunStatus.DRY: "good hollow",
    RunStatus.PARTIAL: "warn",
    RunStatus.FAILED: "bad",
    RunStatus.MISSED: "warn hollow",
    RunStatus.CANCELLED: "warn hollow",
    RunStatus.SKIPPED: "hollow",
    RunStatus.COALESCED: "hollow",
    RunStatus.INTERRUPTED: "warn",
    RunStatus.RUNNING: "busy",
    RunStatus.QUEUED: "busy hollow",
}
_TARGET_TONES = {
    TargetStatus.SUCCESS: "good",
    TargetStatus.DRY: "good hollow",
    TargetStatus.FAILED: "bad",
    TargetStatus.SKIPPED: "hollow",
    TargetStatus.RUNNING: "busy",
    TargetStatus.QUEUED: "busy hollow",
}
_GRAVEST = (
    RunStatus.FAILED,
    RunStatus.PARTIAL,
    RunStatus.MISSED,
    RunStatus.CANCELLED,
    RunStatus.INTERRUPTED,
    RunStatus.RUNNING,
    RunStatus.QUEUED,
    RunStatus.SUCCESS,
    RunStatus.DRY,
    RunStatus.SKIPPED,
    RunStatus.COALESCED,
)


def tone_of(status: RunStatus | TargetStatus) -> str:
    """Return the classes of a state's mark in charts. What they show is also said in words."""
    return _TONES[status] if isinstance(status, RunStatus) else _TARGET_TONES[status]


def gravity_of(status: RunStatus) -> int:
    """Return how much a state matters among others: the least is what to look at first."""
    return _GRAVEST.index(status)


def outcome_in_words(run: RunView) -> str:
    """Return what came of a run, or why it did not run, in one line."""
    done = _done(run) if run.targets_total else ""
    slots = f"{run.slot_count:,} slots: " if run.slot_count > 1 else ""
    reason = run.reason if run.status not in {RunStatus.SUCCESS, RunStatus.RUNNING} else ""
    return slots + ("; ".join(filter(None, (reason, done))) or run.reason or "nothing to report")


def _done(run: RunView) -> str:
    if not run.status.is_final:
        return f"{run.targets_done:,} of {plural(run.targets_total, 'topic')} done"
    said = f"{plural(run.insights_created, 'insight')} from {plural(run.targets_total, 'topic')}"
    return said if run.duration_seconds is None else f"{said} in {duration(run.duration_seconds)}"


def spent_in_words(tokens: int, cost_usd: float) -> str:
    """Return what was spent: `4,120 tokens, $0.0021`."""
    return f"{count(tokens)} tokens, {money(cost_usd)}"
