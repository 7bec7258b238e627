"""What a run came to: its status and its reason in words, from its targets. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from zos.reflect.runs.model import RunTarget
from zos.reflect.states import RunStatus, TargetStatus

NOTHING_SELECTED = "nothing selected"

BUDGET = "budget: "
"""Begins the reason of what a spending limit stopped: no fault of the layer."""


def verdict(targets: Sequence[RunTarget], *, stopped: str = "") -> tuple[RunStatus, str]:
    """Return a finished run's status and reason.

    Args:
        targets: All targets of the run, each in a final state.
        stopped: Why the run ended before its last target (a budget, a time limit); empty if it did not.
    """
    of = {status: [one for one in targets if one.status is status] for status in TargetStatus}
    failed, skipped = of[TargetStatus.FAILED], of[TargetStatus.SKIPPED]
    if not targets:
        return RunStatus.SKIPPED, stopped or NOTHING_SELECTED
    if len(skipped) == len(targets) and stopped.startswith(BUDGET):
        return RunStatus.SKIPPED, stopped
    if failed or skipped:
        heard = of[TargetStatus.SUCCESS] or of[TargetStatus.DRY]
        return (RunStatus.PARTIAL if heard else RunStatus.FAILED), _shortfall(
            failed, skipped, len(targets), stopped
        )
    if of[TargetStatus.SUCCESS]:
        return RunStatus.SUCCESS, ""
    return RunStatus.DRY, of[TargetStatus.DRY][0].reason


def _shortfall(failed: list[RunTarget], skipped: list[RunTarget], total: int, stopped: str) -> str:
    parts = []
    if failed:
        parts.append(
            f"{len(failed)} of {total} targets failed, the first because: {failed[0].reason}"
        )
    if skipped:
        parts.append(
            f"{len(skipped)} of {total} targets not finished: {stopped or skipped[0].reason}"
        )
    return "; ".join(parts)
