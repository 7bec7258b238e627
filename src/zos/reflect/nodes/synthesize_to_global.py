"""`synthesize_to_global`: drafts what insights of servers say together about a person or pair."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from zos.core.topics import TopicCategory, TopicKey
from zos.reflect.context import TargetContext
from zos.reflect.keeping import KeepingNode
from zos.reflect.tools import NodeTools


class SynthesizeToGlobal(KeepingNode):
    """Drafts insights about the member or pair everywhere, whichever server the topic is in."""

    targets: ClassVar[frozenset[TopicCategory]] = frozenset(
        {TopicCategory.USER, TopicCategory.DYAD}
    )

    type: Literal["synthesize_to_global"]
    min_servers: int = Field(
        1, ge=1, le=1_000, description="Insights of fewer servers: the target is dry"
    )

    async def run(self, context: TargetContext, tools: NodeTools) -> None:
        """Add drafts to the outcome."""
        servers = {one.server_id for one in context.gathered.insights} - {None}
        if len(servers) < self.min_servers:
            context.dry_reason = f"insights of only {len(servers)} of {self.min_servers} servers"
        elif not context.brief.dry_run:
            topic = context.brief.topic
            await self.keep(context, tools, TopicKey(topic.category, None, topic.ids))
