"""The truth test: whatever the network and Discord do, the store holds exactly what Discord shows."""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import Awaitable, Callable

import pytest
from tests.bot.conftest import Living
from tests.fakes.discord.server import Fault, LocalDiscord
from tests.fakes.discord.world import HALL, ROOM, World

from zos.salience.ledger import SalienceLedger

STEPS = int(os.environ.get("TRUTH_STEPS", "4000"))
"""`python bench/truth.py` takes 20,000."""
PEOPLE = (11, 12, 13)
EMOJI = ("👍", "❤️", "soup:801", "cake:802")
RECENT = 60  # within `discord.lookback_messages` of any mark


class People:
    """Members who write, edit, delete and react at random, and count what they did."""

    def __init__(self, world: World, seed: int) -> None:
        self.world = world
        self.random = random.Random(seed)
        self.places = [ROOM, HALL]
        self.done: dict[str, int] = {}

    def act(self) -> None:
        deed = self.random.choices(
            [self.say, self.edit, self.delete, self.react, self.unreact, self.clear, self.open],
            [50, 12, 8, 20, 8, 1, 0.3],
        )[0]
        deed()
        self.done[deed.__name__] = self.done.get(deed.__name__, 0) + 1

    def say(self) -> None:
        place = self.random.choice(self.places)
        answered = self.random.choice([None, None, *self.recent(place)[-5:]])
        self.world.say(
            self.random.choice(PEOPLE),
            f"words {self.random.random()}",
            channel=place,
            reply_to=answered,
            mentions=self.random.sample(PEOPLE, self.random.randrange(3)),
        )

    def edit(self) -> None:
        if number := self.one():
            self.world.edit(number, f"other words {self.random.random()}")

    def delete(self) -> None:
        recent = self.recent(self.random.choice(self.places))
        if recent:
            self.world.delete(
                *self.random.sample(recent, min(len(recent), self.random.choice((1, 1, 3))))
            )

    def react(self) -> None:
        if number := self.one():
            self.world.react(number, self.random.choice(PEOPLE), self.random.choice(EMOJI))

    def unreact(self) -> None:
        found = self.one()
        given = self.world.reactions.get(found or 0, {})
        if found and given:
            emoji = self.random.choice([*given])
            self.world.unreact(found, self.random.choice(given[emoji]), emoji)

    def clear(self) -> None:
        found = self.one()
        if found and (given := self.world.reactions.get(found, {})):
            self.world.clear_reactions(found, self.random.choice([None, *given]))

    def open(self) -> None:
        if self.random.random() < 0.5:
            self.places.append(self.world.open_channel(f"channel {len(self.places)}"))
        else:
            self.places.append(self.world.open_thread(11, f"thread {len(self.places)}"))

    def recent(self, place: int) -> list[int]:
        return self.world.recent(place, RECENT)

    def one(self) -> int | None:
        recent = self.recent(self.random.choice(self.places))
        return self.random.choice(recent) if recent else None


def troubles(local: LocalDiscord, chance: random.Random) -> list[Callable[[], Awaitable[None]]]:
    gateway = local.gateway

    async def outage_of_rest() -> None:
        statuses = chance.choices((503, 429, 500), [6, 6, 1], k=3)
        local.faults += [Fault(status) for status in statuses]

    async def malformed() -> None:
        kind = chance.choice(("MESSAGE_CREATE", "MESSAGE_UPDATE", "MESSAGE_REACTION_ADD"))
        gateway.tell(kind, {"id": "?", "channel_id": str(ROOM), "edited_timestamp": "never"})

    async def invalid() -> None:
        await gateway.invalidate()

    async def invalid_but_resumable() -> None:
        await gateway.invalidate(resumable=True)

    async def closed() -> None:
        await gateway.drop(4000)

    async def cut() -> None:
        await gateway.drop(None)

    async def one_shard_invalid() -> None:
        shards = sorted({one.shard for one in gateway.sessions.values()})
        await gateway.invalidate(shard=chance.choice(shards or [0]))

    return [
        closed,
        cut,
        gateway.ask_to_reconnect,
        invalid,
        closed,
        cut,
        invalid_but_resumable,
        outage_of_rest,
        malformed,
        one_shard_invalid,
    ]


@pytest.mark.parametrize(("seed", "shards", "steps"), [(1, 1, STEPS), (2, 2, STEPS // 4)])
async def test_the_store_equals_the_truth_whatever_happens(
    living: Living, seed: int, shards: int, steps: int
) -> None:
    local = living.discord
    told = living.config.discord.model_copy(update={"shards": shards})
    living.config = living.config.model_copy(update={"discord": told})
    people, chance = People(local.world, seed), random.Random(seed + 1)
    choices = troubles(local, chance)
    done = 0
    while done < steps:
        # Between two lives of the bot, people go on.
        async with living.running():
            for _ in range(8):
                for _ in range(burst := chance.randrange(20, 200)):
                    people.act()
                done += burst
                await asyncio.sleep(chance.choice((0, 0, 0.01, 0.05)))
                if chance.random() < 0.8:  # else trouble comes in the middle of a connect
                    await asyncio.wait_for(local.gateway.ready.wait(), 20)
                    await asyncio.sleep(chance.choice((0, 0.02)))
                await chance.choice(choices)()
                if done >= steps:
                    break
            await living.settled()
            await living.assert_true()
        for _ in range(30):
            people.act()
    async with living.running() as bot:
        await living.settled()
        await living.assert_true()
        assert bot.status.passed_over == 0
    assert await SalienceLedger(living.database, living.config).audit() == []
    assert local.gateway.resumed > 3
    assert local.gateway.identified > 3
    assert {one.shards for one in local.gateway.sessions.values()} == {shards}
    assert min(people.done.values()) > 3
    assert len(local.world.messages) > steps / 4
