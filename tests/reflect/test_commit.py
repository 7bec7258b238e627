"""A target's transaction waits for recorders, and they never for it while it waits."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import select
from tests.postgres import somebody_waits
from tests.reflect.conftest import Night

from zos.db.tables import insight, message
from zos.reflect.states import RunStatus


@pytest.mark.parametrize("config", ["postgres"], indirect=True)
async def test_a_commit_that_waits_for_the_ledger_holds_no_row_that_a_recorder_may_want(
    night: Night,
) -> None:
    topics = await night.talk(1)
    every_message = select(message.c.id).with_for_update(nowait=True)

    async with night.database.write() as recording:
        await night.ledger.remind(recording, [])  # which takes the ledger's lock
        run = asyncio.create_task(night.make_executor().execute_layer(night.layer, topics))
        await somebody_waits(night.database)
        assert (await recording.execute(every_message)).all()
        assert await night.count(insight) == 0
    assert (await run).status is RunStatus.SUCCESS
    assert await night.count(insight) == 1
