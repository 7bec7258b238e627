"""`Replay`: the scheduler's own slots, accounts and fires, driven by a clock that jumps from slot to slot.

In: two dates. Out: every slot between them has the outcome that it would have had. Before a slot
fires, history up to it is booked, so that nothing is chosen or reflected on before it happened.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from zos.config import Config
from zos.core.clock import Clock, SimulatedClock, SystemClock
from zos.core.errors import ReplayError
from zos.observe.booking import HistoryBooker
from zos.reflect.executor import LayerExecutor
from zos.reflect.layer import Layer
from zos.reflect.loader import LayerLoader
from zos.salience.selector import ReflectionSelector
from zos.scheduler.lock import ServiceLock
from zos.scheduler.parts import assemble
from zos.scheduler.replay.store import ReplayStore, Totals
from zos.scheduler.terms import registration_of

Progress = Callable[[int, int, str], None]
"""Is told how many slots are done, of how many, and which one is at work."""


@dataclass(frozen=True, slots=True)
class ReplayReport:
    """What a replay found and did.

    Attributes:
        first: The first day of the range.
        last: The last day, included.
        replayed: Slots that this call gave an outcome; 0 if all had one.
        totals: What stands in the store about the whole range, earlier replays of it included.
    """

    first: date
    last: date
    replayed: int
    totals: Totals


_INSTANT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True, order=True)
class _Slot:
    at: datetime
    layer: str


class Replay:
    """Replays ranges of days.

    Args:
        executor: Built on `clock`.
        loader: The layers in force.
        selector: Chooses topics.
        config: The whole configuration.
        booker: Books history, on `clock`.
        clock: The simulated clock that all of these go by.
        present: The real time: what has not come yet cannot be replayed.
    """

    def __init__(
        self,
        executor: LayerExecutor,
        loader: LayerLoader,
        selector: ReflectionSelector,
        config: Config,
        *,
        booker: HistoryBooker,
        clock: SimulatedClock,
        present: Clock | None = None,
    ) -> None:
        self._loader = loader
        self._settings = config.scheduler
        self._booker = booker
        self._clock = clock
        self._present = present or SystemClock()
        self._runs = executor.runs
        self._store = ReplayStore(executor.database)
        self._parts = assemble(executor, loader, selector, config)
        self._accounts = self._parts.accounts
        path = executor.database.path
        self._lock = None if path is None else ServiceLock(path)

    async def run(self, first: date, last: date, progress: Progress | None = None) -> ReplayReport:
        """Replay every slot from `first` to `last` (days in UTC, both included).

        Slots that have an outcome are left alone; if all have, nothing is written.

        Raises:
            ReplayError: If the range is not in the past, or its slots would see what came after them.
            StillRunningError: If the service runs on this database file.
        """
        begin, end = self._bounds(first, last)
        if self._lock is not None:
            self._lock.acquire()
        try:
            replayed = await self._replay(begin, end, progress or _no_progress)
        except BaseException:
            await self._parts.dispatcher.drain(0)
            raise
        finally:
            if self._lock is not None:
                self._lock.release()
        return ReplayReport(first, last, replayed, await self._store.totals(begin, end))

    def _bounds(self, first: date, last: date) -> tuple[datetime, datetime]:
        now = self._present.now()
        if first > last:
            raise ReplayError(
                f"The range from {first} to {last} ends before it begins.",
                hint="Swap --from and --to.",
            )
        if last > now.date():
            raise ReplayError(f"{last} has not come yet.", hint="End the range today or earlier.")
        begin = datetime.combine(first, time(), UTC)
        return begin, min(datetime.combine(last, time(), UTC) + timedelta(days=1), now)

    async def _replay(self, begin: datetime, end: datetime, progress: Progress) -> int:
        self._loader.load_all()
        layers = {
            name: layer
            for name, layer in self._parts.definitions.in_force.items()
            if layer.enabled and layer.schedule is not None
        }
        await self._finish_what_was_left(begin, end)
        slots = await self._missing(layers, begin, end)
        if not slots:
            return 0
        await self._refuse_if_booked(slots[0].at)
        self._clock.move_to(slots[0].at)
        await self._parts.definitions.record()
        await self._accounts.remember(self._parts.definitions.in_force)
        for done, slot in enumerate(slots):
            progress(done, len(slots), f"{slot.at:%F %H:%M} {slot.layer}")
            await self._fire(layers[slot.layer], slot.at)
        progress(len(slots), len(slots), "")
        return len(slots)

    async def _missing(
        self, layers: dict[str, Layer], begin: datetime, end: datetime
    ) -> list[_Slot]:
        """Return the slots of the range without an outcome, by time and then by name."""
        recorded = await self._store.recorded(layers, begin, end)
        just_before, last = begin - _INSTANT, end - _INSTANT
        return sorted(
            _Slot(slot, name)
            for name, layer in layers.items()
            if (promise := registration_of(layer, self._settings).promise) is not None
            for slot in promise.slots(just_before, last)
            if slot not in recorded[name]
        )

    async def _finish_what_was_left(self, begin: datetime, end: datetime) -> None:
        """Finish the runs of a replay that was cut short, before the clock goes on."""
        unfinished = await self._runs.unfinished()
        for run in sorted(unfinished, key=lambda run: run.clock_at):
            if begin <= run.clock_at < end:
                self._clock.move_to(run.clock_at)
                self._parts.dispatcher.submit(run)
                await self._until_idle()

    async def _refuse_if_booked(self, slot: datetime) -> None:
        booked = await self._store.booked_until()
        if booked is not None and booked > slot:
            raise ReplayError(
                f"History is booked up to {booked:%F %H:%M} UTC already, "
                f"so the fire of {slot:%F %H:%M} would see what came after it.",
                hint="Replay before `zos import --book` and `zos serve`, in a fresh data_dir.",
            )

    async def _fire(self, layer: Layer, slot: datetime) -> None:
        self._clock.move_to(slot)
        await self._booker.book_until(slot)
        await self._parts.fires.dispatch(await self._accounts.settle_past(layer, slot))
        await self._until_idle()

    async def _until_idle(self) -> None:
        """Wait for all runs, and for those of the thresholds that they reach."""
        dispatcher = self._parts.dispatcher
        while held := [run.id for run in await self._runs.unfinished() if dispatcher.holds(run.id)]:
            for run_id in held:
                await dispatcher.wait(run_id)


def _no_progress(_done: int, _total: int, _at_work: str) -> None:
    """Tell nobody."""
