"""A target's one transaction: everything it came to is stored together, or not at all."""

from __future__ import annotations

from datetime import datetime

from zos.consent.store import ConsentStore
from zos.core.errors import ZosError
from zos.core.ids import new_ulid
from zos.core.topics import TopicCategory, TopicKey
from zos.db.engine import Connection, Database
from zos.db.tables.base import MICRO
from zos.insights.model import InsightDraft
from zos.insights.store import add_insight, are_there
from zos.reflect.context import Outcome
from zos.reflect.outbox.store import put
from zos.reflect.runs.model import LayerRun, RunTarget
from zos.reflect.self_concept.store import add_version
from zos.reflect.states import TargetStatus
from zos.reflect.targets.store import Finished, finish_target, usage_of_target
from zos.reflect.threshold.store import count_insights
from zos.salience.ledger import SalienceLedger


class MaterialChangedError(ZosError):
    """What it rests on changed while it was made."""

    retryable = True


class TargetCommit:
    """Commits what targets came to.

    Args:
        database: The store.
        ledger: Books what a target spent, and the material that its insights are to other topics.
        consents: Asked once more, in the very transaction that stores an insight.
        owner: This process.
    """

    def __init__(
        self, database: Database, ledger: SalienceLedger, consents: ConsentStore, owner: str
    ) -> None:
        self._database = database
        self._ledger = ledger
        self._consents = consents
        self._owner = owner

    async def success(
        self, run: LayerRun, target: RunTarget, outcome: Outcome, *, now: datetime
    ) -> None:
        """Store insights, sources, spend, thresholds, outgoing texts and the target's state.

        Args:
            run: The run; its `clock_at` is the time of everything stored.
            target: The target.
            outcome: What its nodes made; at least one insight, text or self-concept.
            now: The time of day, for the target's own row.

        Raises:
            LostRunError: If another process has taken the run over; nothing is stored.
            MaterialChangedError: If what it rests on is gone, or somebody in it has no consent any
                more; nothing is stored.
        """

        async def store(connection: Connection) -> None:
            usage = await usage_of_target(connection, target.id)
            spent = await self._ledger.spend(
                connection,
                target.topic,
                tokens=usage.tokens_in + usage.tokens_out,
                insights=len(outcome.drafts),
                at=run.clock_at,
                run_id=run.id,
                batch=target.id,
            )
            # Only now, as recorders do: rows locked before the ledger would be waited for crosswise.
            await self._insist(connection, outcome)
            ids = await self._store_all(connection, run, target, outcome, spent.spent_micro / MICRO)
            await put(connection, self._database, outcome.outgoing, ids, run_id=run.id, now=now)
            await self._put_self_concept(connection, run, outcome)
            await finish_target(
                connection,
                target,
                Finished(TargetStatus.SUCCESS, "", usage, spent.spent_micro, len(outcome.drafts)),
                owner=self._owner,
                now=now,
            )

        await self._database.write_at_once(store, is_paid=True)

    async def dry(self, run: LayerRun, target: RunTarget, reason: str, *, now: datetime) -> None:
        """Record that there was nothing to say: the material counts as seen, no salience is spent."""
        async with self._database.write(is_paid=True) as connection:
            usage = await usage_of_target(connection, target.id)
            await self._ledger.mark_seen(connection, target.topic, run.clock_at)
            finished = Finished(TargetStatus.DRY, reason, usage)
            await finish_target(connection, target, finished, owner=self._owner, now=now)

    async def failure(self, target: RunTarget, reason: str, *, now: datetime) -> None:
        """Record a failure: it costs its topic nothing, and its material stays new."""
        async with self._database.write(is_paid=True) as connection:
            usage = await usage_of_target(connection, target.id)
            finished = Finished(TargetStatus.FAILED, reason, usage)
            await finish_target(connection, target, finished, owner=self._owner, now=now)

    async def _put_self_concept(
        self, connection: Connection, run: LayerRun, outcome: Outcome
    ) -> None:
        if outcome.self_concept is not None:
            await add_version(
                connection,
                outcome.self_concept.content,
                run_id=run.id,
                at=run.clock_at,
                insight_ids=outcome.self_concept_insights,
            )

    async def _insist(self, connection: Connection, outcome: Outcome) -> None:
        """A model may take minutes: what it was shown may have been deleted, or consent withdrawn."""
        people = {member_id for draft in outcome.drafts for member_id, _ in draft.members}
        consent = await self._consents.view(connection, among=people)
        if not consent.allows_all(frozenset(people)):
            raise MaterialChangedError("Somebody in it took their consent back while it was made.")
        lines = [line for draft in outcome.drafts for line in draft.lines]
        message_ids = {one for line in lines for one in line.message_ids}
        insight_ids = {one for line in lines for one in line.insight_ids}
        insight_ids.update(outcome.self_concept_insights)
        if not await are_there(connection, message_ids, insight_ids):
            raise MaterialChangedError

    async def _store_all(
        self,
        connection: Connection,
        run: LayerRun,
        target: RunTarget,
        outcome: Outcome,
        spent: float,
    ) -> list[str]:
        """Store the insights; return their ids, in the order of their drafts."""
        ids = [await self._store(connection, run, target, draft, spent) for draft in outcome.drafts]
        await count_insights(
            connection,
            layer=run.layer,
            categories=[draft.topic.category.value for draft in outcome.drafts],
            now=run.clock_at,
        )
        return ids

    async def _store(
        self,
        connection: Connection,
        run: LayerRun,
        target: RunTarget,
        draft: InsightDraft,
        spent: float,
    ) -> str:
        """Store an insight with what follows from it; return its id."""
        insight_id = new_ulid(run.clock_at)
        await add_insight(
            connection,
            draft,
            insight_id=insight_id,
            layer=run.layer,
            run_id=run.id,
            target_id=target.id,
            salience_spent=spent,
            at=run.clock_at,
        )
        for topic in informed_topics(draft.topic):
            await self._ledger.add_material(connection, topic, units=1, at=run.clock_at)
        if draft.subject is not None and draft.topic.server_id is not None:
            await self._ledger.name_subject(
                connection,
                draft.topic.server_id,
                draft.subject,
                message_ids=draft.subject_message_ids,
                at=run.clock_at,
                batch=target.id,
            )
        return insight_id


def informed_topics(topic: TopicKey) -> tuple[TopicKey, ...]:
    """Return the topics to which an insight about `topic` is new material.

    A server's insight about a person or pair informs the global topic of the same; every insight
    but those about itself informs Zos.
    """
    if topic.category is TopicCategory.SELF:
        return ()
    own = (TopicKey.self_topic(),)
    if topic.server_id is None or topic.category not in (TopicCategory.USER, TopicCategory.DYAD):
        return own
    return (TopicKey(topic.category, None, topic.ids), *own)
