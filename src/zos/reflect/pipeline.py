"""A target's way through its layer's nodes."""

from __future__ import annotations

from zos.reflect.context import TargetContext
from zos.reflect.layer import Layer
from zos.reflect.tools import NodeTools

NOT_AGREED = "a member has not agreed to be thought about"
NOTHING_MADE = "the layer's nodes made nothing of it"


async def run_nodes(layer: Layer, context: TargetContext, tools: NodeTools) -> None:
    """Run `layer`'s nodes in order, up to the first that finds the target dry.

    Afterwards either `context.dry_reason` is set or `context.outcome` holds something to commit;
    in a dry run, `context.prompts` holds what would have been asked.

    Raises:
        ZosError: If a node failed.
    """
    brief = context.brief
    if not brief.consent.allows_all(frozenset(brief.topic.members)):
        context.dry_reason = NOT_AGREED
        return
    for node in layer.nodes:
        await node.run(context, tools)
        if context.dry_reason:
            return
    outcome = context.outcome
    made = outcome.drafts or outcome.outgoing or outcome.self_concept
    if not made and not brief.dry_run:
        context.dry_reason = NOTHING_MADE
