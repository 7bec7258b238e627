"""`backfill`: a fresh folder, a token, and the past is in the store."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from tests.fakes.discord.server import TOKEN, local_discord

from zos.config import Config
from zos.core.errors import NotFoundError
from zos.service.backfilling import backfill
from zos.service.services import build_services

DAY = datetime(2026, 3, 2, tzinfo=UTC)


async def test_the_past_comes_into_a_new_store_and_is_booked_if_wanted(
    make_config: Callable[..., Config],
) -> None:
    config = make_config(discord={"token": TOKEN})
    async with local_discord() as local:
        first, last = local.world.say(11, "one"), local.world.say(12, "two")
        outcome = await backfill(config, DAY, by="ann")
        assert outcome.backfilled.messages == 2
        assert outcome.booked is None
        assert outcome.unbooked is not None
        assert [one.second for one in outcome.unbooked] == [1, 2]
        assert first < last
        again = await backfill(config, DAY, by="ann", book=True)
        assert again.booked is not None
        assert (again.booked.messages, again.unbooked) == (2, None)
        with pytest.raises(NotFoundError):
            await backfill(config, DAY, (5,), by="ben")
    async with build_services(config) as services:
        rows = (await services.audit.page()).items
    assert [(one.name, one.action, one.target, one.status) for one in rows] == [
        ("ben", "backfill", "since 2026-03-02, channel 5", 404),
        ("ann", "backfill", "since 2026-03-02", 200),
        ("ann", "backfill", "since 2026-03-02", 200),
    ]
