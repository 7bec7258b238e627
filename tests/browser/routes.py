"""The pages that there are, by their routes, and an address of each that the demo has."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from html.parser import HTMLParser
from urllib.parse import urldefrag, urljoin, urlsplit

import httpx
from fastapi.routing import APIRoute

from zos.web import settings
from zos.web.app import PAGES

MAX_PAGES = 400
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
    seen, seen_of = {"/"}, dict.fromkeys(page_routes(), 0)
    waiting = deque(["/"])
    while waiting and len(seen) < MAX_PAGES and len(found) < len(seen_of):
        address = waiting.popleft()
        name = route_of(urlsplit(address).path)
        if name is None or seen_of[name] >= MOST_OF_ONE_KIND:
            continue
        seen_of[name] += 1
        answer = client.get(address)
        assert answer.status_code < 400, f"{address}: {answer.status_code}"
        if answer.headers["content-type"].startswith("text/html"):
            found.setdefault(name, address)
            fresh = [link for link in _links(address, answer.text) if link not in seen]
            seen.update(fresh)
            waiting.extend(fresh)
    return found


def route_of(path: str) -> str | None:
    """Return the name of the route of a path."""
    for name, route in page_routes().items():
        if re.fullmatch(route.path_regex, path):
            return name
    return None


class _Anchors(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.targets: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        target = dict(attrs).get("href")
        if tag == "a" and target:
            self.targets.append(target)


def _links(address: str, page: str) -> Iterator[str]:
    parser = _Anchors()
    parser.feed(page)
    for target in parser.targets:
        joined = urldefrag(urljoin(address, target)).url
        if joined.startswith("/"):
            yield joined
