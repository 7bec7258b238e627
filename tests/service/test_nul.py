"""NUL characters, which PostgreSQL does not store: no write fails over one, wherever it stands.

What is refused is refused with one sentence; where a text is stored all the same, it is without them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from tests.insights.conftest import ANN, World
from tests.web.conftest import Web, api, web

from zos.access.principal import BY_HEADER
from zos.api.app import openapi_document
from zos.web.app import routes

__all__ = ["api", "web"]

pytestmark = pytest.mark.parametrize("config", ["postgres"], indirect=True)

NUL = "a\0b"
FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class Asked:
    """A request with a NUL in one of its texts, the `field`."""

    method: str
    path: str
    field: str
    query: dict[str, str]
    form: dict[str, Any] | None = None
    body: dict[str, Any] | None = None

    @property
    def is_stored(self) -> bool:
        """Whether it is one of the texts that a write stores as they are."""
        return self.field in {"note", "by", "name"}


@pytest.fixture
async def values(web: Web) -> dict[str, Any]:
    """What stands in the place of everything but the one text."""
    world = World(web.services.database)
    said = [await world.say("I grow tomatoes")]
    run = await web.api.open()
    return {
        "layer": "nightly",
        "run_id": run.id,
        "member_id": str(ANN),
        "insight_id": await world.learn("Ann grows tomatoes", message_ids=said),
        "session_id": "01KAR7W0M0V3S4T5X6Y7Z8A9BC",
        "key_id": "01KAR7W0M0V3S4T5X6Y7Z8A9BC",
        "state": "granted",
        "name": "ben",
        "role": "viewer",
        "text": "no",
    }


def requests(document: dict[str, Any], values: dict[str, Any]) -> Iterator[Asked]:
    """Every route that writes, each with a NUL in each of its texts in turn."""
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if method != "get":
                yield from _of(document, method.upper(), path, operation, values)


def _of(
    document: dict[str, Any],
    method: str,
    path: str,
    operation: dict[str, Any],
    values: dict[str, Any],
) -> Iterator[Asked]:
    parameters = operation.get("parameters", [])
    query = {
        one["name"]: values[one["name"]]
        for one in parameters
        if one["in"] == "query" and one.get("required")
    }
    right = path.format_map({name: quote(str(one), safe=":") for name, one in values.items()})
    for one in parameters:
        name = one["name"]
        if one["in"] == "path":
            wrong = path.format_map({**values, name: quote(NUL)})
            yield Asked(method, wrong, name, query)
        elif one["in"] == "query":
            yield Asked(method, right, name, {**query, name: NUL})
    for media_type, content in operation.get("requestBody", {}).get("content", {}).items():
        schema = _resolved(document, content["schema"])
        needed = {name: values[name] for name in schema.get("required", [])}
        for name, part in schema["properties"].items():
            sent = {**needed, name: [NUL] if part.get("type") == "array" else NUL}
            kind = "form" if media_type == FORM else "body"
            yield Asked(method, right, name, query, **{kind: sent})


def _resolved(document: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    if "anyOf" in schema:
        return _resolved(document, schema["anyOf"][0])
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return dict(document["components"]["schemas"][name])
    return schema


async def test_no_write_fails_over_a_nul_in_any_text(web: Web, values: dict[str, Any]) -> None:
    tried: set[str] = set()
    for document in (openapi_document(), routes().openapi()):
        for asked in requests(document, values):
            answer = await web.http.request(
                asked.method,
                httpx.URL(web.api.url + asked.path),
                params=asked.query,
                data=asked.form,
                json=asked.body,
            )
            said = f"{asked.method} {asked.path} {asked.field}: {answer.status_code}"
            assert answer.status_code < 500, said
            if asked.is_stored:
                assert answer.status_code >= 400, said
            tried.add(asked.field)
    assert {"note", "by", "name", "topics", "text", "layer", "zone", "code"} < tried


async def test_the_name_of_a_machines_user_is_what_can_be_shown(web: Web) -> None:
    for name in (NUL, "a\x1b[2J", " "):
        answer = await web.http.post("/api/v1/jobs/nightly/pause", headers={BY_HEADER: quote(name)})
        assert answer.status_code == 422
        told = answer.json()
        assert (told["type"], told["status"]) == ("urn:zos:problem:usage", 422)
        assert told["detail"] == "A name has 1 to 100 characters, all of them visible."
    assert (await web.services.jobs.get("nightly", web.clock.now())).paused is None
