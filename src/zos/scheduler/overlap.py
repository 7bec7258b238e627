"""What becomes of a fire while its layer is still running. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from zos.reflect.layer import Overlap
from zos.reflect.runs.model import LayerRun
from zos.reflect.states import RunStatus

_ROOM = {Overlap.SKIP: 1, Overlap.BUFFER_ONE: 2}
"""How many open runs a layer may have, the running one included."""


@dataclass(frozen=True, slots=True)
class Admission:
    """Whether a run may wait its turn.

    Attributes:
        refused: Why not; empty if it may.
        cancels: The runs that make way for it.
    """

    refused: str = ""
    cancels: tuple[LayerRun, ...] = ()


def admit(run: LayerRun, open_runs: Iterable[LayerRun], policy: Overlap) -> Admission:
    """Decide about a run that was just opened.

    Args:
        run: The run.
        open_runs: All runs that are queued, running or interrupted, its own row included or not.
        policy: Its layer's wish.
    """
    others = [one for one in open_runs if _is_before(one, run)]
    if policy is Overlap.CANCEL_OTHER:
        return Admission(cancels=tuple(others))
    if len(others) < _ROOM[policy]:
        return Admission()
    return Admission(refused=f"overlap: {_named(others)}")


def _is_before(one: LayerRun, run: LayerRun) -> bool:
    if one.layer != run.layer or one.id == run.id:
        return False
    # Slots that are made up for together follow each other, and are no overlap.
    together = one.slot is not None and run.slot is not None and one.created_at == run.created_at
    return not together and (one.created_at, one.id) < (run.created_at, run.id)


def _named(others: Sequence[LayerRun]) -> str:
    running = [one for one in others if one.status is RunStatus.RUNNING]
    waiting = len(others) - len(running)
    parts = [f"run {one.id} is running" for one in running]
    if waiting:
        parts.append(f"{waiting} waiting" if parts else f"run {others[0].id} is waiting")
    return " and ".join(parts)
