"""The API's documentation: every route, its parameters and examples, and every kind of problem."""

from __future__ import annotations

import re
from pathlib import Path

from tests.web.conftest import Web, on_sqlite

import zos.access.gate
from zos.api.app import openapi_document

config = on_sqlite


async def test_every_route_of_the_api_has_a_page(web: Web) -> None:
    page = await web.page("/docs")
    links = web.links(page)
    for path, methods in openapi_document()["paths"].items():
        for method, operation in methods.items():
            own = f"/docs/{operation['operationId']}"
            assert own in links
            text = await web.text(own)
            assert operation["summary"] in text
            assert f"{method.upper()} {path}" in text


async def test_a_route_tells_what_it_takes_and_gives(web: Web) -> None:
    text = await web.text("/docs/pause")
    assert "layer path, required string The layer's name" in text
    assert '"note": "moving house"' in text
    assert "PauseRequest Pause a layer, or change its pause." in text
    assert "until date-time or null When it ends by itself" in text
    assert "JobStatus" in text
    assert "403 Whoever asks is no operator" in text
    assert "403 Whoever asks is no operator" in await web.text("/docs/members")
    assert "403 Whoever asks may not do this" in await web.text("/docs/jobs")
    asked = 'curl -X POST -H "Authorization: Bearer $ZOS_KEY" --json \'{"by": "ann"'
    assert asked in text
    assert '"$ZOS_URL/api/v1/jobs/nightly-channel-reflection/pause"' in text
    assert web.api.url in text


async def test_values_to_choose_from_and_what_a_query_must_have_are_told(web: Web) -> None:
    assert "one of queued, running" in await web.text("/docs/runs")
    assert '/search?q=tomato+seedlings"' in await web.text("/docs/search")
    assert "Bearer" not in (await web.text("/docs/healthz")).split("Statuses")[0]


async def test_every_kind_of_problem_is_told(web: Web) -> None:
    text = await web.text("/docs")
    gate = Path(str(zos.access.gate.__path__[0]))
    source = "".join(file.read_text() for file in gate.glob("*.py"))
    refused = re.findall(r"Refusal\(\s*HTTPStatus\.\w+,\s*\"([a-z-]+)\"", source)
    assert len(refused) > 5
    for kind in (*refused, "layer-not-found", "still-running", "price-unknown"):
        assert f"urn:zos:problem:{kind} " in text
    assert "404 urn:zos:problem:layer-not-found There is no layer of that name" in text


async def test_a_route_that_is_not_there_is_a_page_of_its_own(web: Web) -> None:
    answer = await web.http.get("/docs/nothing")
    assert answer.status_code == 404
    assert "The API has no route" in answer.text


async def test_it_is_for_those_who_are_known(web: Web) -> None:
    web.http.headers.pop("Authorization")
    answer = await web.http.get("/docs")
    assert answer.headers["location"] == "/login?next=/docs"
