"""How long a search takes, and how that grows from n to 10 n stored texts.

In: a made-up community on disk SQLite (or PostgreSQL: ZOS_BENCH_URL), whose words are as common as in
real chat. Out: p50 and p95 in milliseconds for queries of one to four words, a sentence, and common
words alone, at a tenth and at the whole of 1,000,000 messages and 100,000 insights. Exit code 1 when
p50 is above the target.
"""

from __future__ import annotations

import asyncio
import os
import random
import resource
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import accumulate, islice
from pathlib import Path
from statistics import median, quantiles
from time import perf_counter

from sqlalchemy import Table, insert, text

from zos.config import Config
from zos.core.consent import ConsentMode, ConsentView
from zos.core.topics import TopicKey
from zos.db.engine import Connection, Database
from zos.db.tables import channel, insight, insight_member, insight_source, member, message, server
from zos.insights.retrieval import InsightRetrieval

MESSAGES = int(os.environ.get("ZOS_BENCH_MESSAGES", "1000000"))
MESSAGES_AN_INSIGHT = 10
TARGET_P50_MS = 20.0
QUERIES = 300
MEMBERS, CHANNELS, SERVERS = 5_000, 60, 3
WORDS, STOP_WORDS = 40_000, 100
ROWS_A_TRANSACTION = 20_000
START = datetime(2025, 1, 1, tzinfo=UTC)
END = START + timedelta(seconds=30) * MESSAGES


