"""`zos backfill`, as far as the command goes: the fetching is tested where it is done."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from tests.cli.conftest import Zos

from zos.bot.backfill import Backfilled
from zos.observe.booking import BookedHistory
from zos.service import backfilling, token
from zos.service.backfilling import Outcome

JANUARY = datetime(2026, 1, 1, tzinfo=UTC)
FOUND = Backfilled(
    channels=3,
    unreadable=1,
    unlisted=2,
    messages=1_200,
    known=7,
    reactions=5,
    refused=2,
    malformed=1,
)
REPLAY = (
    "Not in the ledger yet: 2026-01-01 to 2026-01-01. Reflect on it day by day with "
    "`zos replay --from 2026-01-01 --to 2026-01-01`, or book it with --book."
)


class Service:
    """Stands where Discord would be asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[Any, ...]] = []

    async def backfill(
        self, _config: object, since: datetime, channels: tuple[int, ...], **more: Any
    ) -> Outcome:
        self.asked.append((since, channels, more["book"]))
        more["progress"](1, 2)
        if more["book"]:
            return Outcome(FOUND, BookedHistory(1_200, 5, 0, 9), None)
        return Outcome(FOUND, None, (JANUARY, JANUARY))


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Service:
    service = Service()
    monkeypatch.setattr(backfilling, "backfill", service.backfill)
    return service


def test_it_says_what_came_in_and_what_to_do_next(zos: Zos, service: Service) -> None:
    done = zos("backfill", "--since", "2026-01-01", "--channel", "5", "--channel", "6")
    assert service.asked == [(JANUARY, (5, 6), False)]
    assert done.exit_code == 0
    assert done.stdout.splitlines() == [
        "Read 3 channels and threads: 1,200 new messages, 7 known, 5 kinds of reactions.",
        "1 channels and threads are not shown to Zos.",
        "2 channels show Zos no archived private threads of others: it lacks Manage Threads.",
        "2 messages stay out: they were deleted, or their authors erased.",
        "1 messages were not readable.",
        REPLAY,
    ]


@pytest.mark.usefixtures("service")
def test_it_books_if_asked_to_and_speaks_json(zos: Zos) -> None:
    done = zos("backfill", "--since", "2026-01-01", "--book")
    assert "Booked the salience of 1,200 messages and 5 reactions." in done.stdout
    told = json.loads(zos("backfill", "--since", "2026-01-01", "--json").stdout)
    assert (told["messages"], told["booked"]) == (1_200, None)
    assert told["unbooked"]["first_at"] == JANUARY.isoformat()


def test_without_a_token_it_is_one_sentence(zos: Zos) -> None:
    done = zos("backfill", "--since", "2026-01-01")
    assert done.exit_code == 2
    assert done.stderr.startswith("Error: There is no bot token. Set discord.token")


def test_without_discord_py_it_is_one_sentence(zos: Zos, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(token, "find_spec", lambda _name: None)
    done = zos("backfill", "--since", "2026-01-01", ZOS_DISCORD__TOKEN="x")
    assert done.exit_code == 2
    assert "discord.py is not installed" in done.stderr


def test_an_interruption_says_that_nothing_is_lost(
    zos: Zos, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(backfilling, "backfill", interrupted)
    done = zos("backfill", "--since", "2026-01-01")
    assert done.exit_code == 130
    assert "What is in so far stays" in done.stderr
