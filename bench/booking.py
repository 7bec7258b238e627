"""What it costs to book a message, and whether that stays so as ledger and community grow.

In: a made-up year of eight channels, 500 people who have all consented, sittings of two to seven
regulars who answer and name each other. Out: microseconds a message (CPU and wall) for successive
parts of it, on a SQLite file on disk; topics and ledger rows a message; the last part's cost over the
first's (machine-independent: 1 is flat). The audit must be clean. Exit code 1 above a target.

    python bench/booking.py [--messages 200000] [--batch 1000]
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from pathlib import Path
from time import perf_counter, process_time

from zos.config import Config
from zos.core.consent import ConsentMode, ConsentView
from zos.core.ids import new_ulid
from zos.db.engine import Database
from zos.salience.earning import Activity, ActivityKind
from zos.salience.ledger import SalienceLedger

TARGET_MICROSECONDS = 80.0
TARGET_RATIO = 1.5
PARTS = 5
PEOPLE, CHANNELS, SERVER = 500, 8, 829_300_000_000_000_001
REGULARS, SITTING = 80, 40
REPLIES, MENTIONS, LINKS = 0.3, 0.1, 0.05
START = datetime(2026, 1, 5, tzinfo=UTC)
YEAR = timedelta(days=365)
EVERYBODY = ConsentView(ConsentMode.OPT_OUT, frozenset(), frozenset())


@dataclass
class Part:
    """What booking one part of the year took."""

    messages: int
    cpu_seconds: float
    wall_seconds: float
    topics: int
    entries: int

    @property
    def cpu_microseconds(self) -> float:
        """A message."""
        return self.cpu_seconds / self.messages * 1e6

    def __str__(self) -> str:
        wall = self.wall_seconds / self.messages * 1e6
        return (
            f"{self.cpu_microseconds:6.1f} µs CPU, {wall:6.1f} µs wall a message; "
            f"{self.topics / self.messages:.2f} topics and {self.entries / self.messages:.2f} rows written"
        )


def talk(channel: int, count: int) -> Iterator[Activity]:
    """Yield a year of one channel: sittings of a few of its regulars."""
    chance = random.Random(channel)  # noqa: S311 - nothing secret
    regulars = [SERVER + 1_000 + one for one in chance.sample(range(PEOPLE), REGULARS)]
    weights = list(accumulate(1 / (rank + 3) for rank in range(REGULARS)))
    sitting: list[int] = []
    recent: list[int] = []
    for number in range(count):
        if number % SITTING == 0:
            sitting = chance.choices(regulars, cum_weights=weights, k=chance.randint(2, 7))
        author, told = chance.choice(sitting), chance.random()
        yield Activity(
            kind=ActivityKind.MESSAGE,
            id=channel * 10**12 + number,
            at=START + number * (YEAR / count) + timedelta(seconds=channel),
            server_id=SERVER,
            channel_id=SERVER + channel,
            author_id=author,
            reply_to_author_id=chance.choice(recent) if recent and told < REPLIES else None,
            mention_ids=(chance.choice(sitting),) if told > 1 - MENTIONS else (),
            has_media=chance.random() < LINKS,
        )
        recent = [*recent[-5:], author]


def year(count: int) -> list[Activity]:
    """Return all channels' messages in order."""
    every = [one for channel in range(CHANNELS) for one in talk(channel, count // CHANNELS)]
    return sorted(every, key=lambda one: (one.at, one.id))


async def book(ledger: SalienceLedger, activities: Sequence[Activity], batch: int) -> Part:
    """Book a part in batches, a transaction each."""
    topics = entries = 0
    cpu, wall = process_time(), perf_counter()
    for start in range(0, len(activities), batch):
        some = activities[start : start + batch]
        async with ledger.db.write() as connection:
            booked = await ledger.book(connection, some, EVERYBODY, batch=new_ulid(some[-1].at))
        topics += booked.topics_changed
        entries += booked.entries
    return Part(len(activities), process_time() - cpu, perf_counter() - wall, topics, entries)


async def run(count: int, batch: int) -> bool:
    """Book the year and report; return whether the targets are met."""
    activities = year(count)
    size = len(activities) // PARTS
    with tempfile.TemporaryDirectory(prefix="zos-bench-") as folder:
        config = Config.model_validate({"data_dir": Path(folder)})
        database = Database(config)
        await database.connect()
        ledger = SalienceLedger(database, config)
        parts = []
        for number in range(PARTS):
            part = await book(ledger, activities[number * size : (number + 1) * size], batch)
            print(f"messages {number * size:>7,} to {(number + 1) * size:>7,}: {part}")
            parts.append(part)
        assert await ledger.audit() == []
        await database.close()
    ratio = parts[-1].cpu_microseconds / parts[0].cpu_microseconds
    mean = sum(part.cpu_seconds for part in parts) / (size * PARTS) * 1e6
    print(
        f"mean {mean:.1f} µs CPU a message (target {TARGET_MICROSECONDS:.0f}); last part / first {ratio:.2f}"
    )
    return mean <= TARGET_MICROSECONDS and ratio <= TARGET_RATIO


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--messages", type=int, default=200_000)
    parser.add_argument("--batch", type=int, default=1_000)
    asked = parser.parse_args()
    return 0 if asyncio.run(run(asked.messages, asked.batch)) else 1


if __name__ == "__main__":
    sys.exit(main())
