"""`Accounts`: settles what layers owe, as often as anybody asks.

In: the layers in force and the time. Out: one outcome for every slot that was promised and is due,
the runs to be dispatched among them. A layer's account goes by the schedule that it was
registered with, from its registration or its last recorded slot on; a changed schedule is
registered only once everything owed under the old one is settled, in the same transaction.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from zos.config.model import SchedulerConfig
from zos.core.clock import Clock
from zos.db.engine import Connection, Database
from zos.reflect.layer import Layer
from zos.reflect.runs.model import LayerRun
from zos.reflect.states import Trigger
from zos.scheduler.slots.book import Book
from zos.scheduler.slots.outcomes import outcomes
from zos.scheduler.slots.store import Settled, record
from zos.scheduler.state.model import LayerState
from zos.scheduler.state.store import locked, register
from zos.scheduler.terms import registration_of, terms_of

MAX_SLOTS_AT_ONCE = 1_000
"""If layers together owe more, they are counted in a thread (a slot takes some 20 µs)."""


class Accounts:
    """Settles accounts.

    Args:
        database: The store.
        settings: Defaults for what layers leave open.
        clock: The time.
    """

    def __init__(self, database: Database, settings: SchedulerConfig, clock: Clock) -> None:
        self._database = database
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
        async with self._database.write() as connection:
            states = await locked(connection, self._database, only)
            now = self._clock.now()  # of the record: until here the store may have been busy
            books = self._books(layers, states, only, now)
            if _are_few(books):
                return await self._write(connection, books, now)
        # A long absence can mean a million slots: counting them is neither for the event loop nor
        # for a transaction.
        await asyncio.to_thread(_count, books)
        async with self._database.write() as connection:
            current = await locked(connection, self._database, [one.layer for one in books])
            for one in books:
                one.refresh(current.get(one.layer))
            return await self._write(connection, books, now)

    async def settle_past(self, layer: Layer, slot: datetime) -> list[LayerRun]:
        """Give a slot of the past the outcome that it would have had on time (replay), and return it."""
        terms = replace(terms_of(layer, self._settings), offset=timedelta(0))
        async with self._database.write() as connection:
            state = (await locked(connection, self._database, [layer.name])).get(layer.name)
            found = outcomes([slot], terms, None if state is None else state.pause, slot)
            replayed = [replace(one, trigger=Trigger.REPLAY) for one in found]
            settled = Settled(layer.name, layer.hash, replayed)
            return await record(connection, self._database, [settled], now=slot)

    async def remember(self, layers: Mapping[str, Layer]) -> None:
        """Remember layers' thresholds, without a promise: a replay owes nothing but its own range."""
        now = self._clock.now()
        async with self._database.write() as connection:
            states = await locked(connection, self._database, layers)
            changed = []
            for name, layer in layers.items():
                state = states.get(name)
                promise = None if state is None else state.registration.promise
                wanted = replace(registration_of(layer, self._settings), promise=promise)
                if state is None or state.registration != wanted:
                    changed.append((wanted, now if state is None else state.registered_at))
            await register(connection, self._database, changed)

    def _books(
        self,
        layers: Mapping[str, Layer],
        states: Mapping[str, LayerState],
        only: Collection[str] | None,
        now: datetime,
    ) -> list[Book]:
        wanted = set(layers) if only is None else layers.keys() & set(only)
        return [
            Book(name, layers.get(name), states.get(name), self._settings, now)
            for name in sorted(wanted | states.keys())
        ]

    async def _write(
        self, connection: Connection, books: Sequence[Book], now: datetime
    ) -> list[LayerRun]:
        settled = [one.settled() for one in books if one.outcomes]
        changed = [one.registration() for one in books if one.is_changed]
        written = await record(connection, self._database, settled, now=now)
        await register(connection, self._database, changed)
        return written


def _are_few(books: Sequence[Book]) -> bool:
    """Count everything, unless it is too much to be counted here."""
    left = MAX_SLOTS_AT_ONCE
    for one in books:
        if not one.count(at_most=left):
            return False
        left -= sum(outcome.count for outcome in one.outcomes)
    return True


def _count(books: Sequence[Book]) -> None:
    for one in books:
        one.count()
