"""The connection itself: discord.py's client, with what it lacks for a bot that misses nothing.

Two things are added at its seams. Every dispatch is shown to an observer before the client makes
anything of it, and what the client cannot read costs that dispatch, not the connection. And before
each read from the gateway it waits for room in the inbox, so that a slow store slows the reading.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import aiohttp
import discord

discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False  # Zos has no voice

Observer = Callable[[str, Any], None]
"""A dispatch's name and payload → nothing. It must not raise."""

# The store keeps messages and reactions: the client need not know of them.
_OURS_ALONE = frozenset(
    {
        "MESSAGE_CREATE",
        "MESSAGE_UPDATE",
        "MESSAGE_DELETE",
        "MESSAGE_DELETE_BULK",
        "MESSAGE_REACTION_ADD",
        "MESSAGE_REACTION_REMOVE",
        "MESSAGE_REACTION_REMOVE_ALL",
        "MESSAGE_REACTION_REMOVE_EMOJI",
    }
)


class Connection(discord.Client):
    """One connection to Discord, with all its reconnects and resumes.

    Args:
        intents: What is asked for.
        observer: Is shown every dispatch, in order, at once.
        room: Is awaited before each read.
        unreadable: Is told a dispatch's name, and the error, when the client could not read it.
        lost: Is told the shard whose connection is lost; the client goes on trying.
        options: Of the client.
    """

    def __init__(
        self,
        *,
        intents: discord.Intents,
        observer: Observer,
        room: Callable[[], Awaitable[None]],
        unreadable: Callable[[str, str], None],
        lost: Callable[[int], None],
        **options: Any,
    ) -> None:
        super().__init__(
            intents=intents,
            max_messages=None,
            member_cache_flags=discord.MemberCacheFlags.none(),
            chunk_guilds_at_startup=intents.members,
            allowed_mentions=discord.AllowedMentions.none(),
            **options,
        )
        self._observer = observer
        self._room = room
        self._unreadable = unreadable
        self._lost = lost
        parsers = self._connection.parsers
        for kind, parser in parsers.items():
            parsers[kind] = partial(self._received, kind, parser)
        self._open_socket = self.http.ws_connect
        self.http.ws_connect = self._paced_socket  # type: ignore[method-assign, assignment]
        for name in ("discord.client", "discord.shard"):
            logging.getLogger(name).addFilter(_one_sentence)

    async def on_disconnect(self) -> None:
        """Tell that the connection is lost."""
        self._lost(0)

    async def _paced_socket(self, url: str, *, compress: int = 0) -> _PacedSocket:
        return _PacedSocket(await self._open_socket(url, compress=compress), self._room)

    def _received(self, kind: str, parser: Callable[[Any], None], data: Any) -> None:
        self._observer(kind, data)
        if kind in _OURS_ALONE:
            return
        try:
            parser(data)
        except Exception as error:  # noqa: BLE001 - whatever a payload breaks in the client, it goes on
            self._unreadable(kind, type(error).__name__)


class ShardedConnection(Connection, discord.AutoShardedClient):
    """Several connections at once, each told of its part of the servers.

    Its `shard_count` says how many there are; None: as many as Discord recommends.
    """

    async def on_disconnect(self) -> None:
        """Do nothing: each shard tells for itself."""

    async def on_shard_disconnect(self, shard_id: int) -> None:
        """Tell that a shard's connection is lost."""
        self._lost(shard_id)


class _PacedSocket:
    """A socket that is read only when there is room for what it brings."""

    def __init__(
        self, socket: aiohttp.ClientWebSocketResponse, room: Callable[[], Awaitable[None]]
    ) -> None:
        self._socket = socket
        self._room = room

    async def receive(self, timeout: float | None = None) -> aiohttp.WSMessage:  # noqa: ASYNC109 - the client's own signature
        await self._room()
        return await self._socket.receive(timeout=timeout)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._socket, name)


def _one_sentence(record: logging.LogRecord) -> bool:
    """Log a lost connection as one sentence; the client would add a page of its own frames."""
    if record.exc_info and record.exc_info[1] is not None:
        record.msg = f"Discord was not reached ({type(record.exc_info[1]).__name__}). {record.msg}"
        record.exc_info = None
    return True
