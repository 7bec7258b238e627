"""`Accounts`: settles what layers owe, as often as anybody asks.

In: the layers in force and the time. Out: one outcome for every slot that was promised and is due,
the runs to be dispatched among them. A layer's account goes by the schedule that it was
registered with, from its registration or its last recorded slot on; a changed schedule is
registered only once everything owed under the old one is settled, in the same transaction.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from zos.config.model import SchedulerConfig
from zos.core.clock import Clock
from zos.db.engine import Database
from zos.reflect.layer import Layer
from zos.reflect.runs.model import LayerRun
from zos.reflect.states import Trigger
from zos.scheduler.slots.outcomes import Outcome, outcomes
from zos.scheduler.slots.store import Settled, record
from zos.scheduler.state.model import LayerState, Registration
from zos.scheduler.state.store import LayerStateStore, locked, register
from zos.scheduler.terms import GONE, registration_of, terms_of


class Accounts:
    """Settles accounts.

    Args:
        database: The store.
        settings: Defaults for what layers leave open.
        clock: The time.
    """

    def __init__(self, database: Database, settings: SchedulerConfig, clock: Clock) -> None:
        self._database = database
        self._states = LayerStateStore(database)
        self._settings = settings
        self._clock = clock

    async def settle(
        self, layers: Mapping[str, Layer], only: Collection[str] | None = None
    ) -> list[LayerRun]:
        """Settle the accounts of the layers named in `only` (None: of all) and register them.

        Args:
            layers: All layers in force, by name.
            only: Which of them; a name that is not among `layers` is that of a layer that is gone.

        Returns:
            All new outcomes, by slot; the caller dispatches those that are queued.
        """
        now = self._clock.now()
        books = await self._books(layers, only, now)
        # A long absence can mean a million slots: counting them is not for the event loop.
        await asyncio.to_thread(_count, books)
        async with self._database.write() as connection:
            current = await locked(connection, [one.layer for one in books])
            for one in books:
                one.refresh(current.get(one.layer))
            settled = [one.settled() for one in books if one.outcomes]
            written = await record(connection, self._database, settled, now=now)
            changed = [one.registration() for one in books if one.is_changed]
            await register(connection, self._database, changed)
        return written

    async def settle_past(self, layer: Layer, slot: datetime) -> list[LayerRun]:
        """Give a slot of the past the outcome that it would have had on time (replay), and return it."""
        state = await self._states.get(layer.name)
        terms = replace(terms_of(layer, self._settings), offset=timedelta(0))
        found = outcomes([slot], terms, None if state is None else state.pause, slot)
        replayed = [replace(one, trigger=Trigger.REPLAY) for one in found]
        async with self._database.write() as connection:
            settled = Settled(layer.name, layer.hash, replayed)
            return await record(connection, self._database, [settled], now=slot)

    async def remember(self, layers: Mapping[str, Layer]) -> None:
        """Remember layers' thresholds, without a promise: a replay owes nothing but its own range."""
        now = self._clock.now()
        states = await self._states.all()
        changed = []
        for name, layer in layers.items():
            state = states.get(name)
            promise = None if state is None else state.registration.promise
            wanted = replace(registration_of(layer, self._settings), promise=promise)
            if state is None or state.registration != wanted:
                changed.append((wanted, now if state is None else state.registered_at))
        async with self._database.write() as connection:
            await register(connection, self._database, changed)

    async def _books(
        self, layers: Mapping[str, Layer], only: Collection[str] | None, now: datetime
    ) -> list[_Book]:
        states = await self._states.all(only)
        wanted = set(layers) if only is None else layers.keys() & set(only)
        return [
            _Book(name, layers.get(name), states.get(name), self._settings, now)
            for name in sorted(wanted | states.keys())
        ]


def _count(books: list[_Book]) -> None:
    for one in books:
        one.count()


class _Book:
    """One layer's account: what is in force against what is remembered.

    Attributes:
        outcomes: What becomes of the slots that are due.
    """

    def __init__(
        self,
        layer: str,
        definition: Layer | None,
        state: LayerState | None,
        settings: SchedulerConfig,
        now: datetime,
    ) -> None:
        self.layer = layer
        self.outcomes: list[Outcome] = []
        self._definition = definition
        self._state = state
        self._now = now
        if definition is None:
            self._terms, self._wanted = GONE, Registration(layer, promise=None)
        else:
            self._terms = terms_of(definition, settings)
            self._wanted = registration_of(definition, settings)

    @property
    def is_changed(self) -> bool:
        """Whether the layer is to be registered (anew)."""
        return self._state is None or self._state.registration != self._wanted

    def count(self) -> None:
        """Find what becomes of all slots that are due by now."""
        state = self._state
        if state is None or state.registration.promise is None:
            self.outcomes = []
            return
        terms = self._terms
        if not self._keeps_promise(state):  # it ends now: no slot can wait for its offset any more
            terms = replace(terms, offset=timedelta(0))
        slots = state.registration.promise.slots(state.owes_after, self._now - terms.offset)
        self.outcomes = outcomes(slots, terms, state.pause, self._now)

    def refresh(self, state: LayerState | None) -> None:
        """Count again if somebody else has settled or changed the account: what is left is little."""
        if state != self._state:
            self._state = state
            self.count()

    def settled(self) -> Settled:
        """Return the outcomes as they are to be recorded."""
        version = None if self._definition is None else self._definition.hash
        return Settled(self.layer, version, self.outcomes)

    def registration(self) -> tuple[Registration, datetime]:
        """Return what is to be remembered, and since when the promise holds."""
        state = self._state
        if state is not None and self._keeps_promise(state):
            return self._wanted, state.registered_at
        return self._wanted, self._now

    def _keeps_promise(self, state: LayerState) -> bool:
        return state.registration.promise == self._wanted.promise
