"""How fast Zos takes in messages, beside how fast discord.py alone tells them.

A process of its own stands for Discord: a gateway on the loopback address that sends a prepared,
compressed stream of made-up talk (500 people in 20 channels, sittings of a few regulars; replies,
mentions, links) as fast as it is read. In turn, discord.py's own client counts `on_message`, and `ZosBot` takes the same stream down to
committed rows and booked salience in a fresh SQLite file, everybody consenting, which is the most work
there is. Prints messages a second by the clock and by CPU time, and what part of discord.py's rate Zos
reaches. Exit code 1 below the target.

    python bench/ingest.py [--messages 20000] [--rounds 3]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import random
import statistics
import struct
import sys
import tempfile
import zlib
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from multiprocessing.connection import Connection
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import discord
import structlog
import yarl
from aiohttp import web
from discord.gateway import DiscordWebSocket
from discord.http import Route

from zos.bot.bot import ZosBot
from zos.cli.context import fast_runner, set_aside_what_stays
from zos.config import Config
from zos.db.engine import Database
from zos.salience.ledger import SalienceLedger

TARGET_RATIO = 0.25
GOAL_RATIO = 0.50
PEOPLE, CHANNELS = 500, 20
SERVER, FIRST_CHANNEL, AGENT = 9_000, 9_100, 7
REGULARS, SITTING = 80, 40
REPLIES, MENTIONS, LINKS = 0.3, 0.1, 0.05
CHUNK_BYTES = 1 << 16
SHORT, LONG = 126, 1 << 16  # lengths from which a frame's header grows
OTHERS = 2  # events besides messages and channels: the server, and Zos itself
START = datetime(2026, 3, 2, 12, tzinfo=UTC)
DISCORD_EPOCH = datetime(2015, 1, 1, tzinfo=UTC)
WORDS = [
    "the",
    "kiln",
    "is",
    "warm",
    "and",
    "beans",
    "are",
    "in",
    "ground",
    "we",
    "should",
    "meet",
    "at",
    "noon",
    "or",
    "later",
    "if",
    "it",
    "rains",
]

Json = dict[str, Any]


# ------------------------------------------------------------------ what stands for Discord


def user(number: int) -> Json:
    """Return a member's user."""
    name = f"member{number}"
    return {
        "id": str(number),
        "username": name,
        "global_name": name.title(),
        "discriminator": "0",
        "avatar": None,
    }


def messages(count: int) -> Iterator[Json]:
    """Yield made-up talk, a message a second: in each channel, sittings of a few of its regulars."""
    chance = random.Random(1)  # noqa: S311 - nothing secret
    everybody = range(11, 11 + PEOPLE)
    regulars = [chance.sample(everybody, REGULARS) for _ in range(CHANNELS)]
    weights = list(accumulate(1 / (rank + 3) for rank in range(REGULARS)))
    sitting: dict[int, list[int]] = {}
    said: dict[int, list[Json]] = {number: [] for number in range(CHANNELS)}
    for number in range(count):
        channel = chance.randrange(CHANNELS)
        before = said[channel]
        if len(before) % SITTING == 0:
            size = chance.randint(2, 7)
            sitting[channel] = chance.choices(regulars[channel], cum_weights=weights, k=size)
        message = written(chance, number, channel, sitting[channel])
        if before and chance.random() < REPLIES:
            answered = {**chance.choice(before[-5:]), "referenced_message": None}
            message |= {
                "type": 19,
                "message_reference": {
                    "message_id": answered["id"],
                    "channel_id": message["channel_id"],
                },
                "referenced_message": answered,
            }
        before.append(message)
        yield message


