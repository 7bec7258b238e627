"""`zos costs`."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path

from tests.cli.conftest import Zos

from zos.config import Config
from zos.core.ids import new_ulid
from zos.db.engine import Database
from zos.llm.call import CallOutcome, ModelCall
from zos.llm.request import CallContext, Usage
from zos.llm.store import ModelCallStore


def spend(folder: Path) -> None:
    """Record a call of this moment that cost two cents."""
    now = datetime.now(UTC)
    context = CallContext("nightly", "reflect", server_id=987654321987654321)
    usage = Usage(1_200, 340, 1, 20_000)
    call = ModelCall(
        new_ulid(now),
        context,
        "default",
        "openai:small",
        "0" * 64,
        now,
        CallOutcome.OK,
        None,
        usage,
    )

    async def record() -> None:
        database = Database(Config.model_validate({"data_dir": folder / "data"}))
        await database.connect()
        await ModelCallStore(database).record(call)
        await database.close()

    asyncio.run(record())


def test_costs_are_a_table_with_what_the_limits_leave(zos: Zos, own_folder: Path) -> None:
    spend(own_folder)
    lines = zos("costs", "--by", "model").stdout.splitlines()
    assert lines[0].split() == [
        "model",
        "calls",
        "failed",
        "tokens",
        "in",
        "tokens",
        "out",
        "US",
        "dollars",
    ]
    assert lines[1].split() == ["openai:small", "1", "0", "1200", "340", "0.02"]
    assert lines[2].split()[0] == "total"
    assert lines[3] == "This day: 0.0200 US dollars (of 5.00)."
    assert lines[4] == "This month: 0.0200 US dollars (of 50.00)."


def test_costs_in_json_keep_ids_as_text(zos: Zos, own_folder: Path) -> None:
    spend(own_folder)
    shown = json.loads(zos("costs", "--by", "server", "--days", "2", "--json").stdout)
    assert shown["by"] == "server"
    assert shown["rows"] == [
        {
            "name": "987654321987654321",
            "server_id": "987654321987654321",
            "calls": 1,
            "failed": 0,
            "tokens_in": 1200,
            "tokens_out": 340,
            "cost_usd": 0.02,
        }
    ]
    assert shown["total"]["cost_usd"] == 0.02
    assert [limit["name"] for limit in shown["limits"]] == ["day", "month"]


def test_without_calls_it_says_so(zos: Zos) -> None:
    zos("db", "migrate")
    assert zos("costs").stdout.startswith("No model was called in this time.\n")


def test_without_a_database_it_makes_none(zos: Zos, own_folder: Path) -> None:
    result = zos("costs")
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: There is no database")
    assert list(own_folder.iterdir()) == []


def test_a_wrong_sum_is_a_usage_error(zos: Zos) -> None:
    assert zos("costs", "--by", "moon").exit_code == 2
    assert zos("costs", "--days", "0").exit_code == 2
