"""`zos salience`."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import update
from tests.cli.conftest import Zos, fill

from zos.config import Config
from zos.consent.store import ConsentStore
from zos.core.topics import TopicKey
from zos.db.engine import Database
from zos.db.tables import topic
from zos.observe.events import Author, ChannelKind, ChannelSeen, Event, MessageCreated, ServerSeen
from zos.observe.recorder import Recorder
from zos.salience.ledger import SalienceLedger

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
GARDEN = "server:1:channel:2"


@pytest.fixture
def talked(own_folder: Path) -> Path:
    """Five messages in a channel, two of them after a night."""

    async def work(database: Database, config: Config) -> None:
        ledger = SalienceLedger(database, config)
        recorder = Recorder(database, ledger, ConsentStore(database, config), config)
        events: list[Event] = [
            ServerSeen(1, "Garden", NOON),
            ChannelSeen(2, 1, "roses", ChannelKind.TEXT, NOON),
        ]
        said = [
            MessageCreated(
                number, 1, 2, Author(9, "ann", "Ann"), NOON + timedelta(hours=number), "hi"
            )
            for number in range(1, 6)
        ]
        await recorder.record([*events, *said[:3]])
        async with database.write() as connection:
            await ledger.spend(
                connection,
                TopicKey.parse(GARDEN),
                tokens=1_000,
                at=NOON + timedelta(hours=3),
                run_id="01RUN",
                batch="01BATCH",
            )
        await recorder.record(said[3:])

    fill(own_folder, work)
    return own_folder


@pytest.mark.usefixtures("talked")
def test_top_lists_topics_by_salience_and_by_name(zos: Zos) -> None:
    shown = zos("salience", "top")
    assert shown.exit_code == 0
    assert [word in shown.stdout for word in ("#roses", GARDEN, "3.5")] == [True] * 3
    (row,) = json.loads(zos("salience", "top", "--category", "channel", "--json").stdout)
    assert (row["title"], row["topic"], row["salience"]) == ("#roses", GARDEN, 3.5)
    assert row["new_material"] == 2
    assert json.loads(zos("salience", "top", "--server", "7", "--json").stdout) == []
    assert "No topic has any salience" in zos("salience", "top", "--server", "7").stdout


@pytest.mark.usefixtures("talked")
def test_ledger_shows_every_change_newest_first_and_pages(zos: Zos) -> None:
    rows = json.loads(zos("salience", "ledger", GARDEN, "--json").stdout)
    assert {row["kind"] for row in rows} == {"message", "spent", "reset", "retained"}
    assert sum(row["salience"] for row in rows) == pytest.approx(3.5)
    page = zos("salience", "ledger", GARDEN, "--limit", "2").stdout
    cursor = page.strip().split()[-1]
    rest = json.loads(zos("salience", "ledger", GARDEN, "--before", cursor, "--json").stdout)
    assert rest == rows[2:]


@pytest.mark.usefixtures("talked")
def test_why_tells_state_obstacles_and_history(zos: Zos) -> None:
    shown = zos("salience", "why", GARDEN).stdout
    assert "salience 3.50, 2 new material" in shown
    assert "Nothing stands in its way." in shown
    assert "retained" in shown
    assert json.loads(zos("salience", "why", GARDEN, "--json").stdout)["ahead"] == 0
    told = json.loads(zos("salience", "why", "server:1:user:9", "--json").stdout)
    assert told["topic"] is None
    assert told["reasons"] != []
    assert "consent" in zos("salience", "why", "server:1:user:9").stdout


def test_why_tells_how_many_come_before(zos: Zos, talked: Path) -> None:
    async def louder(database: Database, config: Config) -> None:
        recorder = Recorder(
            database, SalienceLedger(database, config), ConsentStore(database, config), config
        )
        said = [
            MessageCreated(number, 1, 3, Author(9, "ann", "Ann"), NOON, "hi")
            for number in range(10, 20)
        ]
        await recorder.record([ChannelSeen(3, 1, "tulips", ChannelKind.TEXT, NOON), *said])

    fill(talked, louder)
    assert "Topics of its kind that come before it: 1." in zos("salience", "why", GARDEN).stdout


def test_audit_is_clean_until_a_balance_is_wrong(zos: Zos, talked: Path) -> None:
    assert json.loads(zos("salience", "audit", "--json").stdout) == {
        "clean": True,
        "mismatches": [],
    }
    assert "Clean" in zos("salience", "audit").stdout

    async def tamper(database: Database, _config: Config) -> None:
        async with database.write() as connection:
            await connection.execute(update(topic).values(balance=topic.c.balance + 1_000_000))

    fill(talked, tamper)
    shown = zos("salience", "audit")
    assert shown.exit_code == 1
    assert GARDEN in shown.stdout
    assert "1 balances are not the sums of their ledgers." in shown.stderr
    assert json.loads(zos("salience", "audit", "--json").stdout)["mismatches"] == [
        {"topic": GARDEN, "balance": 4.5, "ledger": 3.5}
    ]


@pytest.mark.usefixtures("talked")
@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("ledger", "nonsense"), "has no known category"),
        (("ledger", "server:1:channel:77"), "There is no topic server:1:channel:77."),
        (("why", "server:1:channel:x"), "where a Discord id belongs"),
    ],
)
def test_a_topic_that_is_not_there_is_one_sentence(
    zos: Zos, arguments: tuple[str, ...], sentence: str
) -> None:
    shown = zos("salience", *arguments)
    assert shown.exit_code == 2
    assert sentence in shown.stderr
