"""A large community, written into an empty SQLite file by SQL alone: `write`.

In: sizes. Out: servers, channels, members (a few without consent), messages whose words are as common as
in real chat, topics with their ledgers, runs with targets, decisions and calls, and insights. Nothing
is left to chance: each value is made of the row's number.
"""

from __future__ import annotations

import random
import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from pathlib import Path

from zos.core.ids import ulid_floor
from zos.db.tables.base import from_micros, to_micros

MEMBERS, CHANNELS, SERVERS = 5_000, 60, 3
SILENT = 50  # members without consent: the last ones
LIVELY_ENTRIES = 50_000
START = datetime(2025, 1, 1, tzinfo=UTC)
LAYERS = (
    "dyad-synthesis",
    "nightly-channel-reflection",
    "nightly-dyad-reflection",
    "nightly-emoji-reflection",
    "nightly-subject-reflection",
    "nightly-user-reflection",
    "user-synthesis",
    "weekly-self-reflection",
)
MODELS = ("openai:small", "openai:large", "anthropic:small", "google:small")
LIVELY = "server:1:channel:1"
_WORDS, _LINES = 40_000, 20_000
_ULID_TIME = 10


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much there is of everything."""

    messages: int
    insights: int
    runs: int
    topics: int = 100_000

    @property
    def end(self) -> datetime:
        """The present: one message was written every 30 seconds."""
        return START + timedelta(seconds=30) * self.messages


def write(path: Path, sizes: Sizes) -> None:
    """Fill the migrated, empty file at `path`."""
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA foreign_keys = OFF")
    connection.execute("PRAGMA synchronous = OFF")
    connection.execute("PRAGMA cache_size = -400000")
    connection.create_function("ulid", 2, _ulid, deterministic=True)
    connection.execute("CREATE TEMP TABLE line (number INTEGER PRIMARY KEY, text TEXT)")
    connection.executemany("INSERT INTO line VALUES (?, ?)", enumerate(_lines()))
    for statement in (*_people(sizes), *_topics(sizes), *_runs(sizes), *_insights(sizes)):
        connection.execute(statement)
    connection.execute("DROP TABLE line")
    connection.execute("ANALYZE")
    connection.commit()
    connection.close()


def words(seed: int, count: int) -> list[str]:
    """Return what somebody might look for: `count` words that are neither rare nor in every line."""
    chance = random.Random(seed)  # noqa: S311 - nothing secret
    made = [_word(rank) for rank in range(200, 4_000)]
    return chance.sample(made, count)


def _ulid(micros: int, number: int) -> str:
    return f"{ulid_floor(from_micros(micros))[:_ULID_TIME]}{number:016d}"


def _word(rank: int) -> str:
    syllables = [a + b for a in "bdfgklmnprstvz" for b in "aeiou"]
    parts = []
    for _ in range(4):
        rank, part = divmod(rank, len(syllables))
        parts.append(syllables[part])
    return "".join(parts[: max(2, 4 - parts[::-1].index(next(filter(None, parts[::-1]))))])


def _lines() -> list[str]:
    """Return lines of words as often as words are said (Zipf's law)."""
    chance = random.Random(7)  # noqa: S311 - nothing secret
    made = [_word(rank) for rank in range(_WORDS)]
    weights = list(accumulate(1 / (rank + 3) for rank in range(_WORDS)))
    return [
        " ".join(chance.choices(made, cum_weights=weights, k=chance.randrange(3, 9)))
        for _ in range(_LINES)
    ]


def _pick(salt: int, below: int) -> str:
    """Return the SQL of a number from 0 that looks like chance, made of the row's number."""
    return f"((i * 2654435761 + {salt} * 374761393) % 4294967296 / 64 % {below})"


def _rows(count: int) -> str:
    return f"WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < {count - 1}) "


def _into(table: str, count: int, columns: dict[str, str], more: str = "") -> str:
    names, values = ", ".join(columns), ", ".join(columns.values())
    return f"INSERT INTO {table} ({names}) {_rows(count)} SELECT {values} FROM n {more}"


def _text(salt: int, joined: str = "' '") -> str:
    first, second = _pick(salt, _LINES), _pick(salt + 1, _LINES)
    return (
        f"(SELECT text FROM line WHERE line.number = {first}) || {joined} || "
        f"(SELECT text FROM line WHERE line.number = {second})"
    )


def _at(count: int, sizes: Sizes) -> str:
    """Return the SQL of the row's moment: rows are spread evenly over the time of all messages."""
    length = (sizes.end - START) // timedelta(microseconds=1)
    return f"({to_micros(START)} + i * {length // count})"


def _people(sizes: Sizes) -> list[str]:
    now = str(to_micros(sizes.end))
    server = {"id": "i + 1", "name": "'Server ' || i", "seen_at": now}
    channel = {
        "id": "i + 1",
        "server_id": f"i % {SERVERS} + 1",
        "name": "'channel-' || i",
        "kind": "'text'",
        "description": "''",
        "seen_at": now,
        "booked": "1",
    }
    member = {
        "id": "i + 1",
        "name": "'m' || i",
        "display_name": "'Member ' || i",
        "name_word": "'m' || i",
        "display_word": "'member'",
        "is_bot": "0",
        "is_agent": "0",
        "seen_at": now,
    }
    consent = {"member_id": "i + 1", "state": "'granted'", "recorded_at": now, "recorded_by": "''"}
    message = {
        "id": "(i + 1) << 22",
        "server_id": f"i % {CHANNELS} % {SERVERS} + 1",
        "channel_id": f"i % {CHANNELS} + 1",
        "author_id": f"{_pick(1, MEMBERS)} + 1",
        "created_at": _at(sizes.messages, sizes),
        "content": _text(2),
        "has_media": "0",
        "is_bot": "0",
        "scope": "'public'",
        "booked": "1",
    }
    return [
        _into("server", SERVERS, server),
        _into("channel", CHANNELS, channel),
        _into("member", MEMBERS, member),
        _into("consent", MEMBERS - SILENT, consent),
        _into("message", sizes.messages, message),
    ]


def _topics(sizes: Sizes) -> list[str]:
    now = to_micros(sizes.end)
    common = {
        "balance": f"{_pick(5, 100_000_000)}",
        "decay_base": "0",
        "decay_from": str(now),
        "last_activity_at": f"{now} - {_pick(6, 10_000_000_000)}",
        "last_reflected_at": f"{now} - {_pick(7, 90_000_000_000)}",
        "new_material": _pick(8, 20),
        "insight_count": _pick(9, 4),
        "created_at": str(to_micros(START)),
    }
    place = f"(i % {SERVERS} + 1)"
    one, other = f"(i % {MEMBERS} + 1)", f"((i + 1 + i / {MEMBERS}) % {MEMBERS} + 1)"
    first, second = f"min({one}, {other})", f"max({one}, {other})"
    pair = {
        "key": f"'server:' || {place} || ':dyad:' || {first} || ':' || {second}",
        "category": "'dyad'",
        "budget_group": "'social'",
        "server_id": place,
        "member_a": first,
        "member_b": second,
    }
    person = {
        "key": f"'server:' || {place} || ':user:' || {one}",
        "category": "'user'",
        "budget_group": "'social'",
        "server_id": place,
        "member_a": one,
    }
    channel = {
        "key": f"'server:' || {place} || ':channel:' || (i + 1)",
        "category": "'channel'",
        "budget_group": "'spaces'",
        "server_id": place,
        "channel_id": "i + 1",
    }
    entry = {
        "topic_id": f"i % {sizes.topics} + 1",
        "kind": "CASE i % 3 WHEN 0 THEN 'message' WHEN 1 THEN 'reply' ELSE 'decay' END",
        "amount": _pick(11, 1_000_000),
        "at": _at(sizes.topics * 5, sizes),
        "batch": "''",
    }
    lively = {**entry, "topic_id": "1", "at": _at(LIVELY_ENTRIES, sizes)}
    pairs = sizes.topics - MEMBERS - CHANNELS
    return [
        _into("topic", CHANNELS, {**channel, **common}),
        _into("topic", MEMBERS, {**person, **common}),
        _into("topic", pairs, {**pair, **common}, "WHERE true ON CONFLICT DO NOTHING"),
        _into("salience_entry", sizes.topics * 5, entry),
        _into("salience_entry", LIVELY_ENTRIES, lively),
    ]


def _one_of(names: tuple[str, ...], salt: int) -> str:
    whens = " ".join(f"WHEN {number} THEN '{name}'" for number, name in enumerate(names))
    return f"CASE {_pick(salt, len(names))} {whens} END"


def _runs(sizes: Sizes) -> list[str]:
    at = _at(sizes.runs, sizes)
    run = {
        "id": f"ulid({at}, i)",
        "layer": _one_of(LAYERS, 20),
        "trigger": "'schedule'",
        "slot": at,
        "slot_count": "1",
        "status": "CASE WHEN i % 50 = 0 THEN 'failed' WHEN i % 20 = 0 THEN 'dry' ELSE 'success' END",
        "reason": "''",
        "created_at": at,
        "started_at": at,
        "finished_at": f"{at} + 60000000",
        "clock_at": at,
        "targets_total": "10",
        "targets_done": "10",
        "insights_created": "10",
        "tokens_in": "20000",
        "tokens_out": "2000",
        "cost_microusd": "20000",
    }
    large = sizes.runs // 3  # this one has the topics of four
    number = f"CASE WHEN i / 10 BETWEEN {large} AND {large + 3} THEN {large} ELSE i / 10 END"
    run_at = f"({to_micros(START)} + ({number}) * {_step(sizes.runs, sizes)})"
    run_id = f"ulid({run_at}, {number})"
    topic = f"(SELECT key FROM topic WHERE topic.id = {_pick(21, sizes.topics)} + 1)"
    some_topic = f"coalesce({topic}, '{LIVELY}')"
    target = {
        "id": f"ulid({run_at}, 1000000 + i)",
        "run_id": run_id,
        "topic_key": some_topic,
        "position": "i % 40",
        "status": "'success'",
        "reason": "''",
        "attempts": "1",
        "estimated_tokens": "2000",
        "started_at": run_at,
        "finished_at": f"{run_at} + 5000000",
        "tokens_in": "2000",
        "tokens_out": "200",
        "cost_microusd": "2000",
        "salience_spent": "2000000",
        "insights_created": "1",
    }
    decision = {
        "run_id": run_id,
        "topic_key": some_topic,
        "position": "i % 40",
        "balance": "5000000",
        "chosen": "1",
        "reason": "''",
    }
    call = {
        "id": f"ulid({run_at}, i)",
        "run_id": run_id,
        "target_id": f"ulid({run_at}, 1000000 + i)",
        "server_id": f"CASE WHEN i % 7 = 0 THEN NULL ELSE i % {SERVERS} + 1 END",
        "layer": _one_of(LAYERS, 20),
        "node": "'reflect'",
        "profile": "CASE WHEN i % 3 = 0 THEN 'reflect' ELSE 'simple' END",
        "model": _one_of(MODELS, 22),
        "prompt_hash": "''",
        "outcome": "CASE WHEN i % 5000 = 7 THEN 'timeout' ELSE 'ok' END",
        "tokens_in": "2000",
        "tokens_out": "200",
        "requests": "1",
        "cost_microusd": _pick(23, 4_000),
        "latency_ms": "1500",
        "called_at": run_at,
    }
    again = "WHERE true ON CONFLICT DO NOTHING"
    return [
        _into("layer_run", sizes.runs, run, again),
        _into("run_target", sizes.runs * 10, target, again),
        _into("selection", sizes.runs * 10, decision, again),
        _into("model_call", sizes.runs * 10, call),
    ]


def _step(count: int, sizes: Sizes) -> int:
    return (sizes.end - START) // timedelta(microseconds=1) // count


def _insights(sizes: Sizes) -> list[str]:
    per_run = max(sizes.insights // sizes.runs, 1)
    run_at = f"({to_micros(START)} + i / {per_run} * {_step(sizes.runs, sizes)})"
    whose = f"({_pick(30, MEMBERS)} + 1)"
    place = f"({whose} % {SERVERS} + 1)"
    about_channel = "i % 1000 = 3"
    insight = {
        "id": f"ulid({run_at}, i)",
        "topic_key": f"CASE WHEN {about_channel} THEN '{LIVELY}' "
        f"ELSE 'server:' || {place} || ':user:' || {whose} END",
        "category": f"CASE WHEN {about_channel} THEN 'channel' ELSE 'user' END",
        "server_id": place,
        "layer": _one_of(LAYERS, 31),
        "run_id": f"ulid({run_at}, i / {per_run})",
        "target_id": f"ulid({run_at}, 1000000 + i)",
        "created_at": run_at,
        "content": f"{_text(32, 'char(10)')} || char(10) || {_text(34, 'char(10)')}",
        "method": "'model'",
        "confidence": f"{_pick(36, 100)} / 100.0",
        "importance": f"{_pick(37, 100)} / 100.0",
        "novelty": "0.5",
        "strength": "1.0",
        "valence": """'{"curiosity": 0.6, "warmth": 0.3}'""",
        "open_questions": "'[]'",
        "scope": "CASE WHEN i % 25 = 1 THEN 'dm' ELSE 'public' END",
        "status": "CASE WHEN i % 2000 = 5 THEN 'review' WHEN i % 9 = 0 THEN 'superseded' "
        "ELSE 'active' END",
        "conflicts_with": "'[]'",
    }
    source = {
        "insight_id": f"ulid({to_micros(START)} + i / 8 / {per_run} * {_step(sizes.runs, sizes)}, i / 8)",
        "line": "i % 8 / 2",
        "message_id": f"({_pick(38, sizes.messages)} + 1) << 22",
    }
    about = {
        "insight_id": "id",
        "member_id": "CAST(substr(topic_key, instr(topic_key, 'user:') + 5) AS INTEGER)",
        "role": "'about'",
    }
    names, values = ", ".join(about), ", ".join(about.values())
    return [
        _into("insight", sizes.insights, insight),
        _into("insight_source", sizes.insights * 8, source),
        f"INSERT INTO insight_member ({names}) SELECT {values} FROM insight WHERE category = 'user'",
    ]
