"""`output`: sends what was understood to a channel, a webhook or the log."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import ClassVar, Literal

from pydantic import Field

from zos.core.links import message_link
from zos.core.scopes import Scope
from zos.insights.model import InsightDraft, InsightLine
from zos.prompts.blocks import inline
from zos.reflect.context import OutgoingText, TargetContext
from zos.reflect.finding import assembled
from zos.reflect.node import Node
from zos.reflect.tools import NodeTools

MOST_LINKS = 3
"""Links to messages behind one line, the first."""

Line = dict[str, object]


class Output(Node):
    """Writes one text of the target's drafts, delivered after the commit, at least once.

    Only what rests on public messages alone is sent. It is reviewed once more before each delivery,
    and goes only where the configuration's `output` section allows.
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
    max_characters: int = Field(
        1_900, ge=100, le=10_000, description="Of longer texts the last lines are left out"
    )

    async def run(self, context: TargetContext, tools: NodeTools) -> None:
        """Add the text to the outcome, if there is anything to send."""
        told = {
            position: one
            for position, one in enumerate(context.outcome.drafts)
            if self._may_send(one)
        }
        if not told:
            return
        heading = self.heading or inline((await assembled(context, tools)).material.title)
        lines = self._fitting(heading, self._lines(told.values(), _links(context)))
        brief = context.brief
        context.outcome.outgoing.append(
            OutgoingText(
                key=f"{brief.target_id}:{self.label}:{self.destination}",
                destination=self.destination,
                payload={
                    "layer": brief.layer,
                    "topic": str(brief.topic),
                    "text": "\n".join([heading, *(str(line["text"]) for line in lines)]),
                    "heading": heading,
                    "lines": lines,
                },
                says=tuple(told),
            )
        )

    def _may_send(self, draft: InsightDraft) -> bool:
        return draft.scope is Scope.PUBLIC and draft.importance >= self.min_importance

    def _lines(self, drafts: Iterable[InsightDraft], links: dict[int, str]) -> Iterator[Line]:
        for draft in drafts:
            for line in draft.lines:
                yield {"text": f"• {line.text}", "links": _behind(line, links)}
            if self.questions:
                for question in draft.open_questions:
                    yield {"text": f"? {question}", "links": []}

    def _fitting(self, heading: str, lines: Iterable[Line]) -> list[Line]:
        room, kept = self.max_characters - len(heading), list[Line]()
        for line in lines:
            text = str(line["text"])
            room -= len(text) + 1
            if room < 0 and kept:
                break
            kept.append({**line, "text": text if room >= 0 else text[: room - 1] + "…"})
        return kept


def _links(context: TargetContext) -> dict[int, str]:
    return {
        one.id: message_link(one.server_id, one.channel_id, one.id)
        for one in context.gathered.messages
    }


def _behind(line: InsightLine, links: dict[int, str]) -> list[str]:
    return [links[one] for one in line.message_ids if one in links][:MOST_LINKS]
