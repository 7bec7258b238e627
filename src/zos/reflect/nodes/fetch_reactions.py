"""`fetch_reactions`: how people reacted, since the topic was last reflected on."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from zos.core.topics import TopicCategory
from zos.reflect.context import TargetContext
from zos.reflect.node import ALL_CATEGORIES, Node
from zos.reflect.tools import NodeTools
from zos.reflect.window import window_start

_TOKENS = 150


class FetchReactions(Node):
    """Fetches reactions; prompts show them by the message that they are on."""

    gathers: ClassVar[bool] = True
    targets: ClassVar[frozenset[TopicCategory]] = ALL_CATEGORIES - {
        TopicCategory.SELF,
        TopicCategory.SUBJECT,
        TopicCategory.ROLE,
    }

    type: Literal["fetch_reactions"]
    since_last_reflection: bool = Field(
        True, description="Only reactions later than the topic's last reflection"
    )
    lookback_hours: float = Field(
        720.0, gt=0, le=87_600, description="Only reactions of so many hours before the run"
    )
    limit: int = Field(500, ge=1, le=5_000, description="The newest so many")
    min_reactions: int = Field(0, ge=0, le=5_000, description="Fewer: the target is dry")

    @property
    def estimated_material_tokens(self) -> int:
        """A few lines."""
        return _TOKENS

    async def run(self, context: TargetContext, tools: NodeTools) -> None:
        """Add reactions to what was gathered."""
        brief = context.brief
        found = await tools.messages.reactions_for(
            brief.topic,
            after=window_start(brief, self.lookback_hours, resume=self.since_last_reflection),
            until=brief.now,
            limit=self.limit,
        )
        count = sum(one.count for one in found)
        if count < self.min_reactions:
            context.dry_reason = f"only {count} of {self.min_reactions} new reactions"
            return
        context.gathered.reactions += found
