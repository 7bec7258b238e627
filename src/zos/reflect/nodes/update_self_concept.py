"""`update_self_concept`: lets a model revise the text that stands in every prompt."""

from __future__ import annotations

from typing import ClassVar, Literal

import structlog
from pydantic import Field

from zos.core.topics import TopicCategory
from zos.llm.output import SelfConcept
from zos.prompts.labels import anonymous
from zos.reflect.asking import ask
from zos.reflect.context import TargetContext
from zos.reflect.finding import assembled
from zos.reflect.node import AskingNode
from zos.reflect.tools import NodeTools

log = structlog.get_logger(__name__)


class UpdateSelfConcept(AskingNode):
    """Asks for a new self-concept; an empty or unchanged one leaves it as it is.

    There is one self-concept, that of the global topic `self:zos`: for a server's self topic this
    does nothing.
    """

    commits: ClassVar[bool] = True
    targets: ClassVar[frozenset[TopicCategory]] = frozenset({TopicCategory.SELF})

    type: Literal["update_self_concept"]
    prompt: str = Field("self/concept.md.j2", description="Template")
    profile: str = Field(
        "self_reflection", description="Model profile; a missing one means default"
    )
    min_insights: int = Field(
        1, ge=0, le=1_000, description="Fewer insights fetched: it stays as it is"
    )

    async def run(self, context: TargetContext, tools: NodeTools) -> None:
        """Put the new text into the outcome."""
        if context.brief.topic.server_id is not None:
            return
        if len(context.gathered.insights) < self.min_insights:
            return
        everything = await assembled(context, tools)
        answer = await ask(self, context, tools, output=SelfConcept, assembled=everything)
        if answer is None or answer.output is None:
            return
        content = anonymous(answer.output.content).strip()
        current = await tools.self_concept.current()
        if content and (current is None or content != current.content):
            log.info("self_concept_revised", run=context.brief.run_id)
            shown = everything.insights.values()
            context.outcome.self_concept_insights = tuple(one.id for one in shown)
            context.outcome.self_concept = answer.output.model_copy(update={"content": content})
