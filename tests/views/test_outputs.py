"""What became of the texts that a run sends."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import insert
from tests.views.conftest import NOON, History

from zos.core.ids import new_ulid
from zos.db.tables import outbox
from zos.views.outputs import OutputState
from zos.views.runs import RunsView

POSTED = {"posted": ["1"], "delivered_at": NOON}


def output_row(run_id: str, **more: Any) -> dict[str, Any]:
    return {
        "id": new_ulid(NOON),
        "dedup_key": "T:output",
        "run_id": run_id,
        "destination": "discord:5",
        "payload": {},
        "created_at": NOON,
        "attempts": 1,
        **more,
    }


@pytest.mark.parametrize(
    ("row", "state"),
    [
        ({"next_attempt_at": NOON}, OutputState.WAITING),
        (POSTED, OutputState.DELIVERED),
        ({"last_error": "may not"}, OutputState.WITHHELD),
        ({"withdrawn_at": NOON}, OutputState.WITHDRAWN),
        ({**POSTED, "withdrawn_at": NOON, "next_attempt_at": NOON}, OutputState.WITHDRAWN),
        ({**POSTED, "withdrawn_at": NOON}, OutputState.LEFT),
    ],
)
async def test_a_run_tells_what_became_of_its_texts(
    history: History, row: dict[str, Any], state: OutputState
) -> None:
    run = await history.open()
    async with history.database.write() as connection:
        await connection.execute(insert(outbox), output_row(run.id, **row))
    (told,) = (await RunsView(history.database).detail(run.id)).outputs
    assert (told.destination, told.state) == ("discord:5", state)
    assert (told.reason, told.attempts) == (row.get("last_error", ""), 1)


async def test_of_a_webhook_only_the_host_is_told(history: History) -> None:
    run = await history.open()
    row = output_row(run.id, destination="https://hooks.example/secret?token=x")
    async with history.database.write() as connection:
        await connection.execute(insert(outbox), row)
    (told,) = (await RunsView(history.database).detail(run.id)).outputs
    assert told.destination == "hooks.example"
