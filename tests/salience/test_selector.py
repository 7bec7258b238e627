"""Selection on both databases: who is chosen, in which order, and why others are not."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import insert, update
from tests.salience.conftest import Community
from tests.salience.made import EVERYBODY, START, after, consenting, micro

from zos.config import Config
from zos.core.clock import SimulatedClock
from zos.core.topics import BudgetGroup, TopicCategory, TopicKey
from zos.db.engine import Database
from zos.db.tables import layer_run, run_target, topic
from zos.salience.ledger import SalienceLedger
from zos.salience.selector import ReflectionSelector, Selected, SelectionRequest
from zos.salience.target_filter import TargetFilter

NOW = after(days=2)
USERS = frozenset({TopicCategory.USER})


class Night:
    """A store of topics, and fires that select from it."""

    def __init__(self, community: Community, config: Config) -> None:
        self.community = community
        self.selector = ReflectionSelector(community.ledger, config)

    async def has(self, *topics: tuple[TopicKey, float], **facts: Any) -> None:
        """Put topics there, by key and points, with new material unless `facts` say otherwise."""
        rows = [
            {
                "key": str(key),
                "category": key.category.value,
                "budget_group": key.group.value,
                "server_id": key.server_id,
                "balance": micro(points),
                "decay_base": micro(points),
                "decay_from": after(days=7),
                "last_activity_at": START,
                "new_material": 1,
                "insight_count": 0,
                "created_at": START,
                "last_reflected_at": None,
                **facts,
            }
            for key, points in topics
        ]
        async with self.community.db.write() as connection:
            await connection.execute(insert(topic), rows)

    async def runs(
        self, status: str, targets: dict[TopicKey, str], *, estimated_tokens: int
    ) -> None:
        """Put a run there that has these targets, by topic and status."""
        totals = dict.fromkeys(["targets_total", "targets_done", "insights_created"], 0)
        usage = dict.fromkeys(["tokens_in", "tokens_out", "cost_microusd"], 0)
        run = {"id": "run", "layer": "other", "trigger": "manual", "slot_count": 1, "reason": ""}
        rows = [
            {
                "id": str(position),
                "run_id": "run",
                "topic_key": str(key),
                "position": position,
                "status": of_target,
                "reason": "",
                "attempts": 1,
                "estimated_tokens": estimated_tokens,
                "salience_spent": 0,
                "insights_created": 0,
                **usage,
            }
            for position, (key, of_target) in enumerate(targets.items())
        ]
        async with self.community.db.write() as connection:
            times = {"created_at": NOW, "clock_at": NOW}
            await connection.execute(
                insert(layer_run), [{**run, "status": status, **times, **totals, **usage}]
            )
            await connection.execute(insert(run_target), rows)

    async def select(self, categories: frozenset[TopicCategory] = USERS, **wish: Any) -> Selected:
        wish.setdefault("consent", EVERYBODY)
        wish.setdefault("day_start", NOW - timedelta(hours=12))
        if "filter" in wish:
            wish["target_filter"] = TargetFilter.parse(wish.pop("filter"))
        request = SelectionRequest("nightly", categories, now=NOW, **wish)
        return await self.selector.select(request)

    async def chosen(self, categories: frozenset[TopicCategory] = USERS, **wish: Any) -> list[str]:
        return [str(one.key) for one in (await self.select(categories, **wish)).candidates]


async def night_of(community: Community, *servers: int, **config: Any) -> Night:
    if servers:
        await community.add_servers(*servers)
    return Night(community, Config.model_validate(config))


def user(member: int, server_id: int | None = 10) -> TopicKey:
    return TopicKey.user(member, server_id)


def reasons(selected: Selected) -> dict[str, str]:
    return {str(one.key): one.reason for one in selected.considered}


async def test_the_highest_balance_comes_first_and_equals_in_the_order_they_came_to_be(
    community: Community,
) -> None:
    night = await night_of(community, 10)
    await night.has((user(3), 5.0), (user(1), 5.0), (user(2), 9.0))
    assert await night.chosen() == ["server:10:user:2", "server:10:user:3", "server:10:user:1"]


async def test_a_candidate_carries_what_its_target_needs(community: Community) -> None:
    night = await night_of(community, 10)
    await night.has((user(1), 5.0), last_reflected_at=after(days=1), new_material=4)
    (one,) = (await night.select(estimated_tokens_per_target=700)).candidates
    assert (one.key, one.balance_micro, one.new_material) == (user(1), micro(5.0), 4)
    assert (one.last_reflected_at, one.estimated_tokens) == (after(days=1), 700)


async def test_without_new_material_there_is_no_second_thought(community: Community) -> None:
    night = await night_of(community, 10)
    await night.has((user(1), 50.0), new_material=0)
    selected = await night.select()
    assert (selected.candidates, selected.considered) == ((), ())
    assert selected.explanation == "no topic that the layer thinks about has new material"


async def test_what_is_retained_never_makes_a_silent_topic_reflect_again(
    community: Community,
) -> None:
    night = await night_of(community, 10)
    await night.has((user(1), 50.0))
    assert await night.chosen() == ["server:10:user:1"]
    await community.spend(user(1), 20_000, at=NOW)
    assert await community.points(user(1)) == 30.0
    assert await night.chosen() == []


async def test_without_salience_only_the_self_topics_are_thought_about(
    community: Community,
) -> None:
    night = await night_of(community, 10)
    await night.has((user(1), 0.0), (TopicKey.self_topic(10), 0.0), (TopicKey.self_topic(), 0.0))
    assert await night.chosen() == []
    assert await night.chosen(frozenset({TopicCategory.SELF})) == ["self:zos", "server:10:self:zos"]


async def test_global_and_server_topics_can_be_asked_for_apart(community: Community) -> None:
    night = await night_of(community, 10)
    await night.has((user(1), 5.0), (user(1, None), 5.0))
    assert await night.chosen() == ["user:1", "server:10:user:1"]
    assert await night.chosen(global_only=True) == ["user:1"]
    assert await night.chosen(global_only=False) == ["server:10:user:1"]


async def test_servers_take_turns_and_one_that_was_left_is_not_thought_about(
    community: Community,
) -> None:
    night = await night_of(community, 10, 20)
    await community.add_servers(30, left_at=START)
    await night.has(*((user(one), 50.0 + one) for one in (1, 2, 3)))
    await night.has((user(4, 20), 2.0), (user(5, 20), 1.5), (user(6, 30), 99.0))
    assert await night.chosen(max_targets=3) == [
        "server:10:user:3",
        "server:20:user:4",
        "server:10:user:2",
    ]


async def test_categories_of_one_layer_take_turns_too(community: Community) -> None:
    night = await night_of(community, 10)
    await night.has(
        (TopicKey.channel(10, 100), 120.0), (TopicKey.channel(10, 101), 110.0), (user(1), 2.0)
    )
    both = USERS | {TopicCategory.CHANNEL}
    assert set(await night.chosen(both, max_targets=2)) == {
        "server:10:user:1",
        "server:10:channel:100",
    }


async def test_who_has_not_consented_is_passed_over_with_the_reason(community: Community) -> None:
    night = await night_of(community, 10)
    await night.has((user(1), 50.0), (user(2), 40.0))
    selected = await night.select(consent=consenting(2))
    assert [one.key for one in selected.candidates] == [user(2)]
    assert reasons(selected)["server:10:user:1"] == "a member whom it is about has not consented"


async def test_the_filter_is_held_against_each_with_the_reason(community: Community) -> None:
    night = await night_of(community, 10)
    await night.has((user(1), 50.0), last_reflected_at=NOW - timedelta(hours=2))
    await night.has((user(2), 40.0))
    selected = await night.select(filter="last_reflected_days_ago > 1")
    assert [one.key for one in selected.candidates] == [user(2)]
    assert reasons(selected) == {
        "server:10:user:2": "chosen",
        "server:10:user:1": "it does not meet the layer's filter: last_reflected_days_ago > 1",
    }


async def test_topics_behind_many_that_a_filter_rejects_are_found(community: Community) -> None:
    night = await night_of(community, 10)
    await night.has(*((user(one), 90.0) for one in range(1, 301)), insight_count=9)
    await night.has((user(500), 5.0), (user(501), 4.0), (user(502), 90.0))
    selected = await night.select(filter="insight_count < 3", max_targets=3)
    assert [one.key for one in selected.candidates] == [user(502), user(500), user(501)]
    assert await night.chosen(filter="insight_count > 9") == []
    assert await night.chosen(consent=consenting(501)) == ["server:10:user:501"]


async def test_the_groups_budget_is_spent_and_then_no_more(community: Community) -> None:
    night = await night_of(community, 10)
    await night.has(*((user(one), 50.0) for one in range(1, 9)))
    await night.has(*((key, 5.0) for key in _one_of_each_other_group()))
    selected = await night.select(estimated_tokens_per_target=20_000, global_only=False)
    assert len(selected.candidates) == 3  # 3 × 20 of 60
    assert "60.0 left" in selected.explanation
    assert reasons(selected)["server:10:user:4"] == (
        "what is left of today's social budget does not pay for it"
    )


async def test_what_the_local_day_has_spent_is_counted_and_yesterday_is_not(
    community: Community,
) -> None:
    night = await night_of(community, 10)
    await night.has(*((user(one), 50.0) for one in range(1, 9)))
    await night.has(*((key, 5.0) for key in _one_of_each_other_group()))
    day_start = NOW - timedelta(hours=3)
    await community.spend(user(1), 30_000, at=day_start - timedelta(seconds=1))
    await community.spend(user(2), 30_000, at=day_start)
    wish: dict[str, Any] = {
        "day_start": day_start,
        "estimated_tokens_per_target": 10_000,
        "global_only": False,
    }
    assert len(await night.chosen(**wish)) == 3
    await community.spend(user(3), 30_000, at=NOW)
    assert await night.chosen(**wish) == []


@pytest.mark.parametrize(
    ("run", "target", "left"),
    [
        ("running", "queued", 1),
        ("running", "running", 1),
        ("interrupted", "queued", 1),
        ("running", "success", 6),
        ("failed", "queued", 6),
    ],
)
async def test_what_open_targets_will_spend_is_reserved(
    community: Community, run: str, target: str, left: int
) -> None:
    night = await night_of(community, 10)
    await night.has(*((user(one), 50.0) for one in range(1, 9)))
    await night.has(*((key, 5.0) for key in _one_of_each_other_group()))
    await night.runs(run, {user(1): target, user(2): target}, estimated_tokens=25_000)
    chosen = await night.chosen(estimated_tokens_per_target=10_000, global_only=False)
    assert len(chosen) == left


async def test_idle_groups_lend(community: Community) -> None:
    night = await night_of(community, 10)
    await night.has(*((user(one), 50.0) for one in range(1, 30)))
    assert len(await night.chosen(estimated_tokens_per_target=20_000)) == 10  # all 200


async def test_what_was_looked_at_is_bounded_and_says_what_came_next(community: Community) -> None:
    night = await night_of(community, 10)
    await night.has(*((user(one), 50.0) for one in range(1, 400)))
    selected = await night.select(max_targets=5)
    assert [one.chosen for one in selected.considered[:6]] == [True] * 5 + [False]
    assert 5 < len(selected.considered) <= 205
    many = await night.select(max_targets=300)
    assert len([one for one in many.considered if one.chosen]) == 300


async def test_the_same_again_gives_the_same(community: Community) -> None:
    night = await night_of(community, 10, 20)
    await night.has(*((user(one, 10 + 10 * (one % 2)), 5.0) for one in range(1, 40)))
    assert await night.select() == await night.select()


async def test_selecting_within_a_transaction_sees_what_it_wrote(community: Community) -> None:
    night = await night_of(community, 10)
    await night.has((user(1), 5.0))
    async with community.db.write() as connection:
        await connection.execute(update(topic).values(new_material=0))
        request = SelectionRequest("x", USERS, EVERYBODY, NOW, NOW)
        assert (await night.selector.select(request, connection)).candidates == ()


async def test_every_group_can_be_asked_for_at_once(community: Community) -> None:
    night = await night_of(community, 10, privacy={"consent": "opt_out"})
    await night.has((user(1), 50.0), (user(2), 60.0), (user(1, None), 9.0))
    await night.has((TopicKey.channel(10, 100), 9.0), (TopicKey.self_topic(), 0.0))
    selector = ReflectionSelector(
        community.ledger,
        Config.model_validate({"privacy": {"consent": "opt_out"}}),
        clock=SimulatedClock(NOW),
    )
    everything = await selector.select_for_reflection()
    assert everything == {
        "social": ["server:10:user:2", "server:10:user:1"],
        "global": ["user:1"],
        "spaces": ["server:10:channel:100"],
        "semantic": [],
        "culture": [],
        "self": ["self:zos"],
    }
    poor = await selector.select_for_reflection(total_budget=5.0, now=NOW)
    assert poor["social"] == ["server:10:user:2"]


async def test_consent_is_asked_by_itself_where_nobody_passes_it(community: Community) -> None:
    night = await night_of(community, 10)
    await night.has((user(1), 50.0))
    found = await night.selector.select_for_reflection(now=NOW)
    assert found["social"] == []


async def test_selection_reads_the_candidates_index_alone(
    database: Database, config: Config
) -> None:
    if not database.is_sqlite:
        return
    ledger = SalienceLedger(database, config)
    community = Community(database, config)
    await community.add_servers(10)
    await Night(community, config).has((user(1), 5.0))
    seen = _statements_of(database)
    await ReflectionSelector(ledger, config).select(
        SelectionRequest(
            "x",
            USERS,
            EVERYBODY,
            NOW,
            NOW,
            TargetFilter.parse("insight_count < 3 OR last_reflected_days_ago > 2"),
            global_only=False,
        )
    )
    selects = [one for one in seen if one[0].startswith("SELECT")]
    async with database.read() as connection:
        for statement, parameters in selects:
            plan = await connection.exec_driver_sql(
                f"EXPLAIN QUERY PLAN {statement}", tuple(parameters)
            )
            steps = [row.detail for row in plan]
            read = [step for step in steps if " topic " in step]
            assert all("ix_topic_candidates" in step or "PRIMARY KEY" in step for step in read)
    assert len(selects) == 5


def _statements_of(database: Database) -> list[tuple[str, Any]]:
    from sqlalchemy import event

    seen: list[tuple[str, Any]] = []
    assert database._reader is not None
    event.listen(
        database._reader.sync_engine,
        "before_cursor_execute",
        lambda *facts: seen.append((facts[2], facts[3])),
    )
    return seen


def _one_of_each_other_group() -> list[TopicKey]:
    return [
        user(1, None),
        TopicKey.channel(10, 100),
        TopicKey.subject(10, "rye"),
        TopicKey.emoji(10, 50),
    ]


def test_a_request_defaults_to_everything() -> None:
    request = SelectionRequest("x", USERS, EVERYBODY, NOW, datetime(2026, 3, 2, tzinfo=NOW.tzinfo))
    assert request.groups_with_layers == frozenset(BudgetGroup)
    assert request.target_filter.text == ""