def written(chance: random.Random, number: int, channel: int, sitting: Sequence[int]) -> Json:
    """Return one message that answers nobody."""
    at = START + timedelta(seconds=number)
    text = " ".join(chance.choices(WORDS, k=chance.randint(3, 25)))
    return {
        "id": str((at - DISCORD_EPOCH) // timedelta(milliseconds=1) << 22),
        "channel_id": str(FIRST_CHANNEL + channel),
        "guild_id": str(SERVER),
        "author": user(chance.choice(sitting)),
        "member": {
            "nick": None,
            "roles": [],
            "joined_at": START.isoformat(),
            "deaf": False,
            "mute": False,
            "flags": 0,
        },
        "content": text + (" https://example.org" if chance.random() < LINKS else ""),
        "timestamp": at.isoformat(),
        "edited_timestamp": None,
        "tts": False,
        "mention_everyone": False,
        "mentions": [user(chance.choice(sitting))] if chance.random() < MENTIONS else [],
        "mention_roles": [],
        "attachments": [],
        "embeds": [],
        "pinned": False,
        "type": 0,
        "flags": 0,
    }


def server() -> Json:
    """Return the server as GUILD_CREATE shows it."""
    channels: list[Json] = [
        {
            "id": str(FIRST_CHANNEL + number),
            "type": 0,
            "name": f"channel{number}",
            "topic": None,
            "position": number,
            "parent_id": None,
            "nsfw": False,
            "permission_overwrites": [],
            "rate_limit_per_user": 0,
            "last_message_id": None,
        }
        for number in range(CHANNELS)
    ]
    nothing: list[Json] = []
    empty = ("emojis", "stickers", "features", "presences", "voice_states", "stage_instances")
    plain = ("verification_level", "default_message_notifications", "explicit_content_filter")
    more = ("mfa_level", "nsfw_level", "premium_tier", "system_channel_flags")
    return {
        "id": str(SERVER),
        "name": "home",
        "owner_id": "11",
        "joined_at": START.isoformat(),
        "unavailable": False,
        "member_count": PEOPLE,
        "members": [],
        "channels": channels,
        "threads": [],
        "roles": [],
        "guild_scheduled_events": [],
        "soundboard_sounds": [],
        "preferred_locale": "en-US",
        **dict.fromkeys(empty, nothing),
        **dict.fromkeys((*plain, *more), 0),
    }


def frame(packed: bytes) -> bytes:
    """Return one binary WebSocket frame, as a server sends it."""
    size = len(packed)
    if size < SHORT:
        return bytes((0x82, size)) + packed
    if size < LONG:
        return b"\x82\x7e" + struct.pack("!H", size) + packed
    return b"\x82\x7f" + struct.pack("!Q", size) + packed


def stream(count: int, url: str) -> tuple[bytes, list[bytes]]:
    """Return the first frame, and in chunks all that follows an IDENTIFY, in one compressed stream."""
    packer = zlib.compressobj()

    def packed(told: Json) -> bytes:
        text = json.dumps(told).encode()
        return frame(packer.compress(text) + packer.flush(zlib.Z_SYNC_FLUSH))

    hello = packed({"op": 10, "d": {"heartbeat_interval": 41_250}, "s": None, "t": None})
    ready = {
        "v": 10,
        "user": {**user(AGENT), "bot": True},
        "guilds": [{"id": str(SERVER), "unavailable": True}],
        "session_id": "s",
        "resume_gateway_url": url,
        "application": {"id": "77", "flags": 0},
        "shard": [0, 1],
    }
    told = [("READY", ready), ("GUILD_CREATE", server())]
    told += [("MESSAGE_CREATE", one) for one in messages(count)]
    frames = [
        packed({"op": 0, "t": kind, "s": number, "d": data})
        for number, (kind, data) in enumerate(told, 1)
    ]
    whole = b"".join(frames)
    return hello, [whole[at : at + CHUNK_BYTES] for at in range(0, len(whole), CHUNK_BYTES)]


async def serve(count: int, told: Connection) -> None:
    """Be Discord until the process is ended; `told` is told the port."""
    prepared: list[tuple[bytes, list[bytes]]] = []

    async def gateway(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        hello, chunks = prepared[0]
        transport = request.transport
        assert transport is not None
        transport.write(hello)
        async for message in socket:
            if json.loads(message.data)["op"] == 2:
                for chunk in chunks:
                    transport.write(chunk)
                    await request.protocol._drain_helper()  # noqa: SLF001 - frames are ready-made
        return socket

    async def about(_request: web.Request) -> web.Response:
        return as_json({**user(AGENT), "bot": True})

    async def application(_request: web.Request) -> web.Response:
        told = {"id": "77", "name": "zos", "description": "", "icon": None, "verify_key": "0"}
        more = {"owner": user(11), "bot_public": False, "bot_require_code_grant": False, "flags": 0}
        return as_json(told | more)

    async def history(_request: web.Request) -> web.Response:
        return as_json({"code": 50_001, "message": "Missing Access"}, 403)

    app = web.Application()
    app.router.add_get("/gateway", gateway)
    app.router.add_get("/api/users/@me", about)
    app.router.add_get("/api/oauth2/applications/@me", application)
    app.router.add_get("/api/channels/{channel}/messages", history)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    port = runner.addresses[0][1]
    prepared.append(stream(count, f"ws://127.0.0.1:{port}/gateway"))
    told.send(port)
    await asyncio.Event().wait()


def as_json(data: Any, status: int = 200) -> web.Response:
    """Return JSON as Discord sends it: without a charset."""
    body = json.dumps(data).encode()
    return web.Response(body=body, status=status, content_type="application/json")


def be_discord(count: int, told: Connection) -> None:
    """The other process."""
    asyncio.run(serve(count, told))


# ------------------------------------------------------------------ what is measured


@dataclass
class Rate:
    """What one run took, from the first message to the last."""

    messages: int
    wall_seconds: float
    cpu_seconds: float

    @property
    def a_second(self) -> float:
        """Messages by the clock."""
        return self.messages / self.wall_seconds

    @property
    def a_cpu_second(self) -> float:
        """Messages by CPU time."""
        return self.messages / self.cpu_seconds


async def alone(count: int) -> Rate:
    """Let discord.py's client tell every message to `on_message`."""
    intents = discord.Intents(guilds=True, guild_messages=True, message_content=True)
    client = discord.Client(intents=intents, member_cache_flags=discord.MemberCacheFlags.none())
    seen, done = 0, asyncio.Event()
    begun = (0.0, 0.0)

    @client.event
    async def on_message(_message: discord.Message) -> None:
        nonlocal seen, begun
        if not seen:
            begun = (perf_counter(), process_time())
        seen += 1
        if seen == count:
            done.set()

    async with client:
        living = asyncio.create_task(client.start("token"))
        await asyncio.wait_for(done.wait(), 300)
        rate = Rate(count, perf_counter() - begun[0], process_time() - begun[1])
    await asyncio.gather(living, return_exceptions=True)
    return rate


async def ours(count: int) -> Rate:
    """Let a bot take every message into a fresh store."""
    with tempfile.TemporaryDirectory(prefix="zos-bench-") as folder:
        config = Config.model_validate(
            {"data_dir": Path(folder), "privacy": {"consent": "opt_out"}}
        )
        database = Database(config)
        await database.connect()
        bot = ZosBot(config, SalienceLedger(database, config))
        living = asyncio.create_task(bot.start("token"))
        while not bot.status.waiting:  # noqa: ASYNC110 - it has no event for that
            await asyncio.sleep(0)
        wall, cpu = perf_counter(), process_time()
        while bot.status.recorded < count + CHANNELS + OTHERS:  # noqa: ASYNC110
            await asyncio.sleep(0.005)
        rate = Rate(count, perf_counter() - wall, process_time() - cpu)
        assert not bot.status.passed_over
        assert not bot.status.malformed
        await bot.close()
        await living
        await database.close()
    return rate


async def measured(count: int, rounds: int) -> bool:
    """Run both in turn and report; return whether the target is met."""
    ways: dict[str, Callable[[int], Awaitable[Rate]]] = {"discord.py alone": alone, "Zos": ours}
    rates: dict[str, list[Rate]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            rates[name].append(await way(count))
            rate = rates[name][-1]
            print(
                f"{name:>16}: {rate.a_second:8,.0f} messages/s by the clock, {rate.a_cpu_second:8,.0f} by CPU time"
            )
    ratios = [
        a.a_second / b.a_second
        for a, b in zip(rates["Zos"], rates["discord.py alone"], strict=True)
    ]
    by_cpu = [
        a.a_cpu_second / b.a_cpu_second
        for a, b in zip(rates["Zos"], rates["discord.py alone"], strict=True)
    ]
    ratio = statistics.median(ratios)
    print(
        f"Zos reaches {ratio:.0%} of discord.py's rate by the clock, {statistics.median(by_cpu):.0%} by CPU time "
        f"(target {TARGET_RATIO:.0%}; {GOAL_RATIO - ratio:+.0%} to {GOAL_RATIO:.0%})"
    )
    return ratio >= TARGET_RATIO


def run(count: int, rounds: int) -> bool:
    """Start the other process, and measure."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=be_discord, args=(count, there), daemon=True)
    process.start()
    try:
        port = here.recv()
        Route.BASE = f"http://127.0.0.1:{port}/api"
        DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(f"ws://127.0.0.1:{port}/gateway")
        with fast_runner() as runner:
            set_aside_what_stays()  # as a service does
            return runner.run(measured(count, rounds))
    finally:
        process.terminate()
        process.join()


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--messages", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    return 0 if run(asked.messages, asked.rounds) else 1


if __name__ == "__main__":
    sys.exit(main())
