"""All node types, told apart by their `type`. To add one: a file in `nodes/`, and a line here."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from zos.reflect.nodes.fetch_insights import FetchInsights
from zos.reflect.nodes.fetch_layer_runs import FetchLayerRuns
from zos.reflect.nodes.fetch_messages import FetchMessages
from zos.reflect.nodes.fetch_reactions import FetchReactions
from zos.reflect.nodes.llm_call import LlmCall
from zos.reflect.nodes.output import Output
from zos.reflect.nodes.reduce import Reduce
from zos.reflect.nodes.store_insight import StoreInsight
from zos.reflect.nodes.synthesize_to_global import SynthesizeToGlobal
from zos.reflect.nodes.update_self_concept import UpdateSelfConcept

AnyNode = Annotated[
    FetchMessages
    | FetchInsights
    | FetchReactions
    | FetchLayerRuns
    | LlmCall
    | Reduce
    | StoreInsight
    | SynthesizeToGlobal
    | UpdateSelfConcept
    | Output,
    Field(discriminator="type"),
]
