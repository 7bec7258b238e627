from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from tests.fakes.model_server import ModelServer, Reply
from tests.llm.conftest import DEAR, NOON, MakeClient, MakeRequest, reflection

from zos.config import Config
from zos.core.clock import SimulatedClock
from zos.core.errors import (
    BudgetError,
    DatabaseError,
    ModelOutputError,
    ModelRefusedError,
    ModelUnavailableError,
    PriceUnknownError,
)
from zos.db import engine
from zos.db.engine import Database
from zos.db.tables.runs import model_call
from zos.llm.client import ModelClient
from zos.llm.guard import SpendGuard
from zos.llm.output import Reflection
from zos.llm.request import ModelRequest
from zos.llm.sums.store import CallSums

# At DEAR's price an answer of 1,000 tokens costs one cent; the prompts are far below that.
ONE_CENT = 10_000
MakeDear = Callable[..., ModelClient]


async def calls(db: Database) -> list[dict[str, Any]]:
    async with db.read() as connection:
        rows = await connection.execute(select(model_call).order_by(model_call.c.called_at))
        return [dict(row) for row in rows.mappings()]


@pytest.fixture
def make_dear(make_client: MakeClient, database: Database, clock: SimulatedClock) -> MakeDear:
    """Build a client of a model whose every answer is reserved at a little more than a cent."""

    def make(limits: dict[str, Any] | None = None, **fields: Any) -> ModelClient:
        values = {"db": database, "clock": clock, "price": DEAR, "max_tokens": 1000, **fields}
        none = {"per_run_usd": None, "per_day_usd": None, "per_month_usd": None}
        return make_client(limits={**none, **(limits or {})}, **values)

    return make


async def test_a_call_is_reserved_before_it_is_sent_and_settled_after(
    server: ModelServer, make_dear: MakeDear, make_request: MakeRequest, database: Database
) -> None:
    server.tell(Reply(reflection(), tokens_in=50, tokens_out=30, delay_seconds=0.2))
    client = make_dear()
    asked = asyncio.create_task(client.ask(make_request(server_id=7, run_id="r1", target_id="t1")))
    await server.asked.wait()
    (held,) = await calls(database)
    answer = await asked
    (settled,) = await calls(database)
    assert held["outcome"] == "reserved"
    assert ONE_CENT < held["cost_microusd"] < 1.2 * ONE_CENT
    assert settled["outcome"] == "ok"
    assert settled["cost_microusd"] == answer.usage.cost_microusd == 50 + 30 * 10
    expected = {
        "id": held["id"],
        "run_id": "r1",
        "target_id": "t1",
        "server_id": 7,
        "layer": "nightly",
        "node": "reflect",
        "profile": "default",
        "model": "openai:gpt-4o-mini",
        "tokens_in": 50,
        "tokens_out": 30,
        "requests": 1,
        "error": None,
    }
    assert {name: settled[name] for name in expected} == expected
    assert settled["latency_ms"] >= 200


async def test_concurrent_calls_never_reserve_more_than_the_limit(
    server: ModelServer, make_dear: MakeDear, make_request: MakeRequest, config: Config
) -> None:
    server.default = Reply(reflection(), delay_seconds=0.3, tokens_in=100, tokens_out=1000)
    other = Database(config)
    await other.connect()
    clients = [
        make_dear({"per_day_usd": 0.078}),
        make_dear({"per_day_usd": 0.078}, db=other),
    ]
    asked = [clients[number % 2].ask(make_request()) for number in range(20)]
    answers = await asyncio.gather(*asked, return_exceptions=True)
    await other.close()
    refused = [answer for answer in answers if isinstance(answer, BudgetError)]
    assert len(server.requests) == 7
    assert len(refused) == 13
    assert not any(error.retryable for error in refused)


LIMITS = {
    "per_run_usd": {"run_id": "r1"},
    "per_day_usd": {},
    "per_month_usd": {},
    "per_server_day_usd": {"server_id": 7},
}


