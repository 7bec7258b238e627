"""The pages that there are, by their routes, and an address of each that the demo has."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from html.parser import HTMLParser
from urllib.parse import urldefrag, urljoin, urlsplit

import httpx
from fastapi.routing import APIRoute

from zos.web import settings
from zos.web.app import PAGES

MOST_OF_ONE_KIND = 12


def page_routes() -> dict[str, APIRoute]:
    """Return every route that shows a page, by its name."""
    routers = (settings.router, *PAGES)
    routes = (route for router in routers for route in router.routes)
    return {
        route.name: route
        for route in routes
        if isinstance(route, APIRoute) and "GET" in (route.methods or ())
    }


def addresses(client: httpx.Client) -> dict[str, str]:
    """Follow links from the overview; return the first address found of every route."""
    found: dict[str, str] = {}
    seen_of = dict.fromkeys(page_routes(), 0)
    seen, waiting = {"/"}, deque(["/"])
    while waiting:
        address = waiting.popleft()
        answer = client.get(address)
        assert answer.status_code < 400, f"{address}: {answer.status_code}"
        if not answer.headers["content-type"].startswith("text/html"):
            continue
        found.setdefault(str(route_of(address)), address)
        for link in _links(address, answer.text):
            name = route_of(link)
            if link not in seen and name is not None and seen_of[name] < MOST_OF_ONE_KIND:
                seen.add(link)
                seen_of[name] += 1
                waiting.append(link)
    return found


def route_of(address: str) -> str | None:
    """Return the name of the route of an address."""
    path = urlsplit(address).path
    return next((name for name, one in page_routes().items() if one.path_regex.match(path)), None)


class _Ways(HTMLParser):
    """Takes the links out of a page, and the forms that only ask."""

    def __init__(self) -> None:
        super().__init__()
        self.targets: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        has = dict(attrs)
        if tag == "a" and has.get("href"):
            self.targets.append(str(has["href"]))
        if tag == "form" and (has.get("method") or "get").lower() == "get":
            self.targets.append(f"{has.get('action') or ''}?q=kiln")


def _links(address: str, page: str) -> Iterator[str]:
    parser = _Ways()
    parser.feed(page)
    for target in parser.targets:
        joined = urldefrag(urljoin(address, target)).url
        if joined.startswith("/"):
            yield joined
