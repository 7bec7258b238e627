"""How fast archives come in and are booked, and whether that stays so as they grow.

In: made-up archives in DiscordChatExporter's layout: eight channels and a thread, 500 people of
whom 70 % have consented, sittings of two to seven regulars, replies, mentions, reactions, edits. Out: messages a second for storing and for
booking, on a SQLite file on disk, at 20,000 and 200,000 messages; their ratio; how high memory
stood; statements and commits a message. Exit code 1 below a target.

The larger archive is a longer time of the same talk (about 550 messages a day). More of it in the same
time is another community, whose people are warm to each other: more is booked for each message.

    python bench/import_rate.py [--messages N ...] [--gigabytes 2]

`--gigabytes` imports one archive of so many gigabytes instead, generated into the temporary folder, in
a process that may have no more than 512 MiB of memory of its own: it fails if the archive does not stream.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

from sqlalchemy import event

from zos.cli.context import fast_runner
from zos.config import Config
from zos.consent.store import ConsentRecord, ConsentStore
from zos.core.consent import ConsentState
from zos.db.engine import Database
from zos.observe.booking import HistoryBooker
from zos.observe.importer import Importer
from zos.salience.ledger import SalienceLedger

TARGET_PER_SECOND = 5_000
TARGET_RATIO = 0.9
TARGET_PEAK_MIB = 192
SIZES = (20_000, 200_000)
PARTS = ("storing", "booking")
PEOPLE, CHANNELS, SERVER = 500, 8, 1
REGULARS, SITTING = 80, 40
START = datetime(2026, 1, 5, tzinfo=UTC)
YEAR_SECONDS = 365 * 24 * 3600
PACE_SECONDS = 1_420  # between two messages of a channel
MEMORY_LIMIT_BYTES = 512 * 2**20  # of data; the file's and SQLite's mapped pages come on top
BYTES_A_MESSAGE = 1_500
REPLIES, PINGS, MENTIONS, REACTIONS, EDITS, LINKS = 0.29, 0.5, 0.1, 0.15, 0.03, 0.05
WORDS = ("kiln", "glaze", "soup", "bread", "garden", "work", "the", "a", "of", "it", "is", "really")


def person(number: int) -> dict[str, Any]:
    """A member as an archive shows them."""
    role = {"id": str(9_000 + number % 5), "name": f"role {number % 5}", "color": "#336699"}
    return {
        "id": str(1_000 + number),
        "name": f"person{number}",
        "discriminator": "0000",
        "nickname": f"Person {number}",
        "color": "#336699",
        "isBot": number % 100 == 99,
        "roles": [{**role, "position": 1}],
        "avatarUrl": f"https://cdn.example.org/avatars/{number}/0123456789abcdef.png?size=512",
    }


def talk(count: int, channel: int, step: timedelta) -> Iterator[dict[str, Any]]:
    """Yield messages of one channel: sittings of a few of its regulars, who answer each other."""
    chance = random.Random(channel)  # noqa: S311 - nothing secret
    regulars = [person(number) for number in chance.sample(range(PEOPLE), REGULARS)]
    weights = list(accumulate(1 / (rank + 3) for rank in range(REGULARS)))
    sitting: list[dict[str, Any]] = []
    recent: list[dict[str, Any]] = []
    for number in range(count):
        if number % SITTING == 0:
            sitting = chance.choices(regulars, cum_weights=weights, k=chance.randint(2, 7))
        at = START + number * step + timedelta(seconds=channel)
        told = message(str(channel * 10**12 + number + 1), at, chance.choice(sitting), chance)
        if recent and chance.random() < REPLIES:
            answered = chance.choice(recent)
            told |= {"type": "Reply", "reference": {"messageId": answered["id"]}}
            told["mentions"] = [answered["author"]] if chance.random() < PINGS else []
        elif chance.random() < MENTIONS:
            told["mentions"] = [chance.choice(sitting)]
        if chance.random() < REACTIONS:
            fans = chance.choices(sitting, k=chance.randint(1, 4))
            told["reactions"] = [reaction({fan["id"]: fan for fan in fans}, chance)]
        recent = [*recent[-10:], told]
        yield told


def message(number: str, at: datetime, author: Any, chance: random.Random) -> dict[str, Any]:
    """A message as an archive shows it."""
    text = " ".join(chance.choices(WORDS, k=chance.randint(2, 30)))
    edited = (at + timedelta(minutes=5)).isoformat() if chance.random() < EDITS else None
    return {
        "id": number,
        "type": "Default",
        "timestamp": at.isoformat(timespec="milliseconds"),
        "timestampEdited": edited,
        "callEndedTimestamp": None,
        "isPinned": False,
        "content": text + (" https://example.org/x" if chance.random() < LINKS else ""),
        "author": author,
        "attachments": [],
        "embeds": [],
        "stickers": [],
        "reactions": [],
        "mentions": [],
        "inlineEmojis": [],
    }


def reaction(fans: dict[str, Any], chance: random.Random) -> dict[str, Any]:
    """A reaction of several people, with a Unicode or a custom emoji."""
    number = chance.choice(["", "", "7001", "7002"])
    users = [{key: one for key, one in fan.items() if key != "roles"} for fan in fans.values()]
    emoji = {"id": number, "name": "kiln" if number else "👍", "code": "x", "isAnimated": False}
    return {"emoji": emoji, "count": len(users), "users": users}


def write_archive(path: Path, channel: int, count: int, *, bytes_wanted: int = 0) -> int:
    """Write `count` messages, or a year of as many as make `bytes_wanted`; return how many."""
    expected = bytes_wanted // BYTES_A_MESSAGE
    step = timedelta(seconds=max(1.0, YEAR_SECONDS / expected) if expected else PACE_SECONDS)
    head = {
        "guild": {"id": str(SERVER), "name": "Bench", "iconUrl": ""},
        "channel": {
            "id": str(100 + channel),
            "type": "GuildTextChat",
            "name": f"channel {channel}",
        },
        "exportedAt": (START + timedelta(days=400)).isoformat(),
    }
    if channel == CHANNELS:
        head["channel"] |= {"type": "GuildPublicThread", "categoryId": "101"}  # type: ignore[operator]
    written = 0
    with path.open("w", encoding="utf-8") as out:
        out.write(json.dumps(head, indent=2)[:-2] + ',\n  "messages": [\n')
        for told in talk(count or sys.maxsize, channel, step):
            out.write((",\n" if written else "") + json.dumps(told, indent=2, ensure_ascii=False))
            written += 1
            if bytes_wanted and out.tell() >= bytes_wanted:
                break
        out.write(f'\n  ],\n  "messageCount": {written}\n}}\n')
    return written


async def measure(folder: Path, files: list[Path]) -> dict[str, float]:
    """Import and book `files` into a store in `folder`; return figures."""
    config = Config.model_validate({"data_dir": folder / "data"})
    database = Database(config)
    await database.connect()
    did = count_statements(database)
    consents = ConsentStore(database, config)
    agreed = [
        ConsentRecord(1_000 + number, ConsentState.GRANTED, START, "bench")
        for number in range(PEOPLE)
        if number % 10 < 7
    ]
    before, cpu_before = perf_counter(), process_time()
    report = await Importer(database, consents, config).import_paths(files, consents=agreed)
    stored, cpu_stored = perf_counter(), process_time()
    ledger = SalienceLedger(database, config)
    booker = HistoryBooker(database, ledger, consents, config)
    booked = await booker.book_until(START + timedelta(days=4_000))
    done, cpu_done = perf_counter(), process_time()
    peak_bytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024  # before the audit reads
    assert await ledger.audit() == []
    assert booked.messages == report.total("messages")
    await database.close()
    return {
        "messages": booked.messages,
        "reactions": booked.reactions,
        "storing_seconds": stored - before,
        "booking_seconds": done - stored,
        "storing_cpu_seconds": cpu_stored - cpu_before,
        "booking_cpu_seconds": cpu_done - cpu_stored,
        "entries": booked.entries,
        "statements": did["statements"],
        "commits": did["commits"],
        "peak_bytes": peak_bytes,
    }


def count_statements(database: Database) -> dict[str, int]:
    """Count what is sent to the database from now on."""
    did = {"statements": 0, "commits": 0}

    def statement(*_told: object) -> None:
        did["statements"] += 1

    def commit(*_told: object) -> None:
        did["commits"] += 1

    engine = database._writer.sync_engine  # type: ignore[union-attr]  # noqa: SLF001 - only to count
    event.listen(engine, "before_cursor_execute", statement)
    event.listen(engine, "commit", commit)
    return did


def in_child(folder: Path, *, limit_bytes: int = resource.RLIM_INFINITY) -> dict[str, Any]:
    """Measure in a process of its own, so that its memory is its own, and limited if so wanted."""
    limits = (limit_bytes, limit_bytes)
    run = subprocess.run(
        [sys.executable, __file__, "--measure", str(folder)],
        check=True,
        stdout=subprocess.PIPE,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_DATA, limits),
    )
    figures: dict[str, Any] = json.loads(run.stdout)
    return figures


def show(name: str, found: dict[str, Any]) -> float:
    """Print one line of figures; return messages a second from end to end."""
    count = found["messages"]
    rate = float(count / (found["storing_seconds"] + found["booking_seconds"]))
    each = {name: found[name] / count for name in ("statements", "commits", "entries")}
    cpu = {name: found[f"{name}_cpu_seconds"] / count * 1e6 for name in PARTS}
    print(
        f"{name:>16}: {rate:,.0f} messages/s: storing {count / found['storing_seconds']:,.0f}/s "
        f"(CPU {cpu['storing']:.0f} µs), booking {count / found['booking_seconds']:,.0f}/s "
        f"(CPU {cpu['booking']:.0f} µs); a message: {each['statements']:.3f} statements, "
        f"{each['commits']:.4f} commits, {each['entries']:.2f} ledger rows; "
        f"peak {found['peak_bytes'] / 2**20:,.0f} MiB",
        flush=True,
    )
    return rate


def of_messages(count: int) -> dict[str, Any]:
    """Measure an import of `count` messages in nine files."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for channel in range(CHANNELS + 1):
            write_archive(folder / f"{channel}.json", channel, count // (CHANNELS + 1))
        return in_child(folder)


def of_gigabytes(size: float) -> dict[str, Any]:
    """Measure an import of one file of `size` gigabytes."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_archive(folder / "0.json", 0, 0, bytes_wanted=int(size * 1e9))
        return in_child(folder, limit_bytes=MEMORY_LIMIT_BYTES)


def main() -> int:
    """Run the measurement."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, nargs="+", default=SIZES)
    parser.add_argument("--gigabytes", type=float)
    parser.add_argument("--measure", type=Path, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.measure:
        files = sorted(chosen.measure.glob("*.json"))
        with fast_runner() as runner:
            print(json.dumps(runner.run(measure(chosen.measure, files))))
        return 0
    if chosen.gigabytes:
        return 0 if show(f"{chosen.gigabytes:g} GB", of_gigabytes(chosen.gigabytes)) else 1
    found = [of_messages(count) for count in chosen.messages]
    rates = [show(f"{one['messages']:,}", one) for one in found]
    cpu = [sum(one[f"{part}_cpu_seconds"] for part in PARTS) / one["messages"] for one in found]
    peak_mib = max(one["peak_bytes"] for one in found) / 2**20
    print(
        f"ratio {rates[-1] / rates[0]:.2f}, of CPU time {cpu[0] / cpu[-1]:.2f}; {peak_mib:,.0f} MiB"
    )
    is_flat = rates[-1] >= TARGET_RATIO * rates[0] and peak_mib <= TARGET_PEAK_MIB
    is_good = min(rates) >= TARGET_PER_SECOND and is_flat
    print(
        f"target {TARGET_PER_SECOND:,} messages/s, flat, in {TARGET_PEAK_MIB} MiB whatever the size: "
        f"{'reached' if is_good else 'missed'}"
    )
    return 0 if is_good else 1


if __name__ == "__main__":
    raise SystemExit(main())
