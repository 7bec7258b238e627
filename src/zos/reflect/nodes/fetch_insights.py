"""`fetch_insights`: what was understood before."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field

from zos.consent.names.store import known_in
from zos.core.errors import UsageError
from zos.insights.model import Insight
from zos.insights.profiles import profile_named
from zos.prompts.labels import nameless
from zos.reflect.context import TargetContext
from zos.reflect.node import Node
from zos.reflect.tools import NodeTools
from zos.reflect.window import window_start
from zos.reflect.words import words_of

_TOKENS_AN_INSIGHT = 80
_MIN_WORD_LENGTH = 4
_QUERY_WORDS = 60


def _known_profile(name: str) -> str:
    try:
        profile_named(name)
    except UsageError as error:
        raise ValueError(str(error)) from None
    return name


class InsightsOf(StrEnum):
    """Whose insights."""

    TOPIC = "topic"  # about this very topic: to go on from, never as evidence
    MEMBERS = "members"  # of all servers about the global topic's member or pair
    OTHERS = "others"  # by other layers, about anything but Zos
    RELATED = "related"  # that have words in common with the messages fetched before


class FetchInsights(Node):
    """Fetches insights, newest first choice, shown oldest first."""

    gathers: ClassVar[bool] = True

    type: Literal["fetch_insights"]
    of: InsightsOf = Field(
        InsightsOf.TOPIC,
        description="topic: about it; members: of all servers about its members; "
        "others: by other layers; related: with words of the messages fetched before",
    )
    profile: Annotated[str, AfterValidator(_known_profile)] = Field(
        "balanced", description="How related ones are chosen: recent, balanced, deep, comprehensive"
    )
    since_last_reflection: bool = Field(
        False, description="Only insights later than the topic's last reflection"
    )
    lookback_hours: float = Field(
        8_760.0, gt=0, le=876_000, description="Only insights of so many hours before the run"
    )
    limit: int = Field(10, ge=1, le=200, description="The newest so many")
    min_insights: int = Field(0, ge=0, le=200, description="Fewer: the target is dry")

    @property
    def estimated_material_tokens(self) -> int:
        """Half of its limit."""
        return self.limit * _TOKENS_AN_INSIGHT // 2

    async def run(self, context: TargetContext, tools: NodeTools) -> None:
        """Add insights to what was gathered."""
        brief = context.brief
        after = window_start(brief, self.lookback_hours, resume=self.since_last_reflection)
        found = [one for one in await self._read(context, tools) if one.created_at > after]
        if len(found) < self.min_insights:
            context.dry_reason = f"only {len(found)} of {self.min_insights} new insights"
            return
        known = {one.id for one in context.gathered.insights}
        context.gathered.insights += [one for one in reversed(found) if one.id not in known]

    async def _read(self, context: TargetContext, tools: NodeTools) -> Sequence[Insight]:
        brief = context.brief
        match self.of:
            case InsightsOf.TOPIC:
                return await tools.insights.recent(brief.topic, until=brief.now, limit=self.limit)
            case InsightsOf.MEMBERS:
                return await tools.insights.of_members(
                    brief.topic, until=brief.now, limit=self.limit
                )
            case InsightsOf.OTHERS:
                return await tools.insights.of_others(
                    but_layer=brief.layer,
                    server_id=brief.topic.server_id,
                    until=brief.now,
                    limit=self.limit,
                )
            case InsightsOf.RELATED:
                return await self._related(context, tools)

    async def _related(self, context: TargetContext, tools: NodeTools) -> Sequence[Insight]:
        """Return the insights that fit best, best first."""
        brief = context.brief
        said = [one.content for one in context.gathered.messages]
        known = await tools.reading(lambda connection: known_in(connection, said))
        hits = await tools.retrieval.search(
            " ".join(_telling_words(map(nameless(known, brief.consent), said))),
            profile=self.profile,
            server_id=brief.topic.server_id,
            consent=brief.consent,
            now=brief.now,
        )
        ids = [one.insight_id for one in hits if one.insight_id is not None][: self.limit]
        found = await tools.insights.by_ids(ids)
        return [found[one] for one in ids if one in found]


def _telling_words(texts: Iterable[str]) -> list[str]:
    """Return the words of most texts, most frequent first; the search leaves out common ones."""
    counts = Counter(
        word
        for text in texts
        for word in dict.fromkeys(words_of(text))
        if len(word) >= _MIN_WORD_LENGTH
    )
    return [word for word, _ in counts.most_common(_QUERY_WORDS)]
