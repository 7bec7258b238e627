"""`backfill`: a fresh folder, a token, and the past is in the store."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from tests.fakes.discord.server import TOKEN, local_discord

from zos.config import Config
from zos.service.backfilling import backfill

DAY = datetime(2026, 3, 2, tzinfo=UTC)


async def test_the_past_comes_into_a_new_store_and_is_booked_if_wanted(
    make_config: Callable[..., Config],
) -> None:
    config = make_config(discord={"token": TOKEN})
    async with local_discord() as local:
        first, last = local.world.say(11, "one"), local.world.say(12, "two")
        outcome = await backfill(config, DAY)
        assert outcome.backfilled.messages == 2
        assert outcome.booked is None
        assert outcome.unbooked is not None
        assert [one.second for one in outcome.unbooked] == [1, 2]
        assert first < last
        again = await backfill(config, DAY, book=True)
        assert again.booked is not None
        assert (again.booked.messages, again.unbooked) == (2, None)
