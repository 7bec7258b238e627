"""`fetch_messages`: the topic's messages since it was last reflected on."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from zos.core.topics import TopicCategory
from zos.reflect.context import TargetContext
from zos.reflect.node import ALL_CATEGORIES, Node
from zos.reflect.tools import NodeTools
from zos.reflect.window import window_start

_TOKENS_A_MESSAGE = 30
_USUAL_MESSAGES = 60


class FetchMessages(Node):
    """Fetches messages; the target is dry when there are too few."""

    gathers: ClassVar[bool] = True
    targets: ClassVar[frozenset[TopicCategory]] = ALL_CATEGORIES - {TopicCategory.SELF}

    type: Literal["fetch_messages"]
    since_last_reflection: bool = Field(
        True, description="Only messages later than the topic's last reflection"
    )
    lookback_hours: float = Field(
        720.0, gt=0, le=87_600, description="Only messages of so many hours before the run"
    )
    limit: int = Field(300, ge=1, le=2_000, description="The newest so many")
    include_bots: bool = Field(
        False, description="Also what bots wrote, Zos too; it is shown, but is never evidence"
    )
    min_messages: int = Field(
        1, ge=0, le=2_000, description="Fewer messages by people: the target is dry"
    )

    @property
    def estimated_material_tokens(self) -> int:
        """A usual day of a lively topic."""
        return min(self.limit, _USUAL_MESSAGES) * _TOKENS_A_MESSAGE

    async def run(self, context: TargetContext, tools: NodeTools) -> None:
        """Add messages to what was gathered."""
        brief = context.brief
        found = await tools.messages.messages_for(
            brief.topic,
            after=window_start(brief, self.lookback_hours, resume=self.since_last_reflection),
            until=brief.now,
            limit=self.limit,
        )
        by_people = sum(1 for one in found if not one.is_bot)
        if by_people < self.min_messages:
            context.dry_reason = f"only {by_people} of {self.min_messages} new messages by people"
            return
        context.gathered.messages += [one for one in found if self.include_bots or not one.is_bot]
