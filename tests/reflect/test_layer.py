from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from zos.core.topics import BudgetGroup, TopicCategory
from zos.reflect.layer import CatchUp, Layer, Overlap
from zos.reflect.node import Node
from zos.reflect.node_types import AnyNode

NODES: list[dict[str, Any]] = [
    {"type": "fetch_messages"},
    {"type": "llm_call", "prompt": "reflect/user.md.j2"},
    {"type": "store_insight"},
]


def layer(**fields: Any) -> Layer:
    return Layer.model_validate({"name": "a-layer", "category": "user", "nodes": NODES, **fields})


def refusal(**fields: Any) -> str:
    with pytest.raises(ValidationError) as caught:
        layer(**fields)
    return "; ".join(one["msg"] for one in caught.value.errors())


def test_what_a_layer_does_not_say_is_left_to_the_configuration() -> None:
    made = layer()
    assert made.enabled
    assert made.overlap is Overlap.BUFFER_ONE
    assert made.cron is None
    unsaid = (made.schedule, made.timezone, made.misfire_grace_time, made.catch_up, made.timeout)
    assert unsaid == (None,) * 5


def test_keys_may_say_that_there_is_nothing() -> None:
    assert layer(schedule=None, target_filter=None).hash == layer().hash


def test_every_key_is_read() -> None:
    made = layer(
        description="d",
        goal="g",
        enabled=False,
        schedule=" 0  3 * * * ",
        timezone="Europe/Berlin",
        jitter=60,
        misfire_grace_time=21_600,
        catch_up="all",
        overlap="skip",
        trigger_threshold=10,
        trigger_category="user",
        target_category=["user", "user_in_channel"],
        target_scope="any",
        target_filter="salience > 30 AND last_reflected_days_ago > 1 OR insight_count < 3",
        max_targets=5,
        timeout=60,
        max_cost_usd=0.5,
        ping_url="https://example.org/ping/1",
    )
    assert made.schedule == "0 3 * * *"
    assert made.catch_up is CatchUp.ALL
    assert made.trigger_category == {TopicCategory.USER}
    assert made.targets == {TopicCategory.USER, TopicCategory.USER_IN_CHANNEL}
    assert made.cron is not None
    assert made.cron.explain() == "At 03:00 every day"


@pytest.mark.parametrize("name", ["", "A", "a b", "-a", "a" * 64, "a:b"])
def test_names_fit_into_a_job_id(name: str) -> None:
    assert refusal(name=name)


def test_a_schedule_that_cron_would_not_read_is_refused_in_its_words() -> None:
    assert "6 fields" in refusal(schedule="0 0 3 * * *")


def test_a_filter_that_cannot_be_read_is_refused_in_its_words() -> None:
    assert "salience" in refusal(target_filter="saliense > 30")


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"timezone": "Middle/Earth"}, "is not a time zone"),
        ({"ping_url": "file:///etc/passwd"}, "pattern"),
        ({"ping_url": "https://exa mple"}, "pattern"),
        ({"category": "synthesis"}, "a synthesis layer needs a target_category"),
        ({"category": "self"}, "fetch_messages cannot work on self topics"),
        ({"nodes": NODES[:2]}, "no node leaves anything behind"),
        ({"nodes": [NODES[0], NODES[2]]}, "store_insight needs an llm_call before it"),
        ({"nodes": [NODES[1], NODES[0], NODES[2]]}, "fetch_messages comes too late"),
        ({"nodes": []}, "no node leaves anything behind"),
        ({"nodes": [{"type": "fetch_mesages"}]}, "'fetch_messages'"),
        (
            {"category": "channel", "nodes": [*NODES[:2], {"type": "synthesize_to_global"}]},
            "synthesize_to_global cannot work on channel topics",
        ),
        (
            {"nodes": [{"type": "update_self_concept", "name": "revise"}]},
            "revise cannot work on user topics",
        ),
    ],
)
def test_what_does_not_fit_together_is_refused(fields: dict[str, Any], message: str) -> None:
    assert message in refusal(**fields)


@pytest.mark.parametrize(
    ("fields", "global_only", "groups"),
    [
        ({}, False, {BudgetGroup.SOCIAL}),
        ({"target_scope": "global"}, True, {BudgetGroup.GLOBAL}),
        ({"target_scope": "any"}, None, {BudgetGroup.GLOBAL, BudgetGroup.SOCIAL}),
        ({"category": "synthesis", "target_category": "dyad"}, True, {BudgetGroup.GLOBAL}),
        (
            {"category": "channel", "target_category": ["channel", "emoji"]},
            False,
            {BudgetGroup.SPACES, BudgetGroup.CULTURE},
        ),
    ],
)
def test_it_knows_whose_budget_it_spends(
    fields: dict[str, Any], global_only: bool | None, groups: set[BudgetGroup]
) -> None:
    made = layer(**fields)
    assert made.global_only is global_only
    assert made.groups == groups


def test_self_layers_reflect_on_zos_everywhere() -> None:
    made = layer(
        category="self",
        nodes=[{"type": "fetch_insights", "of": "others"}, *NODES[1:]],
    )
    assert made.targets == {TopicCategory.SELF}
    assert made.global_only is None
    assert made.groups == {BudgetGroup.SELF}


def test_its_version_changes_with_what_it_says_and_with_its_prompts() -> None:
    made = layer()
    assert len(made.hash) == 64
    assert made.hash == layer().hash
    assert made.hash != layer(goal="other").hash
    prompted = made.with_prompts({"reflect/user.md.j2": "a"})
    assert prompted.model_dump() == made.model_dump()
    assert len({made.hash, prompted.hash, made.with_prompts({"reflect/user.md.j2": "b"}).hash}) == 3


def test_its_version_does_not_depend_on_the_order_of_categories() -> None:
    one = layer(target_category=["user", "dyad"], trigger_category=["emoji", "role"])
    other = layer(target_category=["dyad", "user"], trigger_category=["role", "emoji"])
    assert one.hash == other.hash
    assert one.model_dump(mode="json")["target_category"] == ["dyad", "user"]


def test_it_knows_its_prompts_in_order_of_use() -> None:
    made = layer(nodes=[*NODES[:2], {"type": "reduce"}, NODES[2]])
    assert made.prompt_names == ("system.md.j2", "reflect/user.md.j2", "reflect/reduce.md.j2")


def test_it_estimates_what_a_target_costs() -> None:
    short = layer(nodes=[{"type": "fetch_messages", "limit": 10}, *NODES[1:]])
    brief = layer(nodes=[NODES[0], {**NODES[1], "max_tokens": 100}, NODES[2]])
    long = layer(
        nodes=[
            NODES[0],
            {"type": "fetch_reactions"},
            {"type": "fetch_insights"},
            {"type": "fetch_layer_runs"},
            NODES[1],
            {"type": "reduce"},
            NODES[2],
        ]
    )
    assert 0 < short.estimated_tokens < layer().estimated_tokens < long.estimated_tokens
    assert brief.estimated_tokens == layer().estimated_tokens - 400


def node_classes() -> list[type[Node]]:
    union = AnyNode.__origin__  # type: ignore[attr-defined]
    return list(union.__args__)


@pytest.mark.parametrize("node", node_classes())
def test_every_parameter_of_a_node_is_documented(node: type[Node]) -> None:
    assert node.__doc__
    for name, field in node.model_fields.items():
        assert name == "type" or field.description, name


def test_every_key_of_a_layer_is_documented() -> None:
    for name, field in Layer.model_fields.items():
        assert field.description, name
