"""What each budget group may spend today."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.api.conftest import Api, api
from tests.conftest import EPOCH
from tests.insights.conftest import CHANNEL, SERVER
from tests.views.known import Known

from zos.core.topics import BudgetGroup, TopicKey
from zos.salience.model import EntryKind

__all__ = ["api"]

GARDEN = TopicKey.channel(SERVER, CHANNEL)


@pytest.fixture
async def known(api: Api) -> Known:
    made = Known(api.services.database, api.services.config)
    await made.server()
    return made


async def test_every_group_of_every_server_is_told_with_what_is_left(
    api: Api, known: Known
) -> None:
    await known.topic(GARDEN, (EntryKind.MESSAGE, 50), (EntryKind.SPENT, -12), at=EPOCH)
    budgets = await api.services.known.budgets.today(EPOCH + timedelta(hours=1))
    assert budgets.day_start == EPOCH.replace(hour=0)
    rows = {(row.group, row.server_id): row for row in budgets.rows}
    spaces = rows[BudgetGroup.SPACES, SERVER]
    assert (spaces.server, spaces.share, spaces.used, spaces.is_served) == (
        "Allotment",
        60.0,
        12.0,
        True,
    )
    assert spaces.lent == pytest.approx(140.0)
    assert spaces.left == pytest.approx(188.0)
    assert rows[BudgetGroup.GLOBAL, None].server is None
    assert rows[BudgetGroup.SELF, None].share == 50.0
    assert len(rows) == 6
