"""What somebody with ill intent sends, over every route of the API and the pages, whatever routes there are.

Elsewhere: bodies that are too large or never end (tests/access/gate), heads that never end (tests/api/test_protocol.py),
guessed logins and logins that lead elsewhere (tests/web/test_login.py).
"""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncIterator
from html.parser import HTMLParser
from urllib.parse import quote

import httpx
import pytest
from sqlalchemy import update
from tests.insights.conftest import ANN, BEN, CHANNEL, SERVER
from tests.views.known import Known
from tests.web.conftest import Web, api, web

from zos.access.gate.places import Surface, surface_of
from zos.access.login.store import Grant
from zos.access.principal import Role
from zos.api.app import openapi_document
from zos.core.topics import TopicKey
from zos.db.tables import channel, insight, layer_run, member, server
from zos.reflect.states import RunStatus
from zos.salience.model import EntryKind
from zos.web.app import routes

__all__ = ["api", "web"]

# Routes are the same over either database.
pytestmark = pytest.mark.parametrize("config", ["sqlite"], indirect=True)

EVIL = """"'><script>alert(1)</script><img src=x onerror=alert(1)>{{ 7 * 191 }}"""
MAX_PAGES = 80
NO_END = "/api/v1/events"
VIEWERS_OWN = {"/login", "/logout", "/preferences"}


@pytest.fixture
async def evil(web: Web) -> AsyncIterator[dict[str, str]]:
    """Everybody and everything is called a script, and says one; values for the parts of paths."""
    web.services.scheduler.start()
    yield await _evil(web)
    await web.services.scheduler.drain(0)
    web.services.scheduler.stop()


async def _evil(web: Web) -> dict[str, str]:
    database = web.services.database
    known = Known(database, web.services.config)
    said = [await known.world.say(f"{EVIL} seedlings", author=one) for one in (ANN, BEN)]
    topic = TopicKey.channel(SERVER, CHANNEL)
    await known.consents(ANN, BEN)
    pair = TopicKey.dyad(ANN, BEN, SERVER)
    for key in (topic, pair, TopicKey.user(ANN, SERVER)):
        await known.topic(key, (EntryKind.MESSAGE, 4), (EntryKind.SPENT, -1))
    run = await web.api.open("nightly", status=RunStatus.FAILED, reason=EVIL)
    found = [
        await known.world.learn(f"{EVIL} grows", topic=key, message_ids=said, run_id=run.id)
        for key in (topic, pair)
    ]
    await web.services.scheduler.pause("nightly", by=EVIL, note=EVIL, until=None)
    web.api.write_layer("nightly", f"description: {json.dumps(EVIL)}\nschedule: 0 3 * * *")
    assert (await web.api.post("/reload"))["problems"] == []
    other = await web.api.open("nightly", status=RunStatus.FAILED, reason=EVIL)
    async with database.write() as connection:
        await connection.execute(update(member).values(name=EVIL, display_name=EVIL))
        await connection.execute(update(server).values(name=EVIL))
        await connection.execute(update(channel).values(name=EVIL))
        a_layers_name = update(layer_run).where(layer_run.c.id == other.id).values(layer=EVIL)
        await connection.execute(a_layers_name)
        await connection.execute(update(insight).values(layer=EVIL))
    grant = Grant(EVIL, Role.OPERATOR)
    await web.api.access.keys.make(grant, None)
    await web.api.access.sessions.open(grant, EVIL)
    return {
        "topic": str(topic),
        "insight_id": found[0],
        "run_id": run.id,
        "layer": "nightly",
        "member_id": str(ANN),
        "session_id": "01KAR7W0M0V3S4T5X6Y7Z8A9BC",
        "key_id": "01KAR7W0M0V3S4T5X6Y7Z8A9BC",
        "path": "zos.css",
        "operation": "trigger",
    }


def all_routes() -> list[tuple[str, str]]:
    """Every method and path of the API and the pages."""
    return [
        (method.upper(), path)
        for document in (openapi_document(), routes().openapi())
        for path, methods in document["paths"].items()
        for method in methods
    ]


def filled(path: str, values: dict[str, str]) -> str:
    """Return a route's path with all its parts; an unknown part wants a value in `evil`."""
    return path.format_map({name: quote(value, safe=":") for name, value in values.items()})


