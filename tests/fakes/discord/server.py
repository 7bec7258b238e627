"""The local Discord: REST and gateway on one loopback port, in whatever state a test puts them."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import yarl
from aiohttp import web
from discord.gateway import DiscordWebSocket
from discord.http import Route
from tests.fakes.discord.gateway import Gateway
from tests.fakes.discord.interactions import Interactions
from tests.fakes.discord.world import (
    AGENT,
    APPLICATION,
    PRIVATE_THREAD,
    PUBLIC_THREAD,
    SERVER,
    World,
)

TOKEN = "local.bot.token"
_MANAGE_THREADS = 1 << 34


@dataclass(frozen=True, slots=True)
class Fault:
    """One REST request that goes wrong: a status, or a limit that lasts for `retry_after` seconds."""

    status: int
    retry_after: float = 0.01


class LocalDiscord:
    """Discord, as far as a bot sees it.

    Attributes:
        world: What people do, and the truth.
        gateway: Connections and sessions.
        interactions: Slash commands.
        faults: What goes wrong with the next REST requests about channels.
        unreadable: Channels whose history Zos may not read: their pages are empty.
        forbidden: Channels that Zos may not see.
        posted: What Zos was asked to be let write.
        lost_answers: So many writes are done, and answered as if they had failed.
        permissions: What Zos's roles let it do in the server.
        archived_page: So many archived threads are shown at a time.
        application_flags: Privileged intents, as the application shows them.
        shards: As many are recommended.
        is_in_a_server: Whether Zos is in its one server, as REST shows it.
        page_seconds: How long a page of history is on its way.
        requests: Method and path of each REST request.
    """

    def __init__(self) -> None:
        self.world = World()
        self.gateway = Gateway(self.world, TOKEN)
        self.interactions = Interactions(self.world)
        self.faults: deque[Fault] = deque()
        self.unreadable: set[int] = set()
        self.forbidden: set[int] = set()
        self.posted: list[dict[str, Any]] = []
        self.lost_answers = 0
        self.permissions = 1 << 10 | 1 << 11 | 1 << 16
        self.archived_page = 100
        self.application_flags = 0
        self.shards = 1
        self.is_in_a_server = True
        self.page_seconds = 0.0
        self.requests: list[tuple[str, str]] = []
        self.rest_url = ""
        self.before_page: Callable[[int], None] = lambda _channel: None
        self.after_page: Callable[[int], None] = lambda _channel: None

    def routes(self) -> web.Application:
        """Return the application that answers."""
        app = web.Application(middlewares=[self._middleware])
        message = "/api/channels/{channel}/messages/{message}"
        self.interactions.routes(app)
        app.router.add_get("/gateway", self.gateway.connect)
        app.router.add_get("/api/users/@me", self._me)
        app.router.add_get("/api/oauth2/applications/@me", self._application)
        app.router.add_get("/api/channels/{channel}", self._channel)
        app.router.add_get("/api/channels/{channel}/messages", self._history)
        app.router.add_post("/api/channels/{channel}/messages", self._post)
        app.router.add_get(message, self._message)
        app.router.add_delete(message, self._delete)
        app.router.add_get(f"{message}/reactions/{{emoji}}", self._reactors)
        app.router.add_get("/api/guilds/{server}/members/{member}", self._member)
        app.router.add_get("/api/users/@me/guilds", self._servers)
        app.router.add_get("/api/gateway/bot", self._recommended)
        app.router.add_get("/api/guilds/{server}/channels", self._channels)
        app.router.add_get("/api/guilds/{server}/threads/active", self._active_threads)
        archived = "/api/channels/{channel}/threads/archived"
        app.router.add_get(f"{archived}/public", self._archived)
        app.router.add_get(f"{archived}/private", self._private_archived)
        joined = "/api/channels/{channel}/users/@me/threads/archived/private"
        app.router.add_get(joined, self._joined_archived)
        return app

    @web.middleware
    async def _middleware(
        self,
        request: web.Request,
        handler: Callable[[web.Request], Awaitable[web.StreamResponse]],
    ) -> web.StreamResponse:
        if not request.path.startswith("/api"):
            return await handler(request)
        self.requests.append((request.method, request.path))
        is_answer = request.path.startswith(("/api/interactions/", "/api/webhooks/"))
        if not is_answer and request.headers.get("Authorization") != f"Bot {TOKEN}":
            return _problem(401, 0, "401: Unauthorized")
        if self.faults and request.path.startswith("/api/channels"):
            return _failed(self.faults.popleft())
        response = await handler(request)
        response.headers["X-RateLimit-Limit"] = "50"
        response.headers["X-RateLimit-Remaining"] = "49"
        response.headers["X-RateLimit-Reset-After"] = "0.05"
        response.headers["X-RateLimit-Bucket"] = request.match_info.route.resource.canonical  # type: ignore[union-attr]
        return response

    async def _me(self, _request: web.Request) -> web.Response:
        return _json(AGENT)

    async def _application(self, _request: web.Request) -> web.Response:
        about = {
            "id": str(APPLICATION),
            "name": "zos",
            "description": "",
            "icon": None,
            "verify_key": "0",
            "owner": self.world.members[11]["user"],
            "bot_public": False,
            "bot_require_code_grant": False,
            "flags": self.application_flags,
        }
        return _json(about)

    async def _history(self, request: web.Request) -> web.Response:
        channel = int(request.match_info["channel"])
        if channel in self.forbidden:
            return _problem(403, 50001, "Missing Access")
        self.before_page(channel)
        if channel in self.unreadable:
            return _json([])
        after, limit = int(request.query.get("after", 0)), int(request.query["limit"])
        page = _json(self.world.history(channel, after=after, limit=limit))
        self.after_page(channel)
        await asyncio.sleep(self.page_seconds)
        return page

    async def _post(self, request: web.Request) -> web.Response:
        channel, told = int(request.match_info["channel"]), await request.json()
        if channel in self.forbidden:
            return _problem(403, 50013, "Missing Permissions")
        assert len(told["content"]) <= 2_000
        self.posted.append(told)
        number = self.world.post(channel, told["content"], told["nonce"])
        if self.lost_answers:
            self.lost_answers -= 1
            return _problem(503, 0, "as told")
        return _json(self.world.shown(number))

    async def _delete(self, request: web.Request) -> web.Response:
        channel, number = int(request.match_info["channel"]), int(request.match_info["message"])
        if channel in self.forbidden:
            return _problem(403, 50013, "Missing Permissions")
        if number not in self.world.messages:
            return _problem(404, 10008, "Unknown Message")
        assert self.world.messages[number]["author"] == AGENT
        self.world.delete(number)
        return web.Response(status=204)

    async def _message(self, request: web.Request) -> web.Response:
        channel, number = int(request.match_info["channel"]), int(request.match_info["message"])
        if channel in self.unreadable:
            return _problem(403, 50013, "Missing Permissions")
        if number not in self.world.messages:
            return _problem(404, 10008, "Unknown Message")
        return _json(self.world.shown(number))

    async def _reactors(self, request: web.Request) -> web.Response:
        number = int(request.match_info["message"])
        if number not in self.world.messages:
            return _problem(404, 10008, "Unknown Message")
        users = sorted(self.world.reactions.get(number, {}).get(request.match_info["emoji"], []))
        after, limit = int(request.query.get("after", 0)), int(request.query["limit"])
        some = [one for one in users if one > after][:limit]
        return _json([self.world.members[one]["user"] for one in some])

    async def _recommended(self, _request: web.Request) -> web.Response:
        limit = {"total": 1_000, "remaining": 999, "reset_after": 1, "max_concurrency": 1}
        told = {"url": self.gateway.url, "shards": self.shards, "session_start_limit": limit}
        return _json(told)

    async def _servers(self, request: web.Request) -> web.Response:
        here = {"id": str(SERVER), "name": "home", "permissions": str(self.permissions)}
        return _json([here] if self.is_in_a_server and "after" not in request.query else [])

    async def _channels(self, _request: web.Request) -> web.Response:
        if SERVER in self.forbidden:
            return _problem(403, 50001, "Missing Access")
        return _json(self.world.server()["channels"])

    async def _channel(self, request: web.Request) -> web.Response:
        number = int(request.match_info["channel"])
        if number in self.forbidden:
            return _problem(403, 50001, "Missing Access")
        found = self.world.channels.get(number)
        return _problem(404, 10003, "Unknown Channel") if found is None else _json(found)

    def point_nowhere(self) -> None:
        """Let the network be down: nobody listens where discord.py asks."""
        Route.BASE = "http://127.0.0.1:1/api"

    async def _active_threads(self, _request: web.Request) -> web.Response:
        threads = [
            one
            for key, one in self.world.threads.items()
            if not _is_archived(one) and self._shows(key)
        ]
        return _json({"threads": threads, "members": []})

    async def _archived(self, request: web.Request) -> web.Response:
        return self._archived_page(request, PUBLIC_THREAD, _archived_at)

    async def _private_archived(self, request: web.Request) -> web.Response:
        if not self.permissions & _MANAGE_THREADS:
            return _problem(403, 50013, "Missing Permissions")
        return self._archived_page(request, PRIVATE_THREAD, _archived_at)

    async def _joined_archived(self, request: web.Request) -> web.Response:
        return self._archived_page(request, PRIVATE_THREAD, lambda one: str(one["id"]).zfill(20))

    def _archived_page(
        self, request: web.Request, kind: int, key: Callable[[dict[str, Any]], str]
    ) -> web.Response:
        channel = request.match_info["channel"]
        if int(channel) in self.forbidden:
            return _problem(403, 50001, "Missing Access")
        asked = request.query.get("before", "")
        before = asked.zfill(20) if asked else "~"
        found = sorted(
            (
                one
                for number, one in self.world.threads.items()
                if _is_archived(one)
                and one["parent_id"] == channel
                and one["type"] == kind
                and self._shows(number)
                and key(one) < before
            ),
            key=key,
            reverse=True,
        )
        page = found[: self.archived_page]
        return _json({"threads": page, "members": [], "has_more": len(found) > len(page)})

    def _shows(self, thread: int) -> bool:
        is_private = self.world.threads[thread]["type"] == PRIVATE_THREAD
        may_all = self.permissions & _MANAGE_THREADS
        return not is_private or bool(may_all) or thread in self.world.joined

    async def _member(self, request: web.Request) -> web.Response:
        found = self.world.members.get(int(request.match_info["member"]))
        return _problem(404, 10007, "Unknown Member") if found is None else _json(found)


def _is_archived(thread: dict[str, Any]) -> bool:
    return bool(thread["thread_metadata"]["archived"])


def _archived_at(thread: dict[str, Any]) -> str:
    return str(thread["thread_metadata"]["archive_timestamp"])


def _json(data: Any, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    # Discord names no charset, and discord.py insists on that.
    body = json.dumps(data).encode()
    return web.Response(body=body, status=status, headers=headers, content_type="application/json")


def _problem(status: int, code: int, message: str) -> web.Response:
    return _json({"code": code, "message": message}, status=status)


def _failed(fault: Fault) -> web.Response:
    if fault.status != 429:
        return _problem(fault.status, 0, "as told")
    body = {"message": "You are being rate limited.", "retry_after": fault.retry_after}
    return _json(body | {"global": False}, status=429, headers={"Via": "1.1 local"})


@asynccontextmanager
async def local_discord() -> AsyncIterator[LocalDiscord]:
    """Run a `LocalDiscord`, and point discord.py's base addresses to it."""
    local = LocalDiscord()
    runner = web.AppRunner(local.routes(), shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    local.gateway.url = f"ws://127.0.0.1:{port}/gateway"
    local.rest_url = f"http://127.0.0.1:{port}/api"
    before: tuple[Any, Any] = Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY
    Route.BASE = local.rest_url
    DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(local.gateway.url)
    try:
        yield local
    finally:
        Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY = before
        await local.gateway.drop(None)
        await asyncio.wait_for(runner.cleanup(), 10)
