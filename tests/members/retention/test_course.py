from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select, update
from tests.conftest import EPOCH
from tests.insights.conftest import ANN, BEN, CHANNEL, SERVER, World

from zos.config import Config
from zos.core.clock import SimulatedClock
from zos.core.ids import snowflake_floor
from zos.core.topics import TopicKey
from zos.db.engine import Database
from zos.db.tables import insight, member, message, message_deletion, server, topic
from zos.insights.model import InsightStatus
from zos.members.retention.course import Retention
from zos.salience.ledger import SalienceLedger


def retention(
    database: Database, config: Config, clock: SimulatedClock, **privacy: object
) -> Retention:
    settings = config.privacy.model_copy(update=privacy)
    return Retention(database, SalienceLedger(database, config), settings, clock)


async def ran(one: Retention) -> int:
    """Step until there is nothing to do; how many steps did something."""
    steps = 0
    while await one.step():
        steps += 1
    return steps


async def ids(database: Database) -> set[int]:
    async with database.read() as connection:
        return set((await connection.execute(select(message.c.id))).scalars())


async def leave(database: Database, days_ago: float) -> None:
    async with database.write() as connection:
        await connection.execute(update(server).values(left_at=EPOCH - timedelta(days=days_ago)))


@pytest.fixture
async def talk(world: World, database: Database) -> list[int]:
    """Messages of 40, 20 and 1 days ago, with ids as Discord makes them."""
    made = []
    for days in (40, 20, 1):
        at = EPOCH - timedelta(days=days)
        said = await world.say(f"{days} days ago", at=at)
        made.append(snowflake_floor(at))
        async with database.write() as connection:
            change = update(message).where(message.c.id == said)
            await connection.execute(change.values(id=made[-1]))
    return made


async def test_nothing_is_deleted_unless_a_period_is_set(
    talk: list[int], database: Database, config: Config, clock: SimulatedClock
) -> None:
    assert await ran(retention(database, config, clock)) == 0
    assert await ids(database) == set(talk)


async def test_old_messages_go_as_if_they_were_deleted_on_discord(
    talk: list[int], world: World, database: Database, config: Config, clock: SimulatedClock
) -> None:
    old = await world.learn("It was long ago", message_ids=talk[:1])
    young = await world.learn("It was yesterday", message_ids=talk[2:])

    assert await ran(retention(database, config, clock, retention_days=30)) == 1

    assert await ids(database) == set(talk[1:])
    async with database.read() as connection:
        rows = await connection.execute(select(insight.c.id, insight.c.status))
        states = {row.id: row.status for row in rows}
        kept_out = (await connection.execute(select(message_deletion.c.message_id))).scalars()
        assert list(kept_out) == talk[:1]
    assert states == {old: InsightStatus.REVIEW, young: InsightStatus.ACTIVE}


async def test_it_looks_once_a_day(
    talk: list[int], database: Database, config: Config, clock: SimulatedClock
) -> None:
    daily = retention(database, config, clock, retention_days=30)
    await ran(daily)
    clock.move_to(EPOCH + timedelta(hours=23))
    assert not await daily.step()

    clock.move_to(EPOCH + timedelta(days=11))
    assert await ran(daily) == 1
    assert await ids(database) == {talk[2]}


async def test_a_server_that_was_left_goes_after_its_grace_with_all_that_rested_on_it(
    talk: list[int], world: World, database: Database, config: Config, clock: SimulatedClock
) -> None:
    elsewhere = await world.say("here", author=BEN, server_id=2, channel_id=20)
    here = await world.learn("Somebody was here", message_ids=talk)
    everywhere = await world.learn(
        "Ann is about", topic=TopicKey.user(ANN), message_ids=[elsewhere], insight_ids=[here]
    )
    ledger = SalienceLedger(database, config)
    async with database.write() as connection:
        for key in (TopicKey.channel(SERVER, CHANNEL), TopicKey.channel(2, 20)):
            await ledger.add_material(connection, key, 1, EPOCH)
    async with database.write() as connection:
        left = update(server).where(server.c.id == SERVER)
        await connection.execute(left.values(left_at=EPOCH - timedelta(days=31)))

    await ran(retention(database, config, clock))

    assert await ids(database) == {elsewhere}
    async with database.read() as connection:
        assert (await connection.execute(select(insight.c.id))).scalars().all() == []
        assert (await connection.execute(select(server.c.id))).scalars().all() == [2]
        assert (await connection.execute(select(member.c.id))).scalars().all() == [BEN]
        assert (await connection.execute(select(topic.c.key))).scalars().all() == [
            "server:2:channel:20"
        ]
    assert everywhere
    assert await ledger.audit() == []


async def test_within_the_grace_and_in_an_outage_nothing_is_erased(
    talk: list[int], database: Database, config: Config, clock: SimulatedClock
) -> None:
    await ran(retention(database, config, clock, left_server_days=0))
    assert await ids(database) == set(talk)

    await leave(database, days_ago=29)
    await ran(retention(database, config, clock))
    assert await ids(database) == set(talk)


async def test_a_server_joined_again_is_kept(
    talk: list[int], database: Database, config: Config, clock: SimulatedClock
) -> None:
    await leave(database, days_ago=31)
    kept = retention(database, config, clock)
    async with database.write() as connection:
        await connection.execute(update(server).values(left_at=None))
    await ran(kept)

    assert await ids(database) == set(talk)


async def test_all_of_it_is_done_in_portions(
    world: World,
    database: Database,
    config: Config,
    clock: SimulatedClock,
) -> None:
    await world.chatter("so much to say", count=1_100)
    await leave(database, days_ago=31)

    assert await ran(retention(database, config, clock)) >= 3

    async with database.read() as connection:
        assert await connection.scalar(select(func.count()).select_from(message)) == 0