@pytest.mark.parametrize(("limit", "context"), LIMITS.items())
async def test_each_limit_stops_the_call_that_would_break_it(
    *,
    limit: str,
    context: dict[str, Any],
    server: ModelServer,
    make_dear: MakeDear,
    make_request: MakeRequest,
    database: Database,
) -> None:
    server.default = Reply(reflection(), tokens_in=100, tokens_out=990)
    client = make_dear({limit: 0.025})
    await client.ask(make_request(**context))
    await client.ask(make_request(**context))
    with pytest.raises(BudgetError, match="is reached") as caught:
        await client.ask(make_request(**context))
    assert limit in caught.value.hint
    assert len(server.requests) == len(await calls(database)) == 2


async def test_a_layers_own_limit_holds_if_it_is_stricter(
    server: ModelServer, make_dear: MakeDear, make_request: MakeRequest
) -> None:
    server.default = Reply(reflection(), tokens_in=100, tokens_out=990)
    client = make_dear({"per_run_usd": 0.025})
    await client.ask(make_request(run_id="r1", max_run_cost_usd=0.015))
    with pytest.raises(BudgetError, match=r"The layer's limit for a run of 0\.015 US"):
        await client.ask(make_request(run_id="r1", max_run_cost_usd=0.015))
    await client.ask(make_request(run_id="r1", max_run_cost_usd=9.0))
    with pytest.raises(BudgetError, match="The limit for a run"):
        await client.ask(make_request(run_id="r1", max_run_cost_usd=9.0))


async def test_other_runs_and_servers_do_not_count(
    server: ModelServer, make_dear: MakeDear, make_request: MakeRequest
) -> None:
    server.default = Reply(reflection(), tokens_in=100, tokens_out=990)
    client = make_dear({"per_run_usd": 0.015, "per_server_day_usd": 0.015})
    await client.ask(make_request(run_id="r1", server_id=1))
    await client.ask(make_request(run_id="r2", server_id=2))
    await client.ask(make_request())
    await client.ask(make_request())
    assert len(server.requests) == 4


@pytest.mark.parametrize(
    ("limit", "before", "after"),
    [
        # Berlin's day turns at 22:00 UTC in summer, its month with it.
        ("per_day_usd", datetime(2026, 6, 10, 21, 59, tzinfo=UTC), timedelta(minutes=1)),
        ("per_server_day_usd", datetime(2026, 6, 10, 21, 59, tzinfo=UTC), timedelta(minutes=1)),
        ("per_month_usd", datetime(2026, 6, 30, 21, 59, tzinfo=UTC), timedelta(minutes=1)),
        # The night in which the clocks go back lasts an hour longer.
        ("per_day_usd", datetime(2026, 10, 25, 22, 59, tzinfo=UTC), timedelta(minutes=1)),
    ],
)
async def test_days_and_months_are_local(
    *,
    limit: str,
    before: datetime,
    after: timedelta,
    server: ModelServer,
    make_dear: MakeDear,
    make_request: MakeRequest,
    clock: SimulatedClock,
) -> None:
    server.default = Reply(reflection(), tokens_in=100, tokens_out=990)
    client = make_dear({limit: 0.015}, zone="Europe/Berlin")
    clock.move_to(before - timedelta(hours=20))
    await client.ask(make_request(server_id=1))
    clock.move_to(before)
    with pytest.raises(BudgetError):
        await client.ask(make_request(server_id=1))
    clock.move_to(before + after)
    await client.ask(make_request(server_id=1))


async def given_up(
    client: ModelClient, server: ModelServer, request: ModelRequest[Reflection]
) -> None:
    """Ask, and wait no longer once the model has been asked."""
    asked = asyncio.create_task(client.ask(request))
    await server.asked.wait()
    asked.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asked


