"""The states of runs and targets, and the triggers. All of them, in one place."""

from __future__ import annotations

from enum import StrEnum


class Trigger(StrEnum):
    """What made a layer run."""

    SCHEDULE = "schedule"
    MANUAL = "manual"
    THRESHOLD = "threshold"
    CATCH_UP = "catch_up"
    REPLAY = "replay"


class RunStatus(StrEnum):
    """The state of a run, or the outcome of a fire that did not run."""

    QUEUED = "queued"
    RUNNING = "running"
    INTERRUPTED = "interrupted"  # cut by a drain or a death; somebody will take it over
    SUCCESS = "success"
    PARTIAL = "partial"  # some targets failed, or the budget ended midway
    FAILED = "failed"
    DRY = "dry"  # the model ran and had nothing to say
    CANCELLED = "cancelled"
    MISSED = "missed"
    SKIPPED = "skipped"  # nothing selected, overlap, paused, disabled
    COALESCED = "coalesced"  # another run answers for this slot

    @property
    def is_final(self) -> bool:
        """Whether nothing will change any more."""
        return self not in _OPEN


_OPEN = frozenset({RunStatus.QUEUED, RunStatus.RUNNING, RunStatus.INTERRUPTED})


class TargetStatus(StrEnum):
    """The state of one topic within a run."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCESS = "success"
    DRY = "dry"
    FAILED = "failed"
    SKIPPED = "skipped"  # the run ended before its turn, or amid it

    @property
    def is_final(self) -> bool:
        """Whether nothing will change any more."""
        return self not in {TargetStatus.QUEUED, TargetStatus.RUNNING}
