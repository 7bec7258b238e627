"""`Book`: one layer's account, what is in force against what is remembered. Pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import islice

from zos.config.model import SchedulerConfig
from zos.reflect.layer import Layer
from zos.scheduler.slots.outcomes import Outcome, outcomes
from zos.scheduler.slots.store import Settled
from zos.scheduler.state.model import LayerState, Registration
from zos.scheduler.terms import GONE, registration_of, terms_of


class Book:
    """One layer's account at one time.

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
        self._offset = timedelta(0)
        if definition is None:
            self._terms, self._wanted = GONE, Registration(layer, promise=None)
        else:
            self._terms = terms_of(definition, settings)
            self._wanted = registration_of(definition, settings)

    @property
    def is_changed(self) -> bool:
        """Whether the layer is to be registered (anew)."""
        return self._state is None or self._state.registration != self._wanted

    def count(self, *, at_most: int | None = None) -> bool:
        """Find what becomes of all slots that are due by now.

        Args:
            at_most: Give up if they are more than so many.

        Returns:
            Whether all are counted.
        """
        state = self._state
        self.outcomes = []
        if state is None or state.registration.promise is None:
            return True
        terms = self._terms
        if not self._keeps_promise(state):  # it ends now: no slot can wait for its offset any more
            terms = replace(terms, offset=timedelta(0))
        self._offset = terms.offset
        slots = state.registration.promise.slots(state.owes_after, self._now - terms.offset)
        if at_most is not None:
            first = list(islice(slots, at_most + 1))
            if len(first) > at_most:
                return False
            slots = iter(first)
        self.outcomes = outcomes(slots, terms, state.pause, self._now)
        return True

    def refresh(self, state: LayerState | None) -> None:
        """Count again if somebody else has settled or changed the account: what is left is little."""
        if state != self._state:
            self._state = state
            self.count()

    def settled(self) -> Settled:
        """Return the outcomes as they are to be recorded."""
        version = None if self._definition is None else self._definition.hash
        return Settled(self.layer, version, self.outcomes, self._offset)

    def registration(self) -> tuple[Registration, datetime]:
        """Return what is to be remembered, and since when the promise holds."""
        state = self._state
        if state is not None and self._keeps_promise(state):
            return self._wanted, state.registered_at
        return self._wanted, self._now

    def _keeps_promise(self, state: LayerState) -> bool:
        return state.registration.promise == self._wanted.promise