class Page(HTMLParser):
    """What a browser would make of a page: where it leads, and what it would carry out."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.dangers: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            said = (value or "").strip()
            if name == "href" and tag == "a":
                self.links.append(said)
            is_code = name.startswith("on") or name in {"style", "srcdoc"}
            is_ours = said.startswith(("/", "#", "?")) and not said.startswith("//")
            is_discord = tag == "a" and said.startswith("https://discord.com/channels/")
            leads = name in {"href", "src", "action", "formaction", "data"}
            leads_out = leads and not (is_ours or is_discord)
            if is_code or leads_out:
                self.dangers.append(f"<{tag} {name}={said!r}>")
        if tag in {"style", "iframe", "object", "embed", "base"} or (
            tag == "script" and not dict(attrs).get("src")
        ):
            self.dangers.append(f"<{tag}>")


async def test_what_people_wrote_is_never_carried_out_whichever_page_shows_it(
    web: Web, evil: dict[str, str]
) -> None:
    waiting = [
        filled(path, evil)
        for method, path in all_routes()
        if method == "GET" and surface_of(path) is Surface.PAGES
    ]
    seen: dict[str, Page] = {}
    shown = 0
    while waiting and len(seen) < MAX_PAGES:
        path = waiting.pop(0)
        if path in seen:
            continue
        answer = await web.http.get(httpx.URL(str(web.http.base_url).rstrip("/") + path))
        assert answer.status_code < 500, path
        if not answer.headers.get("content-type", "").startswith("text/html"):
            continue
        seen[path] = page = Page(answer.text)
        assert page.dangers == [], path
        assert "<script>alert" not in answer.text, path
        assert "1337" not in answer.text, path  # nobody's words are a template
        shown += "alert(1)" in answer.text
        waiting += [
            one for one in page.links if one[:1] == "/" and surface_of(one) is Surface.PAGES
        ]
    assert shown >= 5, "the pages do not show what was written: this test tests nothing"


async def test_what_people_wrote_is_data_whichever_route_tells_it(
    web: Web, evil: dict[str, str]
) -> None:
    told = 0
    for method, path in all_routes():
        if method != "GET" or path == NO_END or not path.startswith("/api/"):
            continue
        query: dict[str, str | int] = {"server_id": SERVER, "q": "seedlings"}
        answer = await web.http.get(filled(path, evil), params=query)
        assert answer.status_code < 500, path
        assert answer.headers["content-type"].split(";")[0] in {
            "application/json",
            "application/problem+json",
        }, path
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        told += "alert(1)" in answer.text
    assert told >= 5


async def test_a_viewer_changes_nothing_by_any_route(web: Web, evil: dict[str, str]) -> None:
    secret, _ = await web.api.access.keys.make(Grant("viewer", Role.VIEWER), None)
    bearer = {"Authorization": f"Bearer {secret}"}
    tried = 0
    for method, path in all_routes():
        if method == "GET" or path in VIEWERS_OWN:
            continue
        answer = await web.http.request(method, filled(path, evil), headers=bearer)
        assert answer.status_code == 403, f"{method} {path}"
        tried += 1
    assert tried >= 15


async def test_another_sites_page_changes_nothing_by_any_route(
    web: Web, evil: dict[str, str]
) -> None:
    for method, path in all_routes():
        if method != "GET":
            foreign = {"Sec-Fetch-Site": "cross-site"}
            answer = await web.http.request(method, filled(path, evil), headers=foreign)
            assert answer.status_code == 403, f"{method} {path}"


async def test_nobody_unknown_is_let_in_by_any_route_and_no_rebound_name(
    web: Web, evil: dict[str, str]
) -> None:
    open_to_all = {"/healthz", "/login", "/favicon.ico", "/static/{path}"}
    del web.http.headers["Authorization"]
    for method, path in all_routes():
        target = filled(path, evil)
        rebound = {"Host": "evil.example"}
        assert (await web.http.request(method, target, headers=rebound)).status_code == 421, path
        if path not in open_to_all:
            answer = await web.http.request(method, target)
            assert answer.status_code in {401, 303}, f"{method} {path}"
            assert answer.headers.get("location", "/login").startswith("/login")


@pytest.mark.parametrize("secret", ["query", "header", "form"])
async def test_no_log_tells_a_secret_wherever_it_was_sent(
    web: Web, caplog: pytest.LogCaptureFixture, secret: str
) -> None:
    caplog.set_level(logging.DEBUG)
    code = await web.api.access.links.make(Grant("ann", Role.VIEWER))
    for path in ("/login", "/nothing", "/api/v1/nothing", "/api/v1/jobs"):
        if secret == "query":
            await web.http.get(path, params={"code": code, "token": code})
        elif secret == "header":
            await web.http.get(path, headers={"Authorization": f"Bearer {code}"})
        else:
            await web.http.post(path, data={"code": code})
    ours = [one for one in caplog.records if not one.name.startswith(("httpcore", "httpx"))]
    assert code not in "\n".join(one.getMessage() for one in ours)
