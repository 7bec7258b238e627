"""`output`: sends what was understood to a channel, a webhook or the log."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Literal

from pydantic import Field

from zos.core.scopes import Scope
from zos.insights.model import InsightDraft
from zos.prompts.blocks import inline
from zos.reflect.context import OutgoingText, TargetContext
from zos.reflect.finding import assembled
from zos.reflect.node import Node
from zos.reflect.tools import NodeTools


class Output(Node):
    """Writes one text of the target's drafts, delivered after the commit, at least once.

    What was said in private is never sent.
    """

    needs_reflections: ClassVar[bool] = True
    commits: ClassVar[bool] = True

    type: Literal["output"]
    destination: str = Field(
        pattern=r"^(log|discord:[1-9]\d{0,19}|https?://\S{1,500})$",
        description="log, discord:<channel id>, or the address of a webhook",
    )
    heading: str = Field("", max_length=200, description="First line; default: the topic's name")
    min_importance: float = Field(
        0.0, ge=0, le=1, description="Insights less important than this are not sent"
    )
    questions: bool = Field(True, description="Also the questions that stayed open")
    max_characters: int = Field(1_900, ge=100, le=20_000, description="Longer texts are cut")

    async def run(self, context: TargetContext, tools: NodeTools) -> None:
        """Add the text to the outcome, if there is anything to send."""
        drafts = [one for one in context.outcome.drafts if self._may_send(one)]
        if not drafts:
            return
        title = (await assembled(context, tools)).material.title
        text = "\n".join([self.heading or inline(title), *self._lines(drafts)])
        brief = context.brief
        context.outcome.outgoing.append(
            OutgoingText(
                key=f"{brief.target_id}:{self.label}:{self.destination}",
                destination=self.destination,
                payload={
                    "layer": brief.layer,
                    "topic": str(brief.topic),
                    "text": text
                    if len(text) <= self.max_characters
                    else text[: self.max_characters - 1] + "…",
                },
            )
        )

    def _may_send(self, draft: InsightDraft) -> bool:
        return draft.scope is not Scope.DM and draft.importance >= self.min_importance

    def _lines(self, drafts: list[InsightDraft]) -> Iterator[str]:
        for draft in drafts:
            yield from (f"• {line.text}" for line in draft.lines)
            if self.questions:
                yield from (f"? {question}" for question in draft.open_questions)
