"""`fetch_layer_runs`: what Zos did lately, for reflecting on itself."""

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar, Literal

from pydantic import Field

from zos.reflect.context import TargetContext
from zos.reflect.node import Node
from zos.reflect.tools import NodeTools

_TOKENS_A_RUN = 30


class FetchLayerRuns(Node):
    """Fetches the runs of layers; prompts show when each ran and what it came to."""

    gathers: ClassVar[bool] = True

    type: Literal["fetch_layer_runs"]
    lookback_hours: float = Field(
        168.0, gt=0, le=87_600, description="Only runs of so many hours before this one"
    )
    limit: int = Field(30, ge=1, le=500, description="The newest so many")
    layers: tuple[str, ...] = Field((), description="Only runs of these layers; default: of all")

    @property
    def estimated_material_tokens(self) -> int:
        """A line a run."""
        return self.limit * _TOKENS_A_RUN

    async def run(self, context: TargetContext, tools: NodeTools) -> None:
        """Add runs to what was gathered; the run that is under way is none of them."""
        brief = context.brief
        found = await tools.runs.recent(
            after=brief.now - timedelta(hours=self.lookback_hours),
            until=brief.now,
            layers=self.layers,
            limit=self.limit,
        )
        context.gathered.runs += [one for one in found if one.id != brief.run_id]