@pytest.fixture
def dead(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Calls end as if their process had died: nothing of their end is written."""

    async def fail(*_: object) -> None:
        raise DatabaseError("the process is gone")

    monkeypatch.setattr(SpendGuard, "settle", fail)
    return monkeypatch


async def test_a_call_that_is_given_up_is_lost_at_once_and_counts(
    server: ModelServer, make_dear: MakeDear, make_request: MakeRequest, database: Database
) -> None:
    server.default = Reply(hang=True)
    client = make_dear({"per_day_usd": 0.015})
    await given_up(client, server, make_request())
    (lost,) = await calls(database)
    assert (lost["outcome"], lost["requests"]) == ("lost", 1)
    assert lost["error"] == "openai:gpt-4o-mini was still answering when the work was given up."
    assert lost["cost_microusd"] > ONE_CENT, "nobody knows whether it is charged"
    with pytest.raises(BudgetError):
        await client.ask(make_request())


async def test_a_call_that_dies_counts_until_it_is_found_lost_and_after(
    *,
    server: ModelServer,
    make_dear: MakeDear,
    make_request: MakeRequest,
    database: Database,
    clock: SimulatedClock,
    dead: pytest.MonkeyPatch,
) -> None:
    server.default = Reply(hang=True)
    client = make_dear({"per_day_usd": 0.015})
    await given_up(client, server, make_request())
    dead.undo()
    (held,) = await calls(database)
    assert held["outcome"] == "reserved"
    with pytest.raises(BudgetError):
        await client.ask(make_request())
    clock.move_to(NOON + timedelta(minutes=14))
    assert await client.sweep() == 0
    clock.move_to(NOON + timedelta(minutes=16))
    assert await client.sweep() == 1
    (lost,) = await calls(database)
    assert (lost["outcome"], lost["cost_microusd"]) == ("lost", held["cost_microusd"])
    with pytest.raises(BudgetError):
        await client.ask(make_request())


@pytest.mark.parametrize("config", ["postgres"], indirect=True)  # SQLite's wait is a setting
async def test_a_call_whose_end_cannot_be_written_stays_reserved_until_it_is_found_lost(
    *,
    server: ModelServer,
    make_dear: MakeDear,
    make_request: MakeRequest,
    database: Database,
    config: Config,
    clock: SimulatedClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(engine, "PAID_WAIT_SECONDS", 0.2)
    impatient = Database(config)
    await impatient.connect()
    server.tell(Reply(reflection(), delay_seconds=0.2))
    client = make_dear(db=impatient)
    asked = asyncio.create_task(client.ask(make_request()))
    await server.asked.wait()
    async with database.write() as holding:
        await CallSums(database).be_alone(holding)
        with pytest.raises(DatabaseError, match=r"lock timeout\. .*takes long: try again"):
            await asked
    (held,) = await calls(database)
    assert held["outcome"] == "reserved"
    assert held["cost_microusd"] > ONE_CENT
    clock.move_to(NOON + timedelta(minutes=16))
    assert await client.sweep() == 1
    (lost,) = await calls(database)
    assert (lost["outcome"], lost["cost_microusd"]) == ("lost", held["cost_microusd"])
    await impatient.close()


async def test_lost_calls_are_found_by_later_calls(
    *,
    server: ModelServer,
    make_dear: MakeDear,
    make_request: MakeRequest,
    database: Database,
    clock: SimulatedClock,
    dead: pytest.MonkeyPatch,
) -> None:
    server.tell(Reply(hang=True))
    server.default = Reply(reflection())
    client = make_dear()
    await given_up(client, server, make_request())
    dead.undo()
    clock.move_to(NOON + timedelta(minutes=16))
    await client.ask(make_request())
    assert [call["outcome"] for call in await calls(database)] == ["lost", "ok"]


HELD = -1
ENDS: dict[str, tuple[Reply, type[Exception], int]] = {
    "invalid": (Reply(reflection("m9"), tokens_in=40, tokens_out=2), ModelOutputError, 60),
    "refused": (Reply(refusal="No.", tokens_in=40, tokens_out=2), ModelRefusedError, 60),
    "error": (Reply(status=500), ModelUnavailableError, 0),
    "timeout": (Reply(hang=True), ModelUnavailableError, HELD),
}


@pytest.mark.parametrize("outcome", ENDS)
async def test_a_call_that_fails_is_recorded_with_what_it_cost(
    outcome: str,
    server: ModelServer,
    make_dear: MakeDear,
    make_request: MakeRequest,
    database: Database,
) -> None:
    server.default, expected, cost = ENDS[outcome]
    client = make_dear(output_retries=0, sdk_retries=0, timeout_seconds=2)
    with pytest.raises(expected) as caught:
        await client.ask(make_request())
    (call,) = await calls(database)
    assert call["outcome"] == outcome
    assert call["error"] in str(caught.value)
    assert call["requests"] == 1
    if cost == HELD:
        assert call["cost_microusd"] > ONE_CENT, "nobody knows whether it is charged"
    else:
        assert call["cost_microusd"] == cost


async def test_a_connection_that_was_refused_costs_nothing_and_one_that_broke_may(
    server: ModelServer, make_dear: MakeDear, make_request: MakeRequest, database: Database
) -> None:
    server.default = Reply(drop=True)
    for url in ("http://127.0.0.1:1/v1", None):
        client = make_dear(sdk_retries=0, **({"base_url": url} if url else {}))
        with pytest.raises(ModelUnavailableError):
            await client.ask(make_request())
    unsent, broken = await calls(database)
    assert unsent["cost_microusd"] == 0
    assert broken["cost_microusd"] > ONE_CENT


async def test_the_second_try_is_reserved_as_well(
    server: ModelServer, make_dear: MakeDear, make_request: MakeRequest, database: Database
) -> None:
    server.default = Reply(reflection("m9"), tokens_in=100, tokens_out=900)
    client = make_dear({"per_day_usd": 0.015}, output_retries=3)
    with pytest.raises(BudgetError):
        await client.ask(make_request())
    assert len(server.requests) == 1, "the first answer was paid, and there is no cent for another"
    (call,) = await calls(database)
    assert (call["outcome"], call["cost_microusd"]) == ("invalid", 9_100)


async def test_tries_after_an_invalid_answer_add_up(
    server: ModelServer, make_dear: MakeDear, make_request: MakeRequest, database: Database
) -> None:
    server.tell(Reply(reflection("m9"), tokens_in=100, tokens_out=900))
    server.tell(Reply(reflection(), tokens_in=300, tokens_out=100))
    await make_dear({"per_day_usd": 0.025}).ask(make_request())
    (call,) = await calls(database)
    assert (call["tokens_in"], call["tokens_out"], call["requests"]) == (400, 1000, 2)
    assert call["cost_microusd"] == 10_400


async def test_a_model_without_a_price_is_not_asked(
    server: ModelServer, make_dear: MakeDear, make_request: MakeRequest, database: Database
) -> None:
    client = make_dear(price=None)
    assert client.estimate(make_request()).cost_usd is None
    with pytest.raises(PriceUnknownError, match=r"at 127\.0\.0\.1 is not known") as caught:
        await client.ask(make_request())
    assert "0 for a model on your own machine" in caught.value.hint
    assert not server.requests
    assert not await calls(database)


async def test_a_free_model_is_asked_when_nothing_may_be_spent(
    server: ModelServer, make_client: MakeClient, make_request: MakeRequest, database: Database
) -> None:
    server.tell(Reply(reflection()))
    await make_client(db=database, limits={"per_day_usd": 0}).ask(make_request())
    (call,) = await calls(database)
    assert (call["outcome"], call["cost_microusd"]) == ("ok", 0)


async def test_the_offline_digest_is_recorded_too(
    make_config: Callable[..., Config], make_request: MakeRequest, database: Database
) -> None:
    client = ModelClient(make_config(), db=database, clock=SimulatedClock(NOON))
    await client.ask(make_request(server_id=7))
    (call,) = await calls(database)
    assert (call["model"], call["outcome"], call["requests"]) == ("offline:digest", "ok", 0)
    assert call["cost_microusd"] == 0
    assert call["tokens_in"] > 0


async def test_a_record_holds_no_word_of_the_prompt(
    server: ModelServer, make_dear: MakeDear, make_request: MakeRequest, database: Database
) -> None:
    server.default = Reply(reflection())
    client = make_dear()
    await client.ask(make_request(prompt="my secret garden"))
    await client.ask(make_request(prompt="my secret garden"))
    await client.ask(make_request(prompt="my other garden"))
    rows = await calls(database)
    assert "garden" not in str(rows)
    first, second, third = (row["prompt_hash"] for row in rows)
    assert first == second != third