class Talk:
    """Says made-up words, as often as words are said (Zipf's law)."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)  # noqa: S311 - nothing secret
        syllables = [a + b for a in "bdfgklmnprstvz" for b in "aeiou"]
        self.words = ["".join(islice(_digits(rank, syllables), 4)) for rank in range(WORDS)]
        self.weights = list(accumulate(1 / (rank + 3) for rank in range(WORDS)))

    def line(self, words: int) -> str:
        """Return a line of so many words."""
        return " ".join(self.random.choices(self.words, cum_weights=self.weights, k=words))

    def query(self, kind: str) -> str:
        """Return what somebody might look for: words that stand together in a line."""
        if kind == "common":
            return " ".join(self.random.sample(self.words[STOP_WORDS : STOP_WORDS + 50], 3))
        length = {"1 word": 1, "2 words": 2, "4 words": 4, "sentence": 12}[kind]
        known = set(self.words[:STOP_WORDS])
        rest = [word for word in self.line(40).split() if word not in known]
        return " ".join(rest[:length])


def _digits(number: int, digits: list[str]) -> Iterator[str]:
    yield digits[number % len(digits)]
    while number := number // len(digits):
        yield digits[number % len(digits)]


def message_rows(talk: Talk, first: int, last: int) -> Iterator[dict[str, object]]:
    """Yield messages, one every 30 seconds."""
    for number in range(first, last):
        place = number % CHANNELS
        at = START + timedelta(seconds=30) * number
        yield {
            "id": (number + 1) << 22,
            "server_id": place % SERVERS + 1,
            "channel_id": place + 1,
            "author_id": talk.random.randrange(MEMBERS) + 1,
            "created_at": at,
            "content": talk.line(talk.random.randrange(3, 20)),
            "has_media": False,
            "is_bot": False,
            "scope": "public",
            "booked": True,
        }


def insight_row(talk: Talk, number: int) -> dict[str, object]:
    """Return one insight of five lines about one of 10,000 topics."""
    place = number % SERVERS + 1
    topic = TopicKey.user(talk.random.randrange(MEMBERS) + 1, place)
    return {
        "id": f"{number:026d}",
        "topic_key": str(topic),
        "category": topic.category.value,
        "server_id": place,
        "layer": "nightly",
        "run_id": "0" * 26,
        "target_id": "0" * 26,
        "created_at": START + timedelta(seconds=30) * MESSAGES_AN_INSIGHT * number,
        "content": "\n".join(talk.line(14) for _ in range(5)),
        "method": "extractive",
        "confidence": talk.random.random(),
        "importance": talk.random.random(),
        "novelty": 0.5,
        "strength": 1.0,
        "valence": None,
        "open_questions": [],
        "scope": "public",
        "status": "active",
        "supersedes": None,
        "conflicts_with": [],
    }


async def store(database: Database, table: Table, rows: Iterator[dict[str, object]]) -> None:
    """Insert rows in large transactions."""
    while some := list(islice(rows, ROWS_A_TRANSACTION)):
        async with database.write() as connection:
            await connection.execute(insert(table), some)


async def found_community(database: Database) -> None:
    """Store servers, channels and members."""
    names = ({"id": one + 1, "name": f"server {one}"} for one in range(SERVERS))
    await store(database, server, names)
    places = (
        {"id": one + 1, "server_id": one % SERVERS + 1, "name": f"c{one}", "kind": "text"}
        for one in range(CHANNELS)
    )
    await store(database, channel, places)
    people = (
        {"id": one + 1, "name": f"m{one}", "display_name": f"M{one}", "is_bot": False}
        for one in range(MEMBERS)
    )
    await store(database, member, people)


async def grow(database: Database, talk: Talk, first: int, last: int) -> None:
    """Store the messages from `first` to `last`, and a tenth as many insights."""
    await store(database, message, message_rows(talk, first, last))
    numbers = range(first // MESSAGES_AN_INSIGHT, last // MESSAGES_AN_INSIGHT)
    rows = [insight_row(talk, number) for number in numbers]
    await store(database, insight, iter(rows))
    about = (
        {"insight_id": row["id"], "member_id": member_id, "role": "about"}
        for row in rows
        for member_id in TopicKey.parse(str(row["topic_key"])).members
    )
    await store(database, insight_member, about)
    sources = (
        {"insight_id": row["id"], "line": line, "message_id": (number + 1) << 22}
        for number, row in zip(numbers, rows, strict=True)
        for line in range(5)
    )
    await store(database, insight_source, sources)
    if not database.is_sqlite:
        await database.autocommit(_analyze)


async def _analyze(connection: Connection) -> None:
    await connection.execute(text("VACUUM ANALYZE"))


async def measure(database: Database, talk: Talk, consent: ConsentView) -> dict[str, list[float]]:
    """Return milliseconds a search by kind of query."""
    retrieval = InsightRetrieval(database)
    kinds = ("1 word", "2 words", "4 words", "sentence", "common")
    taken: dict[str, list[float]] = {kind: [] for kind in kinds}
    found = 0
    for number in range(QUERIES):
        kind = kinds[number % len(kinds)]
        query = talk.query(kind)
        server_id = number % SERVERS + 1 if number % 2 else None
        began = perf_counter()
        hits = await retrieval.search(query, server_id=server_id, consent=consent, now=END)
        taken[kind].append((perf_counter() - began) * 1000)
        found += bool(hits)
    assert found > QUERIES * 0.9, f"only {found} of {QUERIES} queries found anything"
    return taken


def report(size: int, taken: dict[str, list[float]]) -> float:
    """Print the figures and return the overall median."""
    everything = [one for some in taken.values() for one in some]
    by_kind = ", ".join(f"{kind} {median(some):.1f}" for kind, some in taken.items())
    print(
        f"{size:>9,} messages, {size // MESSAGES_AN_INSIGHT:>7,} insights: "
        f"p50 {median(everything):.1f} ms, p95 {quantiles(everything, n=20)[-1]:.1f} ms ({by_kind})",
        flush=True,
    )
    return median(everything)


async def run(folder: Path) -> int:
    """Build, measure at a tenth, build the rest, measure again."""
    url = os.environ.get("ZOS_BENCH_URL", "")
    database = Database(Config.model_validate({"data_dir": folder, "database": {"url": url}}))
    await database.connect()
    talk = Talk(7)
    consent = ConsentView(ConsentMode.OPT_IN, frozenset(range(1, MEMBERS - 50)), frozenset())
    await found_community(database)
    medians = []
    for first, last in ((0, MESSAGES // 10), (MESSAGES // 10, MESSAGES)):
        began = perf_counter()
        await grow(database, talk, first, last)
        print(f"stored {last - first:,} messages in {perf_counter() - began:.0f} s", flush=True)
        medians.append(report(last, await measure(database, Talk(11), consent)))
    await database.close()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"growth from n to 10 n: {medians[1] / medians[0]:.2f} times; peak {peak:.0f} MB")
    return 0 if medians[1] <= TARGET_P50_MS else 1


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="zos-bench-") as made:
        sys.exit(asyncio.run(run(Path(made))))
