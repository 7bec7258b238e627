"""One question of a node: its prompt, rendered; its answer, validated. In a dry run, the prompt alone.

In: a node's parameters and what may be shown. Out: the answer, or None in a dry run.
"""

from __future__ import annotations

from typing import TypeVar

from pydantic import BaseModel

from zos.llm.request import CallContext, ModelAnswer, ModelRequest
from zos.prompts import shown
from zos.prompts.assembly import Assembled
from zos.prompts.blocks import Trusted, data_block
from zos.prompts.labels import anonymous
from zos.reflect.context import Prompt, TargetContext
from zos.reflect.node import AskingNode
from zos.reflect.runs.model import LayerRun
from zos.reflect.tools import NodeTools

Output = TypeVar("Output", bound=BaseModel)


async def ask(
    node: AskingNode,
    context: TargetContext,
    tools: NodeTools,
    *,
    output: type[Output],
    assembled: Assembled,
) -> ModelAnswer[Output] | None:
    """Ask the node's model about `assembled`, or in a dry run only note what would be asked.

    Raises:
        PromptError: If a prompt cannot be rendered.
        ModelError: If there is no usable answer.
    """
    request = _request(node, context, tools, output, assembled)
    if not context.brief.dry_run:
        return await tools.llm.ask(request)
    estimate = tools.llm.estimate(request)
    context.prompts.append(
        Prompt(
            node=node.label,
            profile=node.profile,
            system=request.system,
            text=request.prompt,
            estimated_tokens=estimate.tokens_in + estimate.tokens_out,
            estimated_cost_usd=estimate.cost_usd,
        )
    )
    return None


def _request(
    node: AskingNode,
    context: TargetContext,
    tools: NodeTools,
    output: type[Output],
    assembled: Assembled,
) -> ModelRequest[Output]:
    brief = context.brief
    itself = anonymous(assembled.labels.rewrite(brief.self_concept))
    concept = data_block("self-concept", itself) if itself else Trusted("")
    return ModelRequest(
        profile=node.profile,
        system=tools.templates.render(node.system, self_concept=concept),
        prompt=tools.templates.render(
            node.prompt, self_concept=concept, **_variables(context, assembled)
        ),
        output=output,
        material=assembled.material,
        context=CallContext(
            layer=brief.layer,
            node=node.label,
            run_id=brief.run_id,
            target_id=brief.target_id,
            server_id=brief.topic.server_id,
            member_ids=assembled.people,
            max_run_cost_usd=brief.max_run_cost_usd,
        ),
        temperature=node.temperature,
        max_tokens=node.max_tokens,
    )


def _variables(context: TargetContext, assembled: Assembled) -> dict[str, object]:
    brief = context.brief
    return {
        "layer": {"name": Trusted(brief.layer), "goal": Trusted(brief.goal)},
        "topic": shown.topic_words(brief.topic.category, assembled.material.title),
        "now": Trusted(f"{brief.now:%Y-%m-%d %H:%M} UTC"),
        "messages": shown.messages_block(assembled),
        "insights": shown.insights_block(assembled),
        "reactions": shown.reactions_block(assembled),
        "reflections": shown.reflections_block([one.reflection for one in context.reflections]),
        "runs": shown.lines_block("runs", map(_run_line, context.gathered.runs)),
        "subjects": shown.lines_block("subjects", assembled.material.known_subjects),
    }


def _run_line(run: LayerRun) -> str:
    reason = f" ({run.reason})" if run.reason else ""
    return (
        f"{run.clock_at:%Y-%m-%d %H:%M} {run.layer}: {run.status.value}{reason}, "
        f"{run.insights_created} insights from {run.targets_done} topics"
    )
