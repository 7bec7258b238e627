"""`fetch_insights`: what was understood before."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import ClassVar, Literal

from pydantic import Field

from zos.insights.model import Insight
from zos.reflect.context import TargetContext
from zos.reflect.node import Node
from zos.reflect.tools import NodeTools
from zos.reflect.window import window_start

_TOKENS_AN_INSIGHT = 80


class InsightsOf(StrEnum):
    """Whose insights."""

    TOPIC = "topic"  # about this very topic: to go on from, never as evidence
    MEMBERS = "members"  # of all servers about the global topic's member or pair
    OTHERS = "others"  # by other layers, about anything but Zos


class FetchInsights(Node):
    """Fetches insights, newest first choice, shown oldest first."""

    gathers: ClassVar[bool] = True

    type: Literal["fetch_insights"]
    of: InsightsOf = Field(
        InsightsOf.TOPIC,
        description="topic: about it; members: of all servers about its members; others: by other layers",
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
            context.dry_reason = f"{len(found)} new insights, {self.min_insights} are needed"
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
