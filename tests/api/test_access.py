"""Who is let in, with which role, and the record of what they changed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import httpx
import pytest
from tests.api.conftest import Api

from zos.access.principal import BY_HEADER, Role, Via
from zos.access.sessions.store import SEEN_EVERY
from zos.core.clock import SimulatedClock
from zos.core.errors import DatabaseError


@asynccontextmanager
async def bearing(api: Api, secret: str) -> AsyncIterator[httpx.AsyncClient]:
    bearer = {"Authorization": f"Bearer {secret}"}
    async with httpx.AsyncClient(base_url=api.http.base_url, headers=bearer) as http:
        yield http


async def new_key(api: Api, **request: Any) -> Any:
    return await api.post("/access/keys", {"name": "grafana", **request})


async def test_a_viewers_key_reads_and_does_not_write(api: Api) -> None:
    made = await new_key(api)
    async with bearing(api, made["secret"]) as http:
        assert (await http.get("/access")).json() == {
            "name": "grafana",
            "role": "viewer",
            "via": "key",
        }
        assert (await http.get("/jobs")).status_code == 200
        assert (await http.post("/jobs/nightly/pause")).status_code == 403
        for path in ("/access/keys", "/access/sessions", "/audit", "/members"):
            assert (await http.get(path)).status_code == 403


async def test_an_operators_key_writes_under_its_own_name(api: Api) -> None:
    made = await new_key(api, role="operator", name=" ci ")
    async with bearing(api, made["secret"]) as http:
        assert (await http.get("/access/keys")).json()[0]["name"] == "ci"
        paused = (await http.post("/jobs/nightly/pause", json={"note": "moving"})).json()
    assert paused["paused"]["by"] == "ci"
    (row,) = (await api.access.audit.page(name="ci")).items
    assert (row.role, row.via, row.action) == (Role.OPERATOR, Via.KEY, "pause")
    assert (row.method, row.target, row.status) == ("POST", "/api/v1/jobs/nightly/pause", 200)


@pytest.mark.parametrize("said", ["", "Bearer", "Basic {}", "{}", "Bearer x{}"])
async def test_a_key_is_sent_as_a_bearers(api: Api, said: str) -> None:
    made = await new_key(api)
    headers = {"Authorization": said.format(made["secret"])}
    assert (await api.http.get("/jobs", headers=headers)).status_code == 401
    headers = {"Authorization": f"bearer  {made['secret']}"}
    assert (await api.http.get("/jobs", headers=headers)).status_code == 200


async def test_a_key_ends_with_its_time(api: Api, clock: SimulatedClock) -> None:
    made = await new_key(api, days=1)
    async with bearing(api, made["secret"]) as http:
        assert (await http.get("/jobs")).status_code == 200
        await clock.sleep(86_400)
        assert (await http.get("/jobs")).status_code == 401
    assert [one["name"] for one in await api.get("/access/keys")] == ["grafana"]


async def test_a_key_ends_when_it_is_revoked(api: Api) -> None:
    made = await new_key(api)
    path = f"/access/keys/{made['key']['id']}"
    async with bearing(api, made["secret"]) as http:
        assert (await api.http.delete(path)).status_code == 204
        assert (await http.get("/jobs")).status_code == 401
    assert (await api.http.delete(path)).status_code == 404


async def test_it_is_known_when_a_key_was_last_used_without_a_write_each_time(
    api: Api, clock: SimulatedClock
) -> None:
    made = await new_key(api)
    start = clock.now()

    async def seen_at() -> Any:
        return (await api.access.keys.all())[0].seen_at

    assert await seen_at() is None
    async with bearing(api, made["secret"]) as http:
        for passed in (timedelta(), SEEN_EVERY - timedelta(seconds=1), SEEN_EVERY):
            clock.move_to(start + passed)
            await http.get("/jobs")
            assert await seen_at() == (start + SEEN_EVERY if passed >= SEEN_EVERY else start)


async def test_two_keys_cannot_have_one_name(api: Api) -> None:
    await new_key(api)
    answer = await api.http.post("/access/keys", json={"name": "grafana"})
    assert (answer.status_code, "There is a key named 'grafana'" in answer.text) == (422, True)


@pytest.mark.parametrize(
    "request_",
    [{"name": ""}, {"name": " "}, {"name": "a\x00b"}, {"name": "a\x1b[2J"}, {"name": "n" * 101}],
)
async def test_a_name_is_what_can_be_shown(api: Api, request_: dict[str, str]) -> None:
    assert (await api.http.post("/access/keys", json=request_)).status_code == 422


async def test_a_secret_is_shown_once_and_stored_nowhere(api: Api) -> None:
    made = await new_key(api)
    link = await api.post("/access/links", {"name": "ben"})
    stored = await everything(api)
    assert "grafana" in stored
    for secret in (made["secret"], link["path"].partition("code=")[2]):
        assert len(secret) > 40
        assert secret not in stored
        assert secret not in str(await api.get("/access/keys"))


async def everything(api: Api) -> str:
    from zos.db.tables import metadata

    found = []
    async with api.services.database.read() as connection:
        for table in metadata.sorted_tables:
            found += [str(row) for row in await connection.execute(table.select())]
    return "\n".join(found)


async def test_a_link_logs_in_as_whom_it_was_made_for(api: Api) -> None:
    link = await api.post("/access/links", {"name": "ben"})
    code = link["path"].partition("code=")[2]
    async with httpx.AsyncClient(base_url=api.url) as http:
        await http.post("/login", data={"code": code}, headers={"User-Agent": "x" * 999})
        (session,) = await api.get("/access/sessions")
        assert (session["name"], session["role"], session["agent"]) == ("ben", "viewer", "x" * 200)
        assert (await http.get("/preferences")).status_code == 200
        path = f"/access/sessions/{session['id']}"
        assert (await api.http.delete(path)).status_code == 204
        assert (await http.get("/preferences")).status_code == 303
    assert (await api.http.delete(path)).status_code == 404


async def test_what_is_refused_is_recorded_and_what_only_reads_is_not(api: Api) -> None:
    made = await new_key(api)
    async with bearing(api, made["secret"]) as http:
        await http.get("/jobs")
        await http.post("/jobs/nightly/pause")
    async with bearing(api, "zos_wrong") as http:
        await http.post("/jobs/nightly/pause")
    await api.http.post("/jobs/nightyl/pause")
    page = await api.get("/audit")
    assert [(row["name"], row["action"], row["status"]) for row in page["items"]] == [
        ("operator", "pause", 404),
        ("grafana", "", 403),
        ("operator", "make_key", 201),
    ]
    second = await api.get("/audit", limit=1, before=page["items"][0]["id"])
    assert second["items"] == page["items"][1:2]
    assert second["next_cursor"] == page["items"][1]["id"]


async def test_the_command_lines_writes_bear_the_users_name(api: Api) -> None:
    await api.post("/jobs/nightly/pause", **{BY_HEADER: "J%C3%BCrgen"})
    (row,) = (await api.access.audit.page()).items
    assert (row.name, row.via) == ("Jürgen", Via.CLI)


async def test_what_was_done_is_answered_though_it_cannot_be_recorded(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object) -> None:
        raise DatabaseError("the disk is full")

    monkeypatch.setattr(type(api.access.audit), "record", fail)
    assert (await api.post("/jobs/nightly/pause"))["paused"] is not None
    assert (await api.get("/audit"))["items"] == []


async def test_without_the_store_the_token_still_opens_and_keys_are_told_why_not(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object) -> None:
        raise DatabaseError("the disk is gone")

    monkeypatch.setattr(type(api.access.keys), "find", fail)
    assert (await api.http.get("/access")).status_code == 200
    async with bearing(api, "zos_some") as http:
        answer = await http.get("/access")
    assert (answer.status_code, answer.json()["type"]) == (503, "urn:zos:problem:database")
