"""What every node is: its parameters, checked when the layer is loaded, and what it does with a target.

A node type is one file in `nodes/`: a subclass of `Node` whose fields are its YAML keys. The union
in `node_types` makes it known. Nodes gather, ask and draft; they never write to the database.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field

from zos.core.topics import TopicCategory
from zos.reflect.context import TargetContext
from zos.reflect.tools import NodeTools

ALL_CATEGORIES = frozenset(TopicCategory)
_INSTRUCTION_TOKENS = 900
_ANSWER_TOKENS = 500


class Node(BaseModel, ABC):
    """One step of a layer.

    Attributes:
        gathers: Whether it fetches what a model is shown; such nodes come first.
        reflects: Whether it leaves reflections for the nodes after it.
        needs_reflections: Whether it works on reflections of a node before it.
        commits: Whether it leaves something that the target will store or send.
        targets: Categories of topics that it can work on.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    gathers: ClassVar[bool] = False
    reflects: ClassVar[bool] = False
    needs_reflections: ClassVar[bool] = False
    commits: ClassVar[bool] = False
    targets: ClassVar[frozenset[TopicCategory]] = ALL_CATEGORIES

    type: str
    name: str = Field(
        "",
        max_length=60,
        description="Its name in records and previews, where a layer has two of a type; default: the type",
    )

    @property
    def label(self) -> str:
        """Its name in records."""
        return self.name or self.type

    @property
    def prompt_names(self) -> tuple[str, ...]:
        """The prompts that it renders: they are part of the layer's version."""
        return ()

    @property
    def estimated_material_tokens(self) -> int:
        """Tokens of what it is likely to fetch, for planning."""
        return 0

    def estimated_cost_tokens(self, _material_tokens: int) -> int:
        """Return the tokens that it is likely to take, in and out, when so much was fetched."""
        return 0

    @abstractmethod
    async def run(self, context: TargetContext, tools: NodeTools) -> None:
        """Do its step.

        Sets `context.dry_reason` if there is nothing (more) to do for this target.

        Raises:
            ZosError: If it cannot; the target has then failed.
        """


class AskingNode(Node, ABC):
    """A node that asks a model."""

    prompt: str = Field(
        description="Template, by its path below the prompts folder, as in reflect/channel.md.j2"
    )
    system: str = Field("system.md.j2", description="Template of the system prompt")
    profile: str = Field("reflection", description="Model profile; a missing one means default")
    temperature: float | None = Field(
        None, ge=0, le=2, description="Overrides the profile's temperature"
    )
    max_tokens: int | None = Field(
        None, ge=1, le=100_000, description="Overrides the profile's limit of output tokens"
    )

    @property
    def prompt_names(self) -> tuple[str, ...]:
        """Its system prompt and its prompt."""
        return (self.system, self.prompt)

    def estimated_cost_tokens(self, material_tokens: int) -> int:
        """Return the tokens of its instructions, of the material and of an answer of usual length."""
        answer = min(self.max_tokens or _ANSWER_TOKENS, _ANSWER_TOKENS)
        return _INSTRUCTION_TOKENS + material_tokens + answer
