"""Reads the demo's summary out of its store. Nobody who has not consented is named or quoted in it."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path

from zos.consent.names.store import known_in
from zos.core.consent import ConsentView
from zos.core.names import KnownMember
from zos.core.scopes import Scope
from zos.core.topics import TopicCategory, TopicKey
from zos.demo.summary import DemoSummary, Example, Nights, Observed, Source, Statement, WhyNot
from zos.insights.consented.store import only_consented
from zos.insights.model import Insight, InsightFilter, InsightLine
from zos.insights.store import InsightStore
from zos.observe.store import MessageStore, StoredMessage
from zos.prompts.labels import Labels, nameless
from zos.reflect.context import Gathered
from zos.reflect.finding import title_of
from zos.reflect.layer import Layer
from zos.reflect.states import TargetStatus
from zos.scheduler.replay import ReplayReport
from zos.service.services import Services
from zos.views.page import MAX_LIMIT
from zos.views.runs import RunDetail

_SHOWN = (
    TopicCategory.CHANNEL,
    TopicCategory.USER,
    TopicCategory.DYAD,
    TopicCategory.EMOJI,
    TopicCategory.SUBJECT,
)
"""One insight about each of these is shown."""
_CANDIDATES = 40
_LINES = 3
_SOURCES_PER_LINE = 2
_REASONS = 6
_NUMBER = re.compile(r"\b[0-9A-Z]{26}\b|\d+")
"""Reasons that differ only in a number or an id are one reason."""


async def summarise(
    services: Services, folder: Path, observed: Observed, replayed: ReplayReport
) -> DemoSummary:
    """Return what came of the demo."""
    runs = (await services.runs.page(limit=MAX_LIMIT)).items
    details = [await services.runs.detail(run.id) for run in runs]
    consent = await services.consents.view()
    reader = _Reader(services, consent)
    return DemoSummary(
        folder=folder,
        observed=observed,
        replayed=replayed,
        nights=tuple(_nights(services, details)),
        examples=tuple([one async for one in reader.examples()]),
        why_not=tuple(await reader.why_not(details)),
        spent_usd=sum(run.cost_usd for run in runs),
        ledger_mismatches=len(await services.ledger.audit()),
    )


def _nights(services: Services, details: Sequence[RunDetail]) -> list[Nights]:
    runs = [detail.run for detail in details]
    found = []
    for name, source in services.loader.sources.items():
        own = [run for run in runs if run.layer == name]
        found.append(
            Nights(
                layer=name,
                schedule=_when(source.layer),
                fires=sum(run.slot_count for run in own),
                outcomes=dict(Counter(run.status.value for run in own).most_common()),
                insights=sum(run.insights_created for run in own),
            )
        )
    return found


def _when(layer: Layer) -> str:
    """Return what starts a layer, in words."""
    starts = [] if layer.cron is None else [layer.cron.explain()]
    if layer.trigger_threshold is not None:
        starts.append(f"after {layer.trigger_threshold} insights")
    return ", or ".join(starts)


class _Reader:
    """Reads with names: those of members who consented."""

    def __init__(self, services: Services, consent: ConsentView) -> None:
        self._database = services.database
        self._insights = InsightStore(services.database)
        self._messages = MessageStore(services.database)
        self._clock = services.clock
        self._consent = consent

    async def examples(self) -> AsyncIterator[Example]:
        only = only_consented(self._database, self._consent)
        for category in _SHOWN:
            which = InsightFilter(category=category)
            found = await self._insights.page(which, only=only, limit=_CANDIDATES)
            direct = [one for one in found if one.topic.server_id is not None]  # rests on messages
            if direct:
                best = max(direct, key=lambda one: (one.importance * one.strength, one.seq))
                yield await self._example(await self._insights.get(best.id))

    async def _example(self, insight: Insight) -> Example:
        return Example(
            id=insight.id,
            about=await self._title(insight.topic),
            layer=insight.layer,
            at=insight.created_at,
            statements=tuple(
                [
                    await self._statement(line, insight.member_ids)
                    for line in insight.sources[:_LINES]
                ]
            ),
        )

    async def _statement(self, line: InsightLine, people: frozenset[int]) -> Statement:
        found = await self._messages.messages_by_id(line.message_ids)
        public = [
            one
            for one in found
            if one.scope is Scope.PUBLIC and self._consent.allows(one.author_id)
        ]
        shown = public[:_SOURCES_PER_LINE]
        names = await self._messages.members(
            {member for one in shown for member in (one.author_id, *one.mention_ids)}
        )
        async with self._database.read() as connection:
            known = await known_in(connection, (line.text, *(one.content for one in shown)))
        text = nameless(known, self._consent, people)(line.text)
        return Statement(text, tuple(_source(one, names, self._consent, known) for one in shown))

    async def why_not(self, details: Sequence[RunDetail]) -> list[WhyNot]:
        """Return the commonest reasons for which something was not thought about."""
        cases: defaultdict[str, list[tuple[str, str, RunDetail]]] = defaultdict(list)
        for detail in details:
            for considered in detail.selection:
                if not considered.chosen:
                    reason = considered.reason
                    cases[_NUMBER.sub("…", reason)].append((reason, considered.topic, detail))
            for target in detail.targets:
                if target.status is TargetStatus.DRY:
                    reason = target.reason
                    cases[_NUMBER.sub("…", reason)].append((reason, target.topic, detail))
        common = sorted(cases.values(), key=len, reverse=True)[:_REASONS]
        return [WhyNot(some[0][0], await self._case(*some[0][1:]), len(some)) for some in common]

    async def _case(self, topic: str, detail: RunDetail) -> str:
        when = detail.run.slot or detail.run.created_at
        return f"{await self._title(TopicKey.parse(topic))}, {detail.run.layer}, {when:%d %B}"

    async def _title(self, topic: TopicKey) -> str:
        names = await self._messages.members(topic.members)
        allowed = {one: name for one, name in names.items() if self._consent.allows(one)}
        channel_id = topic.channel_id
        name = None if channel_id is None else await self._messages.channel_name(channel_id)
        channels = {} if channel_id is None or name is None else {channel_id: name}
        gathered = Gathered()
        if topic.category is TopicCategory.EMOJI:
            now = self._clock.now()
            gathered.reactions = await self._messages.reactions_for(
                topic, after=None, until=now, limit=1
            )
        return title_of(topic, allowed, channels, gathered)


def _source(
    message: StoredMessage,
    names: Mapping[int, str],
    consent: ConsentView,
    known: Mapping[int, KnownMember],
) -> Source:
    labels = Labels(names, (message.author_id, *message.mention_ids), consent, known=known)
    return Source(
        author=labels.label(message.author_id),
        channel=message.channel_name,
        at=message.created_at,
        text=labels.rewrite(message.content),
    )
