"""`reduce`: merges the reflections on the parts of long material into one."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from zos.llm.output import Reflection
from zos.reflect.asking import ask
from zos.reflect.context import Reflected, TargetContext
from zos.reflect.finding import assembled
from zos.reflect.node import AskingNode
from zos.reflect.tools import NodeTools


class Reduce(AskingNode):
    """Asks for one reflection that keeps what matters of several; a single one stays as it is.

    The model is shown the reflections' statements and the messages and insights that they cite.
    """

    reflects: ClassVar[bool] = True
    needs_reflections: ClassVar[bool] = True

    type: Literal["reduce"]
    prompt: str = Field("reflect/reduce.md.j2", description="Template")

    def estimated_cost_tokens(self, _material_tokens: int) -> int:
        """Return 0: material is seldom so long that there is something to merge."""
        return 0

    async def run(self, context: TargetContext, tools: NodeTools) -> None:
        """Replace the reflections by one."""
        if len(context.reflections) < 2:
            return
        everything = await assembled(context, tools)
        cited = [
            ref
            for one in context.reflections
            for statement in one.reflection.statements
            for ref in statement.sources
        ]
        answer = await ask(
            self, context, tools, output=Reflection, assembled=everything.only(cited)
        )
        if answer is None or answer.output is None or not answer.output.statements:
            return
        context.reflections = [Reflected(answer.output, answer.extractive)]
