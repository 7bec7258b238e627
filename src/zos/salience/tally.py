"""Booking in memory: events in order, against the standings they touch or may reach.

In: standings as loaded, and each event's earnings. Out: the same standings, changed. Each event is
evaluated at its own time against the outcome of the one before, so that any split of the same
sequence into batches ends in the same balances.

A message in a busy channel reaches hundreds of topics. So gifts are poured into *pools*, one per
circle, and a standing draws what came in since it last drew: before an event touches it, before it
falls quiet, and at the end. Between those moments its gifts just add up, cut off by its cap.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Sequence

from zos.config.salience import SalienceConfig
from zos.core.topics import TopicKey
from zos.db.tables.base import MICRO
from zos.salience.amounts import Caps, to_micro
from zos.salience.decay import DAY_MICROS
from zos.salience.earning import Earning
from zos.salience.model import EntryKind
from zos.salience.propagation import Circle, elsewhere, feeds, joins
from zos.salience.standing import Pool, Standing


class Tally:
    """Books events into standings.

    Args:
        config: The rules.
        circles: All that the batch's earnings reach.
        last_at: The time of the batch's last event (microseconds since 1970).
    """

    def __init__(self, config: SalienceConfig, circles: Iterable[Circle], last_at: int) -> None:
        self._caps = Caps(config.caps)
        self._share = round(config.propagation * MICRO)
        self._spill = round(config.spillover * MICRO)
        self._warm = to_micro(config.warm_above)
        self._rest = config.decay_after_days * DAY_MICROS
        self._kept_per_day = 1.0 - config.decay_per_day
        self._last_at = last_at
        self._standings: dict[TopicKey, Standing] = {}
        self._pools = {circle: Pool() for circle in circles}
        self._falling_quiet: list[tuple[int, int, Standing]] = []
        self._pushed = 0

    def add(self, standings: Iterable[Standing]) -> None:
        """Take in topics as stored; a second copy of one is ignored."""
        for standing in standings:
            if standing.key not in self._standings:
                self._place(standing)
                self._enter_if_warm(standing)

    def book(self, earnings: Sequence[Earning], at: int) -> None:
        """Book one event: what it earns directly, then what that gives to warm relations.

        Times of successive events do not descend.
        """
        while self._falling_quiet and self._falling_quiet[0][0] <= at:
            self._quieten(heapq.heappop(self._falling_quiet)[2], at)
        touched = [self._touch(earning.key, at) for earning in earnings]
        for standing, earning in zip(touched, earnings, strict=True):
            overflow = standing.earn(earning, at, self._rest, self._kept_per_day)
            self._enter_if_warm(standing)
            self._pour(standing, earning, overflow, at)
        for standing in touched:
            if standing.drawn:
                standing.skip()

    def close(self) -> list[Standing]:
        """Draw all gifts; return the standings that must be written, in a stable order."""
        for standing in self._standings.values():
            if standing.drawn:
                standing.draw(self._kept_per_day)
        return [standing for standing in self._standings.values() if standing.is_changed]

    def _place(self, standing: Standing) -> None:
        key, pools = standing.key, self._pools
        standing.feeds = tuple(pools[circle] for circle in feeds(key) if circle in pools)
        standing.homes = tuple(pools[circle] for circle in joins(key) if circle in pools)
        self._standings[key] = standing

    def _touch(self, key: TopicKey, at: int) -> Standing:
        standing = self._standings.get(key)
        if standing is None:
            standing = Standing.newborn(key, self._caps.of(key), at)
            self._place(standing)
        elif standing.drawn:
            standing.draw(self._kept_per_day)
        return standing

    def _pour(self, standing: Standing, earning: Earning, overflow: int, at: int) -> None:
        pools = standing.feeds
        if earning.kind is EntryKind.DIRECT_MESSAGE:
            pools = (*pools, self._pools[elsewhere(earning.key.ids[0])])
        if pools:
            gift = earning.micro * self._share // MICRO
            spill = overflow * self._spill // MICRO
            for pool in pools:
                pool.pour(gift, spill, at)

    def _enter_if_warm(self, standing: Standing) -> None:
        if standing.homes and not standing.drawn and standing.base > self._warm:
            standing.enter()
            self._watch(standing)

    def _watch(self, standing: Standing) -> None:
        if standing.quiet_at <= self._last_at:
            self._pushed += 1
            heapq.heappush(self._falling_quiet, (standing.quiet_at, self._pushed, standing))

    def _quieten(self, standing: Standing, at: int) -> None:
        if standing.quiet_at <= at:
            standing.leave(self._kept_per_day)
        else:  # it has been active since
            self._watch(standing)
