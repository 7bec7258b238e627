"""A topic in memory while events are booked: its balance now, what has changed, what it is given."""

from __future__ import annotations

from zos.core.topics import TopicKey
from zos.salience.decay import DAY_MICROS, decayed, whole_days
from zos.salience.earning import Earning
from zos.salience.model import EntryKind


class Change:
    """What became of a topic by one kind of entry: a sum, and the time of its last event."""

    __slots__ = ("amount", "at")

    def __init__(self) -> None:
        self.amount = 0
        self.at = 0


class Pool:
    """What the members of one circle have each been given so far, and when last."""

    __slots__ = ("at", "gift", "spill")

    def __init__(self) -> None:
        self.gift = 0
        self.spill = 0
        self.at = 0

    def pour(self, gift: int, spill: int, at: int) -> None:
        """Give each member `gift` and `spill` at `at`."""
        self.gift += gift
        self.spill += spill
        self.at = at


class Standing:
    """One topic: figures as in the table, in micro-salience and microseconds since 1970.

    Attributes:
        id: The row's, or None until it is written for the first time.
        text: The key's text.
        base: The balance when something other than decay last changed it.
        decay_from: Whole days after this decay the base.
        balance: As last written down; by the time of the next change more may have decayed.
        changes: What is to be written to the ledger.
        feeds: The pools that its own earnings are poured into.
        homes: The pools that it may draw from.
        drawn: Those it does draw from, each with the gift and spill that it has had already: none
            while it is cold or quiet.
    """

    __slots__ = (
        "active_at",
        "balance",
        "base",
        "cap",
        "changes",
        "created_at",
        "decay_from",
        "drawn",
        "feeds",
        "homes",
        "id",
        "is_changed",
        "key",
        "material",
        "text",
    )

    def __init__(  # noqa: PLR0917 - a row, column by column
        self,
        key: TopicKey,
        cap: int,
        id: int | None,  # noqa: A002 - as the column
        text: str,
        balance: int,
        base: int,
        decay_from: int,
        active_at: int,
        material: int,
    ) -> None:
        self.key = key
        self.cap = cap
        self.id = id
        self.text = text
        self.balance = balance
        self.base = base
        self.decay_from = decay_from
        self.active_at = active_at
        self.material = material
        self.created_at = active_at  # written for a new topic only
        self.is_changed = id is None
        self.changes: dict[EntryKind, Change] = {}
        self.feeds: tuple[Pool, ...] = ()
        self.homes: tuple[Pool, ...] = ()
        self.drawn: dict[Pool, tuple[int, int]] = {}

    @classmethod
    def newborn(cls, key: TopicKey, cap: int, at: int) -> Standing:
        """A topic that comes into being at `at`."""
        return cls(key, cap, None, str(key), 0, 0, at, at, 0)

    @property
    def quiet_at(self) -> int:
        """When its first day of decay is full: from then on it takes no part in others' earnings."""
        return self.decay_from + DAY_MICROS

    def level(self, at: int, kept_per_day: float) -> int:
        """Return what decay has left at `at`."""
        if at < self.decay_from + DAY_MICROS:
            return self.base
        return decayed(self.base, whole_days(self.decay_from, at), kept_per_day)

    def settle(self, at: int, kept_per_day: float) -> int:
        """Write down decay up to `at`, as a change; return the balance.

        An event that comes late, after decay was written down for a later time, may find that less
        had decayed at its own time: then the change is positive. So the order in which decay and
        events are written down does not matter.
        """
        level = self.level(at, kept_per_day)
        if level != self.balance:
            self.note(EntryKind.DECAY, level - self.balance, at)
        return level

    def note(self, kind: EntryKind, amount: int, at: int) -> None:
        """Change the balance by `amount`, for the ledger. Changes of one kind come in the order of time."""
        change = self.changes.get(kind)
        if change is None:
            change = self.changes[kind] = Change()
        change.amount += amount
        change.at = at
        self.balance += amount
        self.is_changed = True

    def rebase(self, at: int) -> None:
        """Take the balance at `at`, just settled and changed, as the new base; decay goes on as before."""
        self.base = self.balance
        if at >= self.quiet_at:
            self.decay_from += whole_days(self.decay_from, at) * DAY_MICROS

    def earn(self, earning: Earning, at: int, rest: int, kept_per_day: float) -> int:
        """Credit an earning up to the cap, and put off decay by `rest`; return what the cap cut off."""
        room = self.cap - self.settle(at, kept_per_day)
        kept = min(earning.micro, room) if room > 0 else 0
        if kept:
            self.note(earning.kind, kept, at)
        self.base = self.balance
        self.decay_from = max(self.decay_from, at + rest)
        self.active_at = max(self.active_at, at)
        self.material += earning.material
        self.is_changed = True
        return earning.micro - kept

    def enter(self) -> None:
        """Share in what comes into its pools from now on."""
        self.drawn = {pool: (pool.gift, pool.spill) for pool in self.homes}

    def leave(self, kept_per_day: float) -> None:
        """Take in what has come so far, and share in nothing more."""
        self.draw(kept_per_day)
        self.drawn = {}

    def skip(self) -> None:
        """Leave aside what has come into its pools since it last drew."""
        for pool in self.drawn:
            self.drawn[pool] = (pool.gift, pool.spill)

    def draw(self, kept_per_day: float) -> None:
        """Take in what has come into its pools since it last drew, up to the cap.

        Near the cap, gifts come before spills.
        """
        gift = spill = at = 0
        for pool, (gift_drawn, spill_drawn) in self.drawn.items():
            if pool.gift != gift_drawn or pool.spill != spill_drawn:
                gift += pool.gift - gift_drawn
                spill += pool.spill - spill_drawn
                at = max(at, pool.at)
        if at:
            self.skip()
            self._receive(gift, spill, at, kept_per_day)

    def _receive(self, gift: int, spill: int, at: int, kept_per_day: float) -> None:
        room = self.cap - self.base
        if room <= 0:
            return
        self.settle(at, kept_per_day)
        given = min(gift, room)
        spilled = min(spill, room - given)
        if given:
            self.note(EntryKind.PROPAGATED, given, at)
        if spilled:
            self.note(EntryKind.SPILLED, spilled, at)
        self.base = self.balance
