"""`llm_call`: asks a model what it understands of what was gathered."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Literal

from pydantic import Field

from zos.llm.offline import OFFLINE
from zos.llm.output import Reflection
from zos.llm.tokens import estimate_tokens
from zos.prompts.assembly import Assembled
from zos.reflect.asking import ask
from zos.reflect.context import Reflected, TargetContext
from zos.reflect.finding import assembled
from zos.reflect.node import AskingNode
from zos.reflect.tools import NodeTools

_TOKENS_AROUND_AN_ITEM = 20  # reference, time, name


class LlmCall(AskingNode):
    """Asks once, or once for each part of material that is too long for one question."""

    reflects: ClassVar[bool] = True

    type: Literal["llm_call"]
    max_input_tokens: int = Field(
        24_000,
        ge=500,
        le=1_000_000,
        description="Material beyond this is asked about in parts, for reduce to merge; "
        "the offline digest takes any length at once",
    )

    async def run(self, context: TargetContext, tools: NodeTools) -> None:
        """Add reflections; the target is dry when no answer says anything."""
        everything = await assembled(context, tools)
        if not everything.material.items:
            context.dry_reason = "nothing of what was found may be shown"
            return
        offline = tools.llm.profile(self.profile).provider == OFFLINE
        parts = [everything] if offline else list(_parts(everything, self.max_input_tokens))
        reasons: list[str] = []
        for part in parts:
            answer = await ask(self, context, tools, output=Reflection, assembled=part)
            if answer is None:
                continue
            if answer.output is None or not answer.output.statements:
                reasons.append(answer.dry_reason or "the model had nothing to say")
            else:
                context.reflections.append(Reflected(answer.output, answer.extractive))
        if reasons and not context.reflections:
            context.dry_reason = reasons[0]


def _parts(everything: Assembled, limit: int) -> Iterator[Assembled]:
    """Yield parts of about equal length within `limit` tokens, in order, each with all insights."""
    insights = [item for item in everything.material.items if item.ref in everything.insights]
    messages = [item for item in everything.material.items if item.ref in everything.messages]
    base = sum(_tokens(item.text) for item in insights)
    sizes = [_tokens(item.text) for item in messages]
    room = max(limit - base, limit // 4)
    count = max(1, -(-sum(sizes) // room))
    share = -(-sum(sizes) // count)
    part: list[str] = []
    used = 0
    for item, size in zip(messages, sizes, strict=True):
        if (part and used + size > room) or used >= share:
            yield everything.only([*part, *(one.ref for one in insights)])
            part, used = [], 0
        part.append(item.ref)
        used += size
    yield everything.only([*part, *(one.ref for one in insights)])


def _tokens(text: str) -> int:
    return estimate_tokens(text) + _TOKENS_AROUND_AN_ITEM
