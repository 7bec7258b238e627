"""Consent that is lost or gained takes effect in the transaction that records it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select, update
from tests.insights.conftest import ANN, BEN, NOON, SERVER, World

from zos.config import Config
from zos.consent.store import ConsentRecord, ConsentStore
from zos.core.consent import ConsentState
from zos.core.topics import TopicKey
from zos.db.engine import Database
from zos.db.tables import insight, member, member_role
from zos.insights.model import InsightStatus
from zos.insights.quarantine.store import Settled, record_consents, settle

ACTIVE, REVIEW = InsightStatus.ACTIVE.value, InsightStatus.REVIEW.value
QUARANTINED, SUPERSEDED = InsightStatus.QUARANTINED.value, InsightStatus.SUPERSEDED.value


class Shelf:
    """Insights by name, and who has consented to them."""

    def __init__(self, database: Database, config: Config) -> None:
        self.database = database
        self.consents = ConsentStore(database, config)
        self.ids: dict[str, str] = {}
        self._moments = iter(range(1, 100))

    async def says(self, member_id: int, state: ConsentState, *, minutes: int = 0) -> Settled:
        at = NOON + timedelta(minutes=minutes or next(self._moments))
        async with self.database.write() as connection:
            return await record_consents(
                self.database,
                connection,
                self.consents,
                [ConsentRecord(member_id, state, at, "member")],
            )

    async def put(self, name: str, status: str) -> None:
        async with self.database.write() as connection:
            change = update(insight).where(insight.c.id == self.ids[name])
            await connection.execute(change.values(status=status))

    async def statuses(self) -> dict[str, str]:
        async with self.database.read() as connection:
            rows = await connection.execute(select(insight.c.id, insight.c.status))
            found = {row.id: row.status for row in rows}
        return {name: found[one] for name, one in self.ids.items()}


@pytest.fixture
async def shelf(world: World, database: Database, config: Config) -> Shelf:
    """What is about Ann, about her and Ben, names Ann, quotes Ben, and has nobody in it."""
    made = Shelf(database, config)
    for one in (ANN, BEN):
        await made.says(one, ConsentState.GRANTED)
    made.ids = {
        "about": await world.learn("a", topic=TopicKey.user(ANN, SERVER)),
        "pair": await world.learn("b", topic=TopicKey.dyad(ANN, BEN, SERVER)),
        "named": await world.learn("c", named=[ANN]),
        "quoted": await world.learn("d", quoted=[BEN]),
        "nobody": await world.learn("e"),
    }
    return made


async def test_all_that_a_member_is_in_goes_out_of_sight_and_comes_back(shelf: Shelf) -> None:
    lost = await shelf.says(ANN, ConsentState.DENIED)
    assert lost == Settled(recorded=1, quarantined=3)
    assert await shelf.statuses() == {
        "about": QUARANTINED,
        "pair": QUARANTINED,
        "named": QUARANTINED,
        "quoted": ACTIVE,
        "nobody": ACTIVE,
    }
    gained = await shelf.says(ANN, ConsentState.GRANTED)
    assert gained == Settled(recorded=1, restored=3)
    assert set((await shelf.statuses()).values()) == {ACTIVE}


async def test_what_two_are_in_comes_back_only_when_both_agree(shelf: Shelf) -> None:
    await shelf.says(ANN, ConsentState.DENIED)
    await shelf.says(BEN, ConsentState.DENIED)
    assert await shelf.says(ANN, ConsentState.GRANTED) == Settled(recorded=1, restored=2)
    assert (await shelf.statuses())["pair"] == QUARANTINED
    assert await shelf.says(BEN, ConsentState.GRANTED) == Settled(recorded=1, restored=2)


async def test_what_is_under_review_or_superseded_stays_what_it_is(shelf: Shelf) -> None:
    await shelf.put("about", REVIEW)
    await shelf.put("named", SUPERSEDED)
    for state in (ConsentState.DENIED, ConsentState.GRANTED):
        await shelf.says(ANN, state)
        found = await shelf.statuses()
        assert (found["about"], found["named"]) == (REVIEW, SUPERSEDED)


async def test_an_older_word_changes_nothing(shelf: Shelf) -> None:
    await shelf.says(ANN, ConsentState.GRANTED, minutes=100)
    assert await shelf.says(ANN, ConsentState.DENIED, minutes=50) == Settled()
    assert set((await shelf.statuses()).values()) == {ACTIVE}


async def test_a_change_of_mode_settles_everybody(
    shelf: Shelf, database: Database, config: Config
) -> None:
    values = config.model_dump(exclude={"privacy"})
    privacy = {"consent": "role", "consent_roles": [5]}
    by_role = ConsentStore(database, Config.model_validate({**values, "privacy": privacy}))
    async with database.write() as connection:
        row = {"member_id": BEN, "server_id": SERVER, "role_id": 5}
        person = {"id": BEN, "name": "b", "display_name": "B", "is_bot": False}

        await connection.execute(member.insert(), person)
        await connection.execute(member_role.insert(), row)
        settled = await settle(database, connection, await by_role.view(connection))
    assert settled == Settled(quarantined=3)
    assert (await shelf.statuses())["quoted"] == ACTIVE
