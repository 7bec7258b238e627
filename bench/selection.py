"""What it costs to select topics, and that it grows neither with topics nor with the ledger.

In: stores of users, pairs and channels in three servers, all with new material: small and large, each
with a short and a long ledger. Out: milliseconds a selection of 50 topics (CPU and wall, medians), without a
filter, with a usual one and with one that no topic passes; the large store's CPU time over the small one's, and the
long ledger's over the short one's (machine-independent: 1 is flat). Exit code 1 above a target.

    python bench/selection.py [--topics 100000] [--entries 20]
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from time import perf_counter, process_time
from typing import Any

from sqlalchemy import insert

from zos.cli.context import fast_runner
from zos.config import Config
from zos.core.consent import ConsentMode, ConsentView
from zos.core.topics import TopicCategory, TopicKey
from zos.db.engine import Database
from zos.db.tables import salience_entry, server, topic
from zos.salience.ledger import SalienceLedger
from zos.salience.selector import ReflectionSelector, SelectionRequest
from zos.salience.target_filter import TargetFilter

TARGET_MS = 20.0
TARGET_GROWTH = 2.0
ROUNDS = 40
SERVERS = (1, 2, 3)
START = datetime(2026, 3, 2, tzinfo=UTC)
NOW = START + timedelta(days=30)
EVERYBODY = ConsentView(ConsentMode.OPT_OUT, frozenset(), frozenset())
FILTERS = {
    "no filter": "",
    "a usual filter": "salience > 30 AND last_reflected_days_ago > 1 OR insight_count < 3",
    "a filter that none passes": "insight_count > 1000 AND last_activity_days_ago > 2",
}


def keys(count: int) -> Iterator[TopicKey]:
    """Yield `count` keys: half users, half pairs, over all servers."""
    for number in range(count // 2):
        server_id = SERVERS[number % len(SERVERS)]
        yield TopicKey.user(number + 1, server_id)
        yield TopicKey.dyad(number + 1, number + 2, server_id)


def row(number: int, key: TopicKey, chance: random.Random) -> dict[str, Any]:
    """Return a topic with new material."""
    return {
        "id": number,
        "key": str(key),
        "category": key.category.value,
        "budget_group": key.group.value,
        "server_id": key.server_id,
        "balance": (balance := chance.randrange(1, 80_000_000)),
        "decay_base": balance,
        "decay_from": START,
        "last_activity_at": START + timedelta(hours=chance.randrange(600)),
        "last_reflected_at": chance.choice([None, NOW - timedelta(hours=chance.randrange(72))]),
        "new_material": 1,
        "insight_count": chance.randrange(9),
        "created_at": START,
    }


async def fill(database: Database, topics: int, entries: int) -> None:
    """Put so many topics there, each with so many ledger rows."""
    chance = random.Random(topics)  # noqa: S311 - nothing secret
    async with database.write() as connection:
        await connection.execute(insert(server), [{"id": one, "name": "s"} for one in SERVERS])
        rows = [row(number, key, chance) for number, key in enumerate(keys(topics), start=1)]
        await connection.execute(insert(topic), rows)
        for _ in range(entries):
            history = [
                {"topic_id": one["id"], "kind": "message", "amount": 1, "at": START, "batch": "b"}
                for one in rows
            ]
            await connection.execute(insert(salience_entry), history)


async def milliseconds(selector: ReflectionSelector, filter_text: str) -> tuple[float, float]:
    """Return the median CPU and wall time of a selection of 50 topics."""
    request = SelectionRequest(
        layer="bench",
        categories=frozenset({TopicCategory.USER, TopicCategory.DYAD}),
        consent=EVERYBODY,
        now=NOW,
        day_start=NOW - timedelta(hours=3),
        target_filter=TargetFilter.parse(filter_text),
        max_targets=50,
        estimated_tokens_per_target=1_500,
    )
    await selector.select(request)
    cpu, wall = [], []
    for _ in range(ROUNDS):
        busy, started = process_time(), perf_counter()
        await selector.select(request)
        wall.append((perf_counter() - started) * 1e3)
        cpu.append((process_time() - busy) * 1e3)
    return median(cpu), median(wall)


async def measure(topics: int, entries: int) -> dict[str, float]:
    """Return the median CPU milliseconds by filter, and print them."""
    with tempfile.TemporaryDirectory(prefix="zos-bench-") as folder:
        config = Config.model_validate({"data_dir": Path(folder)})
        database = Database(config)
        await database.connect()
        await fill(database, topics, entries)
        selector = ReflectionSelector(SalienceLedger(database, config), config)
        found = {}
        for name, text in FILTERS.items():
            found[name], wall = await milliseconds(selector, text)
            size = f"{topics:>7,} topics, {topics * entries:>9,} ledger rows"
            print(f"{size}, {name}: {found[name]:.1f} ms CPU, {wall:.1f} wall")
        await database.close()
    return found


async def run(topics: int, entries: int) -> bool:
    """Measure and report; return whether the targets are met."""
    small = await measure(topics // 10, 1)
    large = await measure(topics, 1)
    long = await measure(topics, entries)
    met = True
    for name in FILTERS:
        growth, history = large[name] / small[name], long[name] / large[name]
        print(
            f"{name}: ten times the topics {growth:.2f}, {entries} times the ledger {history:.2f}"
        )
        looks_at_all = name == "a filter that none passes"
        flat = history if looks_at_all else max(growth, history)
        met = met and flat <= TARGET_GROWTH and long[name] <= TARGET_MS
    return met


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--topics", type=int, default=100_000)
    parser.add_argument("--entries", type=int, default=20, help="ledger rows a topic")
    asked = parser.parse_args()
    with fast_runner() as runner:
        return 0 if runner.run(run(asked.topics, asked.entries)) else 1


if __name__ == "__main__":
    sys.exit(main())
