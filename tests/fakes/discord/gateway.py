"""Discord's gateway: sessions that outlive their connections, and everything that can go wrong with one."""

from __future__ import annotations

import asyncio
import json
import zlib
from collections import deque
from typing import Any

from aiohttp import WSMsgType, web
from tests.fakes.discord.world import AGENT, APPLICATION, SERVER, Json, World

DISPATCH, HEARTBEAT, IDENTIFY, RESUME, RECONNECT, INVALID, HELLO, ACK = 0, 1, 2, 6, 7, 9, 10, 11
MESSAGE_CONTENT, GUILD_MEMBERS = 1 << 15, 1 << 1


class Session:
    """What a client identified for: it is told everything, now or when it resumes."""

    def __init__(self, number: int, shard: tuple[int, int] = (0, 1)) -> None:
        self.id = f"session-{number}"
        self.shard, self.shards = shard
        self.told: list[str] = []
        self.line: Line | None = None

    def is_told_of(self, data: Any) -> bool:
        told = str(data.get("guild_id")) if isinstance(data, dict) else ""
        server = int(told) if told.isdecimal() else 0
        return (server >> 22) % self.shards == self.shard

    def tell(self, kind: str, data: Any) -> None:
        """Tell a dispatch: at once if there is a connection, in any case when it resumes."""
        text = json.dumps({"op": DISPATCH, "t": kind, "s": len(self.told) + 1, "d": data})
        self.told.append(text)
        if self.line is not None:
            self.line.send(text)


class Line:
    """One WebSocket: what is sent on it goes out in order, compressed if that was asked for."""

    def __init__(self, socket: web.WebSocketResponse, *, compressed: bool) -> None:
        self.socket = socket
        self._zlib = zlib.compressobj() if compressed else None
        self._waiting: asyncio.Queue[str] = asyncio.Queue()
        self._sending = asyncio.create_task(self._send_all())

    def send(self, text: str) -> None:
        self._waiting.put_nowait(text)

    def send_op(self, op: int, data: Any = None) -> None:
        self.send(json.dumps({"op": op, "d": data, "t": None, "s": None}))

    async def end(self, code: int | None) -> None:
        """Close the connection; None: cut it, as a network does."""
        self._sending.cancel()
        if code is None:
            transport = self.socket._req.transport  # type: ignore[union-attr]
            if transport is not None:
                transport.abort()
        else:
            await self.socket.close(code=code)

    async def flushed(self) -> None:
        """Wait until everything has been handed to the network."""
        await self._waiting.join()

    async def _send_all(self) -> None:
        while True:
            text = await self._waiting.get()
            if self._zlib is None:
                await self.socket.send_str(text)
            else:
                packed = self._zlib.compress(text.encode()) + self._zlib.flush(zlib.Z_SYNC_FLUSH)
                await self.socket.send_bytes(packed)
            self._waiting.task_done()


class Gateway:
    """The gateway of one application.

    Attributes:
        token: What an IDENTIFY must bring.
        allowed_intents: Privileged intents that the application has.
        refusals: HTTP statuses for the next connections, instead of a WebSocket.
        identified: How many sessions were begun; `resumed`: how often one was taken up.
        heartbeats: How many came.
    """

    def __init__(self, world: World, token: str) -> None:
        self.world = world
        self.token = token
        self.allowed_intents = MESSAGE_CONTENT | GUILD_MEMBERS
        self.refusals: deque[int] = deque()
        self.heartbeat_seconds = 30.0
        self.url = ""
        self.identified = 0
        self.resumed = 0
        self.heartbeats = 0
        self.sessions: dict[str, Session] = {}
        self.ready = asyncio.Event()
        world.dispatch = self.tell

    def tell(self, kind: str, data: Json) -> None:
        """Tell a dispatch to the sessions that it is for."""
        for session in self.sessions.values():
            if session.is_told_of(data):
                session.tell(kind, data)

    @property
    def lines(self) -> list[Line]:
        return [one.line for one in self.sessions.values() if one.line is not None]

    async def drop(self, code: int | None = 4000) -> None:
        """End the connections; their sessions can be resumed."""
        for line in self._leave_lines():
            await line.end(code)

    async def ask_to_reconnect(self) -> None:
        """Have clients reconnect and resume."""
        for line in self._leave_lines():
            line.send_op(RECONNECT)
            await line.flushed()

    async def invalidate(self, *, resumable: bool = False, shard: int | None = None) -> None:
        """Tell clients (of all shards, or of one) that their session is not valid (any more)."""
        lines = self._leave_lines(shard)
        if not resumable:
            self.sessions = {
                key: one
                for key, one in self.sessions.items()
                if shard is not None and one.shard != shard
            }
        for line in lines:
            line.send_op(INVALID, resumable)
            await line.flushed()

    def _leave_lines(self, shard: int | None = None) -> list[Line]:
        self.ready.clear()
        lines = []
        for session in self.sessions.values():
            if session.line is not None and shard in (None, session.shard):
                lines.append(session.line)
                session.line = None
        return lines

    async def connect(self, request: web.Request) -> web.StreamResponse:
        """Serve one connection."""
        if self.refusals:
            return web.Response(status=self.refusals.popleft())
        socket = web.WebSocketResponse(autoping=True)
        await socket.prepare(request)
        line = Line(socket, compressed=request.query.get("compress") == "zlib-stream")
        line.send_op(HELLO, {"heartbeat_interval": int(self.heartbeat_seconds * 1000)})
        session: Session | None = None
        try:
            async for message in socket:
                if message.type is WSMsgType.TEXT:
                    session = await self._answer(line, json.loads(message.data)) or session
        finally:
            await line.end(1000)
            if session is not None and session.line is line:
                session.line = None
        return socket

    async def _answer(self, line: Line, asked: Json) -> Session | None:
        op, data = asked["op"], asked["d"]
        if op == HEARTBEAT:
            self.heartbeats += 1
            line.send_op(ACK)
        elif op == IDENTIFY:
            return await self._identify(line, data)
        elif op == RESUME:
            return self._resume(line, data)
        return None

    async def _identify(self, line: Line, data: Json) -> Session | None:
        if data["token"] != self.token:
            await line.end(4004)
            return None
        privileged = data["intents"] & (MESSAGE_CONTENT | GUILD_MEMBERS)
        if privileged & ~self.allowed_intents:
            await line.end(4014)
            return None
        self.identified += 1
        number, count = data.get("shard") or (0, 1)
        session = Session(self.identified, (number, count))
        self.sessions[session.id] = session
        session.line = line
        session.tell("READY", self._greeting(session))
        if session.is_told_of({"guild_id": str(SERVER)}):
            session.tell("GUILD_CREATE", self.world.server())
        self.ready.set()
        return session

    def _resume(self, line: Line, data: Json) -> Session | None:
        session = self.sessions.get(data["session_id"])
        if session is None:
            line.send_op(INVALID, False)
            return None
        self.resumed += 1
        for text in session.told[data["seq"] or 0 :]:
            line.send(text)
        session.line = line
        session.tell("RESUMED", {})
        self.ready.set()
        return session

    def _greeting(self, session: Session) -> Json:
        return {
            "v": 10,
            "user": AGENT,
            "guilds": [{"id": str(SERVER), "unavailable": True}]
            if session.is_told_of({"guild_id": str(SERVER)})
            else [],
            "shard": [session.shard, session.shards],
            "session_id": session.id,
            "resume_gateway_url": self.url,
            "application": {"id": str(APPLICATION), "flags": 0},
        }
