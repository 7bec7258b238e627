from __future__ import annotations

from sqlalchemy import update
from tests.conftest import EPOCH
from tests.insights.conftest import NOON, SERVER, World

from zos.config import Config
from zos.consent.names.store import known_in
from zos.core.ids import new_ulid
from zos.core.names import KnownMember
from zos.db.engine import Database
from zos.db.tables import member
from zos.observe.batch import Sighting
from zos.observe.community.store import UNSEEN, see_channels, see_members, see_servers
from zos.observe.events import Author, ChannelKind, ChannelSeen, ServerSeen
from zos.salience.ledger import SalienceLedger

ANN, BEN, BOT = 11, 12, 13


async def known(database: Database, *texts: str) -> dict[int, KnownMember]:
    async with database.read() as connection:
        return await known_in(connection, texts)


async def see(database: Database, *people: Author) -> None:
    async with database.write() as connection:
        await see_members(database, connection, [Sighting(one, 1, EPOCH) for one in people])


async def test_members_are_found_by_either_name(database: Database) -> None:
    await see(
        database,
        Author(ANN, "annie", "Ann of Green Gables"),
        Author(BEN, "ben", "Big Ben", global_name="Benedict"),
        Author(BOT, "helper", "Helper", is_bot=True),
    )
    ann = KnownMember(("annie", "Ann of Green Gables"), is_bot=False)
    assert await known(database, "was ANNIE there?") == {ANN: ann}
    assert await known(database, "gables of", "green", "ann") == {ANN: ann}
    assert await known(database, "gables", "no") == {}
    assert [*await known(database, "helper, Ben")] == [BEN, BOT]
    assert (await known(database, "benedict"))[BEN].names == ("ben", "Benedict", "Big Ben")
    assert (await known(database, "helper"))[BOT].is_bot
    assert await known(database, "Ann of Green") == {}
    assert await known(database, "…") == {}


async def test_members_are_found_as_they_were_called_last(database: Database) -> None:
    for name in ("Ann", "Anna" + "h" * 3_000):
        await see(database, Author(ANN, "annie", name))
        async with database.write() as connection:
            await connection.execute(update(member).values(seen_at=UNSEEN))
    assert await known(database, "ann") == {}
    assert [*await known(database, f"so {name} it is")] == [ANN]


async def test_a_name_that_a_place_bears_means_the_place(database: Database) -> None:
    await see(database, Author(ANN, "ubuntu", "Help Desk"), Author(BEN, "gardening", "threaded"))
    places = [
        ChannelSeen(21, 1, "ubuntu", ChannelKind.TEXT, EPOCH),
        ChannelSeen(22, 1, "help-desk", ChannelKind.TEXT, EPOCH),
        ChannelSeen(23, 1, "threaded", ChannelKind.THREAD, EPOCH, 21),
    ]
    async with database.write() as connection:
        await see_servers(database, connection, [ServerSeen(1, "Gardening", EPOCH)])
        await see_channels(database, connection, places)
    found = await known(database, "ubuntu, gardening, threaded")
    assert {one: member.names for one, member in found.items()} == {ANN: (), BEN: ("threaded",)}


async def test_a_name_that_a_subject_bears_means_the_subject(
    database: Database, config: Config
) -> None:
    await see(
        database,
        Author(ANN, "postgres", "José"),
        Author(BEN, "puncture_repair", "🚲 Tyres (they)"),
        Author(BOT, "c++", "C"),
    )
    every = "postgres, José, puncture repair, tyres, C++"
    assert [*await known(database, every)] == [ANN, BEN, BOT]
    spoken_of = await World(database).say("they all are here")
    ledger = SalienceLedger(database, config)
    async with database.write() as connection:
        for name in ("Postgres", "José", "puncture repair", "tyres", "C++"):
            subject = ledger.name_subject(
                connection, SERVER, name, [spoken_of], EPOCH, batch=new_ulid(EPOCH)
            )
            assert await subject is not None
    found = await known(database, every)
    assert {one: member.names for one, member in found.items()} == {ANN: (), BEN: (), BOT: ()}


async def test_a_name_means_a_place_or_a_subject_only_where_its_bearer_is(
    database: Database, config: Config
) -> None:
    here, there, wrote_here, wrote_there, nowhere = range(201, 206)
    world = World(database)
    spoken_of = await world.say("postgres it is")
    await world.say("hi", author=wrote_here)
    await world.say("hi", author=wrote_there, server_id=2, channel_id=20)
    roles = {here: (SERVER, ()), there: (2, ())}
    ledger = SalienceLedger(database, config)
    async with database.write() as connection:
        for one in (here, there, wrote_here, wrote_there, nowhere):
            server_id, role_ids = roles.get(one, (SERVER, None))
            person = Author(one, f"m{one}", "Gardening", role_ids=role_ids, global_name="Postgres")
            await see_members(database, connection, [Sighting(person, server_id, NOON)])
        place = ChannelSeen(21, SERVER, "gardening", ChannelKind.TEXT, EPOCH)
        await see_channels(database, connection, [place])
        assert await ledger.name_subject(
            connection, SERVER, "Postgres", [spoken_of], EPOCH, batch=new_ulid(EPOCH)
        )
    found = await known(database, "gardening, postgres")
    both = ("Postgres", "Gardening")
    left = {here: (), there: both, wrote_here: (), wrote_there: both, nowhere: ()}
    assert {one: member.names[1:] for one, member in found.items()} == left


async def test_a_place_is_known_however_its_name_is_spelled(database: Database) -> None:
    await see(database, Author(ANN, "help_desk", "Café Chat"))
    places = [
        ChannelSeen(21, 1, "help_desk", ChannelKind.TEXT, EPOCH),
        ChannelSeen(22, 1, "café-chat", ChannelKind.TEXT, EPOCH),
    ]
    async with database.write() as connection:
        await see_servers(database, connection, [ServerSeen(1, "One", EPOCH)])
        await see_channels(database, connection, places)
    assert (await known(database, "the help desk"))[ANN].names == ()


async def test_of_many_who_are_called_alike_those_are_returned_whose_whole_name_may_stand(
    database: Database,
) -> None:
    await see(database, *(Author(one, f"fan{one}", f"Quokka {one}") for one in range(100, 400)))
    assert [*await known(database, "quokka 111, 399 quokkas", "7")] == [111, 399]
