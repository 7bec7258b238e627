"""The pages of costs: sums, limits, and every figure's way to the calls behind it."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from sqlalchemy import insert
from tests.web.conftest import Web

from zos.core.ids import new_ulid
from zos.db.tables import server
from zos.llm.call import CallOutcome, ModelCall
from zos.llm.request import CallContext, Usage
from zos.llm.store import ModelCallStore
from zos.views.costs import CostRow
from zos.web.costs import series_of

SCRIPT = "<script>alert(1)</script>"


async def spend(web: Web, cents: int, *, days_ago: int = 0, **fields: Any) -> str:
    at = web.clock.now() - timedelta(days=days_ago)
    context = CallContext(
        fields.pop("layer", "nightly"), "reflect", server_id=fields.pop("server_id", None)
    )
    call = ModelCall(new_ulid(at), context, "simple", "openai:small", "0" * 64, at)
    call = replace(
        call, usage=Usage(100, 10, 1, cents * 10_000), outcome=CallOutcome.OK, latency_ms=900
    )
    call = replace(call, **fields)
    await ModelCallStore(web.services.database).record(call)
    return call.id


@pytest.fixture
async def spent(web: Web) -> Web:
    async with web.services.database.write() as connection:
        row = {"id": 7, "name": f"Allotment {SCRIPT}", "seen_at": web.clock.now()}
        await connection.execute(insert(server).values(**row))
    await spend(web, 30, server_id=7)
    await spend(web, 20, days_ago=1, model="anthropic:large", layer="weekly")
    await spend(web, 0, days_ago=1, outcome=CallOutcome.TIMEOUT, error=f"too slow {SCRIPT}")
    await spend(web, 5, days_ago=9)
    return web


def count_of_calls(page: str) -> int:
    return page.split("<tbody>")[1].count("<tr>") if "<tbody>" in page else 0


async def count_at(web: Web, href: str) -> int:
    answer = await web.http.get(unescape(href))
    assert answer.status_code == 200, answer.text
    return count_of_calls(answer.text)


async def test_nothing_spent_is_said(web: Web) -> None:
    assert "No model was called in these days." in await web.text("/costs")
    assert "There is no such call." in await web.text("/costs/calls")


async def test_costs_stand_against_their_limits_and_are_summed_in_every_way(spent: Web) -> None:
    text = await spent.text("/costs", days=7)
    for said in (
        "Today $0.30",
        "7 days $0.50 3 calls",
        "Without an answer 1 of 3 calls",
        "anthropic:large 1 0 110 $0.20",
        "weekly 1 0 110 $0.20",
        "outside servers 2 1 220 $0.20",
        "2026-03-01 2 1 220 $0.20",
    ):
        assert said in text
    assert SCRIPT not in await spent.page("/costs")


async def test_every_figure_leads_to_as_many_calls_as_it_says(spent: Web) -> None:
    page = await spent.page("/costs?days=30")
    cells = re.findall(r'<a href="(/costs/calls[^"]*)">(\d+)</a>', page)
    assert len(cells) >= 14
    for path, number in cells:
        assert await count_at(spent, path) == int(number), path
    for name, calls in (("Today", 1), ("30 days", 4), ("Without an answer", 1)):
        found = re.search(
            rf'<a class="figure" href="([^"]+)"><span class="figure-name">{name}<', page
        )
        assert found is not None
        assert await count_at(spent, found[1]) == calls
    bars = re.findall(r'<a href="(/costs/calls\?first=[^"]+)"><title>.*?, (\d+) call', page)
    assert [int(number) for _, number in bars if number != "0"] == [1, 2, 1]


async def test_a_limit_of_nothing_and_no_limit_are_said(spent: Web) -> None:
    text = await spent.text("/costs")
    limits = spent.services.config.models.limits
    assert (f"left of ${limits.per_day_usd:,.2f}" if limits.per_day_usd else "no limit") in text


async def test_calls_are_narrowed_paged_and_escaped(spent: Web) -> None:
    failed = await spent.page("/costs/calls", outcome="timeout", layer="", first="")
    assert "took too long" in failed
    assert "too slow &lt;script&gt;" in failed
    assert count_of_calls(failed) == 1
    for number in range(60):
        await spend(spent, number, model="openai:tiny")
    first = await spent.page("/costs/calls", model="openai:tiny")
    assert "of openai:tiny" in first
    cursor = first.rsplit("before=", 1)[1].split('"')[0]
    rest = await spent.page("/costs/calls", model="openai:tiny", before=cursor)
    assert count_of_calls(first) + count_of_calls(rest) == 60


@pytest.mark.parametrize("query", ["first=0001-01-01", "first=soon", "outcome=sad", "before=%00"])
async def test_what_is_no_filter_is_refused_in_a_sentence(web: Web, query: str) -> None:
    answer = await web.http.get(f"/costs/calls?{query}")
    assert answer.status_code == 422
    assert "This was not understood" in answer.text


def test_the_dearest_models_have_a_colour_of_their_own_and_the_others_share_one() -> None:
    models = tuple(CostRow(f"m{one}", None, 1, 0, 1, 1, 9.0 - one) for one in range(9))
    assert series_of(models) == ["m0", "m1", "m2", "m3", "other models"]
    assert series_of(models[:5]) == ["m0", "m1", "m2", "m3", "m4"]
    assert series_of((replace(models[0], cost_usd=0.0),)) == []
