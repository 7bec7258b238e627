"""What becomes of the slots that a layer owes: run, made up for, missed or skipped, and why. Pure.

In: the due slots, oldest first, and what the layer wants for late ones. Out: outcomes that cover
each of them once. However many slots there are, there are only a few outcomes: the newest of
equal fate one by one, the older ones in one summary.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum, auto
from itertools import groupby

from zos.reflect.layer import CatchUp
from zos.reflect.states import RunStatus, Trigger
from zos.scheduler.state.model import Pause

ON_TIME = timedelta(seconds=60)
"""A fire up to so late is the timer's own: it wakes every 30 s at least, and tries again each second."""

MAX_SINGLE_OUTCOMES = 24
MAX_CATCH_UP_RUNS = 100


@dataclass(frozen=True, slots=True)
class Terms:
    """What a layer wants for its slots.

    Attributes:
        grace: How late a slot may still start.
        catch_up: What becomes of several late slots within the grace.
        offset: How long after its slot the timer wakes the layer.
        off: Why it does not run at all; empty if it does.
    """

    grace: timedelta
    catch_up: CatchUp
    offset: timedelta = timedelta(0)
    off: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What becomes of one slot, or of `count` slots from `first` to `last`.

    Attributes:
        status: `queued` to run it; or `missed`, `skipped`, `coalesced` into the newest that runs.
        trigger: `catch_up` for a late slot that runs, else `schedule`.
    """

    first: datetime
    last: datetime
    count: int
    status: RunStatus
    trigger: Trigger
    reason: str


class _Fate(Enum):
    OPEN = auto()
    MISSED = auto()
    PAUSED = auto()
    OFF = auto()


@dataclass(slots=True)
class _Group:
    """Neighbouring slots of one fate: the newest of them, and how many older ones there are."""

    fate: _Fate
    first: datetime
    newest: deque[datetime]
    older: int = 0
    older_last: datetime | None = None


def outcomes(
    slots: Iterable[datetime], terms: Terms, pause: Pause | None, now: datetime
) -> list[Outcome]:
    """Return what becomes of `slots`, in their order.

    Args:
        slots: Due slots (none later than `now` less the offset), oldest first.
        terms: What the layer wants.
        pause: Its pause, if it is or was paused.
        now: The time.
    """
    judge = _Judge(terms, pause, now)
    groups = [
        _gather(fate, members, judge.keep(fate)) for fate, members in groupby(slots, judge.fates())
    ]
    open_groups = [group for group in groups if group.fate is _Fate.OPEN]
    chosen = open_groups[-1].newest[-1] if open_groups else None
    return [outcome for group in groups for outcome in judge.of_group(group, chosen)]


def _gather(fate: _Fate, members: Iterator[datetime], keep: int) -> _Group:
    first = next(members)
    group = _Group(fate, first, deque([first]))
    for slot in members:
        group.newest.append(slot)
        if len(group.newest) > keep:
            group.older += 1
            group.older_last = group.newest.popleft()
    return group


@dataclass(frozen=True, slots=True)
class _Judge:
    terms: Terms
    pause: Pause | None
    now: datetime

    def lateness(self, slot: datetime) -> timedelta:
        return self.now - self.terms.offset - slot

    def fates(self) -> Callable[[datetime], _Fate]:
        """Return what tells a slot's fate; it may be asked a million times."""
        grace = ON_TIME if self.terms.catch_up is CatchUp.NONE else max(self.terms.grace, ON_TIME)
        missed_before = self.now - self.terms.offset - grace
        pause = self.pause
        in_time = _Fate.OPEN if pause is None or not pause.covers(self.now) else _Fate.PAUSED

        def fate(slot: datetime) -> _Fate:
            if pause is not None and pause.covers(slot):
                return _Fate.PAUSED
            return _Fate.MISSED if slot < missed_before else in_time

        return (lambda _slot: _Fate.OFF) if self.terms.off else fate

    def keep(self, fate: _Fate) -> int:
        """How many slots of `fate` stand for themselves, the newest first."""
        all_run = fate is _Fate.OPEN and self.terms.catch_up is CatchUp.ALL
        return MAX_CATCH_UP_RUNS if all_run else MAX_SINGLE_OUTCOMES

    def of_group(self, group: _Group, chosen: datetime | None) -> Iterator[Outcome]:
        if group.older_last is not None:
            summary = self._of_slot(group.first, group.fate, chosen)
            if summary.status is RunStatus.QUEUED:
                summary = replace(
                    summary, status=RunStatus.MISSED, trigger=Trigger.SCHEDULE, reason=_TOO_MANY
                )
            yield replace(summary, last=group.older_last, count=group.older)
        for slot in group.newest:
            yield self._of_slot(slot, group.fate, chosen)

    def _of_slot(self, slot: datetime, fate: _Fate, chosen: datetime | None) -> Outcome:
        status, reason = self._verdict(slot, fate, chosen)
        made_up = status is RunStatus.QUEUED and self.lateness(slot) > ON_TIME
        trigger = Trigger.CATCH_UP if made_up else Trigger.SCHEDULE
        return Outcome(slot, slot, 1, status, trigger, reason)

    def _verdict(
        self, slot: datetime, fate: _Fate, chosen: datetime | None
    ) -> tuple[RunStatus, str]:
        match fate:
            case _Fate.OFF:
                return RunStatus.SKIPPED, self.terms.off
            case _Fate.PAUSED:
                return RunStatus.SKIPPED, str(self.pause)
            case _Fate.MISSED:
                return RunStatus.MISSED, self._missed()
            case _Fate.OPEN if slot == chosen or self.terms.catch_up is CatchUp.ALL:
                return RunStatus.QUEUED, self._due(slot)
            case _Fate.OPEN:
                return RunStatus.COALESCED, f"answered by the fire of {chosen:%F %H:%M} UTC"

    def _missed(self) -> str:
        if self.terms.catch_up is CatchUp.NONE:
            return "not started on time, and the layer does not catch up"
        return f"not started within its grace time of {spoken(self.terms.grace)}"

    def _due(self, slot: datetime) -> str:
        late = self.lateness(slot)
        return f"made up for after {spoken(late)}" if late > ON_TIME else "due"


_TOO_MANY = f"more than {MAX_CATCH_UP_RUNS} fires to make up for"


def spoken(length: timedelta) -> str:
    """Return a length of time in its two largest units, as in `1 h 30 min`."""
    seconds = int(length.total_seconds())
    parts = []
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")):
        amount, seconds = divmod(seconds, size)
        if amount:
            parts.append(f"{amount} {unit}")
    return " ".join(parts[:2]) or "0 s"
