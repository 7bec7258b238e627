"""The pages over a real store on both databases, asked over a real socket."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from tests.api.conftest import TOKEN, Api, api
from tests.views.conftest import History

from zos.access.login.store import Grant
from zos.access.principal import Role
from zos.config import Config
from zos.core.clock import SimulatedClock
from zos.service.services import Services

__all__ = ["api", "web"]


class _Text(HTMLParser):
    """Takes the text out of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []

    def handle_data(self, data: str) -> None:
        self.parts.append(data)


class _Links(HTMLParser):
    """Takes the addresses out of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, _tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value for name, value in attrs if name in {"href", "action"} and value]


@dataclass
class Web:
    """A service that is not started, and a browser without JavaScript."""

    api: Api
    http: httpx.AsyncClient
    clock: SimulatedClock

    @property
    def services(self) -> Services:
        return self.api.services

    async def page(self, path: str, **query: object) -> str:
        """The HTML of a page that must be there."""
        asked = {key: str(one) for key, one in query.items()}
        answer = await self.http.get(path, params=asked or None)  # none: those of the path stay
        assert answer.status_code == 200, answer.text
        return answer.text

    async def text(self, path: str, **query: object) -> str:
        """The text of a page, with single spaces."""
        parser = _Text()
        parser.feed(await self.page(path, **query))
        return " ".join(" ".join(parser.parts).split())

    async def become_viewer(self) -> None:
        """From here on, somebody asks who may read and not write."""
        key, _ = await self.api.access.keys.make(Grant("vera", Role.VIEWER), None)
        self.http.headers["Authorization"] = f"Bearer {key}"

    def links(self, page: str) -> set[str]:
        """Return the paths within these pages that a page leads to, without queries and anchors."""
        parser = _Links()
        parser.feed(page)
        return {urlsplit(one).path for one in parser.found if one.startswith("/")}

    async def send(self, path: str, **form: str) -> httpx.Response:
        """Send a form, and return the page that it leads to."""
        return await self.http.post(path, data=form, follow_redirects=True)


@pytest.fixture
async def web(api: Api, clock: SimulatedClock) -> AsyncIterator[Web]:
    """The pages of a service with one layer, `nightly`; its clock stands at `EPOCH`."""
    bearer = {"Authorization": f"Bearer {TOKEN.reveal()}"}
    async with httpx.AsyncClient(base_url=api.url, headers=bearer, timeout=60) as http:
        yield Web(api, http, clock)


@pytest.fixture
def history(web: Web) -> History:
    """Writes runs as they would have come about."""
    return History(web.services.database)


@pytest.fixture
def on_sqlite(make_config: Callable[..., Config], sqlite_template: Path) -> Config:
    """A default configuration on SQLite: what pages read is tested on both databases in `tests/views`.

    A module that imports it as `config` has its pages over SQLite alone.
    """
    made = make_config()
    made.data_dir.mkdir(parents=True)
    shutil.copyfile(sqlite_template, made.data_dir / "zos.db")
    return made
