"""`ReflectionSelector`: which topics a fire thinks about, and why not the others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime, time
from itertools import islice
from zoneinfo import ZoneInfo

from zos.config import Config
from zos.config.salience import BudgetConfig
from zos.consent.store import ConsentStore
from zos.core.clock import Clock, SystemClock
from zos.core.consent import ConsentMode, ConsentView
from zos.core.topics import BudgetGroup, TopicCategory, TopicKey
from zos.db.engine import Connection
from zos.salience import retrieval
from zos.salience.budget import Budget, Pot, Purse, purse_of
from zos.salience.ledger import SalienceLedger
from zos.salience.picking import Picked, pick
from zos.salience.queueing import CandidateQueue
from zos.salience.retrieval import Source
from zos.salience.selection import Candidate, Considered, Selected, SelectionRequest
from zos.salience.spending import cost_micro

__all__ = ["Candidate", "Considered", "ReflectionSelector", "Selected", "SelectionRequest"]

_MOST_OTHERS = 200
_MOST_OF_A_GROUP = 1_000
_MOST_POTS_TOLD = 10


class ReflectionSelector:
    """Selects topics by salience, within the day's budget, fairly between servers and categories.

    Args:
        ledger: Its store is read.
        config: Budget and prices.
        clock: For `select_for_reflection` alone; a request brings its own time.
    """

    def __init__(
        self, ledger: SalienceLedger, config: Config, *, clock: Clock | None = None
    ) -> None:
        self.ledger = ledger
        self.config = config
        self._clock = clock or SystemClock()

    async def select(
        self, request: SelectionRequest, connection: Connection | None = None
    ) -> Selected:
        """Select for one fire; with `connection`, within that transaction."""
        if connection is not None:
            return await self._selection(request, connection).run()
        async with self.ledger.db.read() as reader:
            return await self._selection(request, reader).run()

    async def select_for_reflection(
        self,
        *,
        total_budget: float | None = None,
        now: datetime | None = None,
        estimated_tokens: int = 2_000,
    ) -> dict[str, list[str]]:
        """Return what every budget group would think about now, as topic keys in order.

        Args:
            total_budget: Salience a server and day, instead of `salience.budget.total`.
            now: The time, if not the clock's.
            estimated_tokens: Of one topic, in and out.
        """
        moment = now or self._clock.now()
        midnight = time(tzinfo=ZoneInfo(self.config.scheduler.timezone))
        day_start = datetime.combine(moment.astimezone(midnight.tzinfo).date(), midnight)
        consent = await ConsentStore(self.ledger.db, self.config).view()
        budget = self.config.salience.budget
        if total_budget is not None:
            budget = budget.model_copy(update={"total": total_budget})
        found: dict[str, list[str]] = {}
        async with self.ledger.db.read() as reader:
            for group in BudgetGroup:
                request = SelectionRequest(
                    layer="",
                    categories=frozenset(TopicCategory),
                    consent=consent,
                    now=moment,
                    day_start=day_start,
                    max_targets=_MOST_OF_A_GROUP,
                    estimated_tokens_per_target=estimated_tokens,
                )
                selected = await _Selection(self.config, budget, request, reader).run({group})
                found[group.value] = [str(one.key) for one in selected.candidates]
        return found

    async def pots(
        self, *, now: datetime, day_start: datetime, served: AbstractSet[BudgetGroup]
    ) -> tuple[Pot, ...]:
        """Return what each budget group may spend at `now`: in each server, then of global and self topics.

        Args:
            now: The time; nothing later is seen.
            day_start: When its local day began.
            served: Groups that an enabled layer serves.
        """
        nobody = ConsentView(ConsentMode.OPT_IN, frozenset(), frozenset())
        request = SelectionRequest(
            layer="",
            categories=frozenset(),
            consent=nobody,
            now=now,
            day_start=day_start,
            groups_with_layers=served,
        )
        async with self.ledger.db.read() as reader:
            return await self._selection(request, reader).pots()

    def _selection(self, request: SelectionRequest, connection: Connection) -> _Selection:
        return _Selection(self.config, self.config.salience.budget, request, connection)


class _Selection:
    """One selection in one transaction."""

    def __init__(
        self,
        config: Config,
        budget: BudgetConfig,
        request: SelectionRequest,
        connection: Connection,
    ) -> None:
        self._config = config
        self._budget = budget
        self._request = request
        self._connection = connection
        self._cost = cost_micro(request.estimated_tokens_per_target, config.salience)

    async def run(self, groups: AbstractSet[BudgetGroup] = frozenset(BudgetGroup)) -> Selected:
        """Read who could be chosen from `groups`, and choose."""
        servers, sources = await retrieval.sources_with_candidates(self._connection)
        wanted = [one for one in sources if self._wants(one) and _purse(one)[0] in groups]
        if not wanted:
            return Selected((), (), "no topic that the layer thinks about has new material")
        budget = await self._budget_of(servers, sources)
        pots = {purse: budget.pot(purse) for purse in map(_purse, wanted)}
        queues = [CandidateQueue(self._connection, one, self._request) for one in wanted]
        picked = await self._pick(queues, pots)
        return self._selected(picked, queues, pots.values())

    async def pots(self) -> tuple[Pot, ...]:
        """Read what every group may spend."""
        servers, sources = await retrieval.sources_with_candidates(self._connection)
        budget = await self._budget_of(servers, sources)
        own = [one for one in self._budget.groups if one is not BudgetGroup.GLOBAL]
        purses: list[Purse] = [(group, server_id) for server_id in servers for group in own]
        purses += [(BudgetGroup.GLOBAL, None), (BudgetGroup.SELF, None)]
        return tuple(map(budget.pot, purses))

    async def _budget_of(self, servers: Sequence[int], sources: Sequence[Source]) -> Budget:
        return Budget(
            self._budget,
            servers=servers,
            demand={_purse(one) for one in sources},
            served=self._request.groups_with_layers,
            used=await self._used(),
        )

    async def _pick(self, queues: Sequence[CandidateQueue], pots: Mapping[Purse, Pot]) -> Picked:
        """Choose in turn, reading on wherever a queue that was read to its end might have had another turn."""
        at_most = self._request.max_targets
        want = 2 * -(-at_most // len(queues))
        while True:
            for queue in queues:
                await queue.read(min(want, self._affordable(pots[_purse(queue.source)])))
            passing = [queue.passing for queue in queues]
            picked = pick(passing, pots.values(), cost=self._cost, at_most=at_most)
            left_over = {topic.key for topic, _ in picked.refused}
            if all(
                queue.is_complete
                or any(topic.key in left_over for topic in queue.passing)
                or len(queue.passing) >= self._affordable(pots[_purse(queue.source)])
                for queue in queues
            ):
                return picked
            want *= 4

    def _affordable(self, pot: Pot) -> int:
        most = self._request.max_targets
        return min(most, pot.left // self._cost) if self._cost else most

    def _wants(self, source: Source) -> bool:
        category, server_id = source
        scope = self._request.global_only
        return category in self._request.categories and scope in (None, server_id is None)

    async def _used(self) -> dict[Purse, int]:
        """Return what the day has spent, and what targets that are still open are expected to."""
        request = self._request
        used = await retrieval.spent_since(self._connection, request.day_start, request.now)
        for key, tokens in await retrieval.open_targets(self._connection):
            purse = purse_of(key.group, key.server_id)
            used[purse] = used.get(purse, 0) + cost_micro(tokens, self._config.salience)
        return used

    def _selected(
        self, picked: Picked, queues: Iterable[CandidateQueue], pots: Iterable[Pot]
    ) -> Selected:
        tokens = self._request.estimated_tokens_per_target
        refused = [*picked.refused, *(one for queue in queues for one in queue.refused)]
        others = sorted(refused, key=lambda one: (-one[0].balance_micro, one[0].id))
        return Selected(
            candidates=tuple(
                Candidate(
                    one.key, one.balance_micro, one.last_reflected_at, one.new_material, tokens
                )
                for one in picked.chosen
            ),
            considered=(
                *(
                    Considered(one.key, one.balance_micro, chosen=True, reason="chosen")
                    for one in picked.chosen
                ),
                *(
                    Considered(one.key, one.balance_micro, chosen=False, reason=reason)
                    for one, reason in others[:_MOST_OTHERS]
                ),
            ),
            explanation="; ".join(map(str, islice(pots, _MOST_POTS_TOLD))),
        )


def _purse(source: Source) -> Purse:
    category, server_id = source
    return purse_of(TopicKey(category, server_id).group, server_id)
