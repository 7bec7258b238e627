"""How well search finds things in real chat, by known items: nobody judged the answers by hand.

Two tasks on sampled replies of the real logs, whose questions are known. *Topic*: two rare words of
a question and two of its reply, as somebody remembers a talk; the question or the reply is to be found.
*Question*: the reply's own words; its question is to be found among all messages (the reply itself is
passed over, and replies that stand directly after their question are left out, as they would lend
it their words). The bars are below what was measured, by a few points.
"""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import insert
from tests.insights.conftest import EVERYBODY

from zos.db.engine import Database
from zos.db.tables import channel, member, message, server
from zos.insights.index.store import text_index
from zos.insights.retrieval import InsightRetrieval
from zos.insights.terms import query_terms

SAMPLE = 100
LOGS = 9
LATER = datetime(2030, 1, 1, tzinfo=UTC)


async def _load(database: Database, folder: Path) -> list[dict[str, Any]]:
    found: dict[int, dict[str, Any]] = {}
    people: dict[int, dict[str, Any]] = {}
    for place, path in enumerate(sorted(folder.glob("*.json"))[:LOGS], 1):
        for number, one in enumerate(json.loads(path.read_text())["messages"]):
            author, said = one["author"], one.get("reference")
            people[int(author["id"])] = {
                "id": int(author["id"]),
                "name": author["name"],
                "display_name": author["nickname"],
                "is_bot": author["isBot"],
            }
            found[int(one["id"])] = {
                "id": int(one["id"]),
                "server_id": 1,
                "channel_id": place,
                "author_id": int(author["id"]),
                "created_at": datetime.fromisoformat(one["timestamp"]),
                "content": one["content"],
                "reply_to_id": int(said["messageId"]) if said else None,
                "has_media": False,
                "is_bot": author["isBot"],
                "scope": "public",
                "booked": True,
                "place": number,
            }
    rows = list(found.values())
    async with database.write() as connection:
        await connection.execute(insert(server), {"id": 1, "name": "s"})
        days = {row["channel_id"] for row in rows}
        places = [{"id": day, "server_id": 1, "name": f"{day}", "kind": "text"} for day in days]
        await connection.execute(insert(channel), places)
        await connection.execute(insert(member), list(people.values()))
        columns = set(message.c.keys())
        stored = [{k: v for k, v in row.items() if k in columns} for row in rows]
        await connection.execute(insert(message), stored)
    return rows


async def _search(retrieval: InsightRetrieval, query: str) -> list[int]:
    hits = await retrieval.search(query, consent=EVERYBODY, now=LATER, limit=11)
    return [hit.message_id for hit in hits if hit.message_id is not None]


def _share(ranks: list[int | None], within: int) -> float:
    return sum(rank is not None and rank < within for rank in ranks) / len(ranks)


def _rank(found: list[int], wanted: set[int]) -> int | None:
    return next((rank for rank, one in enumerate(found) if one in wanted), None)


async def test_known_items_are_found_in_real_chat(database: Database, ubuntu_irc: Path) -> None:
    rows = await _load(database, ubuntu_irc)
    by_id = {row["id"]: row for row in rows}
    retrieval = InsightRetrieval(database)
    index = text_index(database, message, message.c.id)
    chance = random.Random(5)

    async def rare(text: str, leave_out: set[str]) -> list[str]:
        terms = [term for term in query_terms(text) if term not in leave_out]
        if not terms:
            return []
        async with database.read() as connection:
            counts = await index.counts(connection, terms)
        known = sorted((counts[term], term) for term in terms if counts[term] > 1)
        return [term for _, term in known[2:4]]

    replies = [row for row in rows if row["reply_to_id"] in by_id and not row["is_bot"]]
    chance.shuffle(replies)
    topic: list[int | None] = []
    question: list[int | None] = []
    for reply in replies:
        asked = by_id[reply["reply_to_id"]]
        first = await rare(asked["content"], set())
        second = await rare(reply["content"], set(first))
        if len(first) == len(second) == 2 and len(topic) < SAMPLE:
            found = await _search(retrieval, " ".join(first + second))
            topic.append(_rank(found, {asked["id"], reply["id"]}))
        apart = reply["place"] - asked["place"] >= 2
        if apart and len(query_terms(reply["content"])) >= 3 and len(question) < SAMPLE:
            found = await _search(retrieval, reply["content"])
            others = [one for one in found if one != reply["id"]]
            question.append(_rank(others, {asked["id"]}))
        if len(topic) == len(question) == SAMPLE:
            break
    for name, ranks in (("topic", topic), ("question", question)):
        figures = [_share(ranks, within) for within in (1, 3, 10)]
        print(f"{name}: found at 1, 3, 10: {figures}")  # noqa: T201 - shown by pytest -s
    assert len(topic) == len(question) == SAMPLE
    assert _share(topic, 1) > 0.55
    assert _share(topic, 10) > 0.9
    assert _share(question, 10) > 0.05
