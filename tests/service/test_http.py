"""The API and the pages behind one gate."""

from __future__ import annotations

import httpx
import pytest
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp

from zos.access.access import open_access
from zos.access.token import OperatorToken
from zos.config.model import ApiConfig
from zos.core.clock import SystemClock
from zos.db.engine import Database
from zos.service.http import http_app

TOKEN = "t" * 43
BEARER = {"Authorization": f"Bearer {TOKEN}"}


def asking(database: Database, pages: ASGIApp) -> httpx.AsyncClient:
    access = open_access(database, SystemClock(), OperatorToken(TOKEN), ApiConfig())
    app = http_app(ApiConfig(), access, api=PlainTextResponse("api"), pages=pages)
    transport = httpx.ASGITransport(app=app)
    return httpx.AsyncClient(transport=transport, base_url="http://localhost")


@pytest.mark.parametrize(
    ("path", "answers"),
    [
        ("/api", "api"),
        ("/api/v1/jobs", "api"),
        ("/healthz", "api"),
        ("/readyz", "api"),
        ("/metrics", "api"),
        ("/", "pages"),
        ("/runs", "pages"),
        ("/apis", "pages"),
        ("/login", "pages"),
        ("/static/zos.css", "pages"),
    ],
)
async def test_each_path_is_the_apis_or_a_page(database: Database, path: str, answers: str) -> None:
    async with asking(database, PlainTextResponse("pages")) as http:
        assert (await http.get(path, headers=BEARER)).text == answers


async def test_the_gate_stands_in_front_of_both(database: Database) -> None:
    async with asking(database, PlainTextResponse("pages")) as http:
        assert (await http.get("/api/v1/jobs")).status_code == 401
        assert (await http.get("/runs")).status_code == 303
        foreign = {"Host": "evil.example", **BEARER}
        assert (await http.get("/runs", headers=foreign)).status_code == 421
