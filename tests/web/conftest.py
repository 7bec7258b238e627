"""The pages over a real store on both databases, asked over a real socket."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from html.parser import HTMLParser

import httpx
import pytest
from tests.api.conftest import TOKEN, Api, api

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
        answer = await self.http.get(path, params={key: str(one) for key, one in query.items()})
        assert answer.status_code == 200, answer.text
        return answer.text

    async def text(self, path: str, **query: object) -> str:
        """The text of a page, with single spaces."""
        parser = _Text()
        parser.feed(await self.page(path, **query))
        return " ".join(" ".join(parser.parts).split())

    async def send(self, path: str, **form: str) -> httpx.Response:
        """Send a form, and return the page that it leads to."""
        return await self.http.post(path, data=form, follow_redirects=True)


@pytest.fixture
async def web(api: Api, clock: SimulatedClock) -> AsyncIterator[Web]:
    """The pages of a service with one layer, `nightly`; its clock stands at `EPOCH`."""
    bearer = {"Authorization": f"Bearer {TOKEN.reveal()}"}
    async with httpx.AsyncClient(base_url=api.url, headers=bearer) as http:
        yield Web(api, http, clock)
