from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert, select

from zos.config import Config
from zos.consent.store import ConsentRecord, ConsentStore
from zos.core.consent import ConsentMode, ConsentState
from zos.db.engine import Database
from zos.db.tables import consent, erasure, member, member_role

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
ADA, BEN, CLEO = 11, 12, 13
MODERATOR = 900


def store_with(database: Database, config: Config, **privacy: object) -> ConsentStore:
    sections = {**config.model_dump(exclude={"privacy"}), "privacy": privacy}
    return ConsentStore(database, Config.model_validate(sections))


async def erase(database: Database, member_id: int) -> None:
    async with database.write() as connection:
        row = {"id": f"E{member_id}", "member_id": member_id, "requested_at": NOON, "receipt": {}}
        await connection.execute(insert(erasure), row)


async def give_role(database: Database, member_id: int, role_id: int) -> None:
    async with database.write() as connection:
        person = {"id": member_id, "name": "x", "display_name": "X", "is_bot": False}
        await connection.execute(insert(member), person)
        held = {"member_id": member_id, "server_id": 1, "role_id": role_id}
        await connection.execute(insert(member_role), held)


async def test_silence_means_no_by_default(database: Database, config: Config) -> None:
    view = await ConsentStore(database, config).view()

    assert view.mode is ConsentMode.OPT_IN
    assert not view.allows(ADA)


async def test_a_yes_is_remembered(database: Database, config: Config) -> None:
    store = ConsentStore(database, config)

    assert await store.record(ADA, ConsentState.GRANTED, NOON, "member")

    view = await store.view()
    assert view.allows(ADA)
    assert not view.allows(BEN)


async def test_a_later_no_takes_a_yes_back(database: Database, config: Config) -> None:
    store = ConsentStore(database, config)
    await store.record(ADA, ConsentState.GRANTED, NOON, "member")

    assert await store.record(ADA, ConsentState.DENIED, NOON + timedelta(days=1), "member")

    assert not (await store.view()).allows(ADA)


async def test_an_older_record_does_not_undo_a_newer_one(
    database: Database, config: Config
) -> None:
    store = ConsentStore(database, config)
    await store.record(ADA, ConsentState.DENIED, NOON, "member")

    changed = await store.record(
        ADA, ConsentState.GRANTED, NOON - timedelta(seconds=1), "file:old.json"
    )

    assert not changed
    assert not (await store.view()).allows(ADA)


async def test_the_same_records_again_change_nothing(database: Database, config: Config) -> None:
    store = ConsentStore(database, config)
    records = [
        ConsentRecord(ADA, ConsentState.GRANTED, NOON, "file:a.json"),
        ConsentRecord(BEN, ConsentState.DENIED, NOON, "file:a.json"),
    ]

    assert await store.record_many(records) == 2
    assert await store.record_many(records) == 0
    assert await store.record_many([]) == 0


async def test_the_latest_of_several_records_counts_in_any_order(
    database: Database, config: Config
) -> None:
    store = ConsentStore(database, config)
    later = ConsentRecord(ADA, ConsentState.DENIED, NOON + timedelta(hours=1), "member")
    earlier = ConsentRecord(ADA, ConsentState.GRANTED, NOON, "operator")

    await store.record_many([later, earlier])

    assert not (await store.view()).allows(ADA)
    async with database.read() as connection:
        kept = (await connection.execute(select(consent))).one()
    assert (kept.recorded_at, kept.recorded_by) == (later.at, "member")


async def test_an_erased_member_counts_as_having_said_no(
    database: Database, config: Config
) -> None:
    store = store_with(database, config, consent="opt_out")
    await store.record(ADA, ConsentState.GRANTED, NOON, "member")
    assert (await store.view()).allows(ADA)

    await erase(database, ADA)

    assert not (await store.view()).allows(ADA)
    assert (await store.view()).allows(BEN)
    assert await store.erased() == {ADA}


async def test_in_role_mode_a_role_consents_and_a_no_is_stronger(
    database: Database, config: Config
) -> None:
    store = store_with(database, config, consent="role", consent_roles=[MODERATOR])
    await give_role(database, ADA, MODERATOR)
    await give_role(database, BEN, MODERATOR)
    await give_role(database, CLEO, 901)

    await store.record(BEN, ConsentState.DENIED, NOON, "member")
    await store.record(CLEO, ConsentState.GRANTED, NOON, "operator")

    view = await store.view()
    assert [view.allows(who) for who in (ADA, BEN, CLEO)] == [True, False, False]


async def test_the_view_reads_within_a_transaction(database: Database, config: Config) -> None:
    store = ConsentStore(database, config)
    async with database.write() as connection:
        record = ConsentRecord(ADA, ConsentState.GRANTED, NOON, "member")
        await store.record_many([record], connection)

        assert (await store.view(connection)).allows(ADA)


@pytest.mark.parametrize(
    "privacy",
    [
        {"consent": "opt_in"},
        {"consent": "opt_out"},
        {"consent": "role", "consent_roles": [MODERATOR]},
        {"consent": "role", "consent_roles": []},
    ],
    ids=["opt in", "opt out", "role", "no role"],
)
async def test_the_database_bars_whom_the_view_does_not_allow(
    database: Database, config: Config, privacy: dict[str, object]
) -> None:
    store = store_with(database, config, **privacy)
    said = (None, ConsentState.GRANTED, ConsentState.DENIED)
    kinds = [(state, role, gone) for state in said for role in (0, 1) for gone in (0, 1)]
    everybody = range(100, 100 + len(kinds))
    for who, (state, has_role, is_erased) in zip(everybody, kinds, strict=True):
        await give_role(database, who, MODERATOR if has_role else 901)
        if state is not None:
            await store.record(who, state, NOON, "operator")
        if is_erased:
            await erase(database, who)

    view = await store.view()
    async with database.read() as connection:
        barred = set(
            (await connection.execute(select(member.c.id).where(store.barred(member.c.id))))
            .scalars()
            .all()
        )
    assert barred == {who for who in everybody if not view.allows(who)}
