"""`store_insight`: drafts an insight about the topic from each reflection."""

from __future__ import annotations

from typing import Literal

from zos.reflect.context import TargetContext
from zos.reflect.keeping import KeepingNode
from zos.reflect.tools import NodeTools


class StoreInsight(KeepingNode):
    """Drafts insights about the topic itself; they are stored when the target commits."""

    type: Literal["store_insight"]

    async def run(self, context: TargetContext, tools: NodeTools) -> None:
        """Add drafts to the outcome."""
        if not context.brief.dry_run:
            await self.keep(context, tools, context.brief.topic)
