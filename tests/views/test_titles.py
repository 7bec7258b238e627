"""What topics are called where they are shown."""

from __future__ import annotations

from sqlalchemy import insert
from tests.insights.conftest import ANN, BEN, CHANNEL, NOON, SERVER, World, consented

from zos.config import Config
from zos.consent.store import ConsentStore
from zos.core.topics import TopicKey
from zos.db.engine import Database
from zos.db.tables import emoji_use, reaction
from zos.views.titles import TitlesView, TopicTitle, topic_titles


async def test_topics_are_called_by_the_names_of_what_they_are_about(database: Database) -> None:
    world = World(database)
    said = await world.say("hello :party:", author=ANN)
    await world.say("hello", author=BEN)
    given = {
        "message_id": said,
        "emoji": "502",
        "member_id": BEN,
        "emoji_id": 502,
        "emoji_name": "tada",
        "count": 1,
        "reacted_at": NOON,
        "booked": True,
    }
    async with database.write() as connection:
        used = {"message_id": said, "emoji_id": 501, "name": "party"}
        await connection.execute(insert(emoji_use), used)
        await connection.execute(insert(reaction), given)
    expected = {
        TopicKey.user(ANN, SERVER): "member101",
        TopicKey.user(BEN): "someone",
        TopicKey.user(999): "someone",
        TopicKey.dyad(ANN, BEN): "member101 and someone",
        TopicKey.channel(SERVER, CHANNEL): "#c10",
        TopicKey.channel(SERVER, 77): "#77",
        TopicKey.user_in_channel(SERVER, CHANNEL, ANN): "member101 in #c10",
        TopicKey.subject(SERVER, "tea"): "tea",
        TopicKey.emoji(SERVER, 501): ":party:",
        TopicKey.emoji(SERVER, 502): ":tada:",
        TopicKey.emoji(SERVER, 503): ":503:",
        TopicKey.self_topic(): "Zos",
    }
    async with database.read() as connection:
        everybody, nobody = consented(ANN, 999), ConsentStore(database, Config())
        assert await topic_titles(connection, [*expected, *expected], everybody, nobody) == expected
        assert await topic_titles(connection, [], everybody, nobody) == {}


async def test_any_number_of_topics_has_titles(database: Database) -> None:
    topics = [TopicKey.channel(SERVER, number) for number in range(1, 1_202)]
    async with database.read() as connection:
        titles = await topic_titles(
            connection, topics, consented(), ConsentStore(database, Config())
        )
    assert len(titles) == 1_201


async def test_titles_say_whether_a_page_about_the_topic_may_be_shown(
    database: Database, config: Config
) -> None:
    view = TitlesView(database, config)
    assert await view.of(["user:7", "self:zos"]) == {
        "user:7": TopicTitle("someone", may_show=False),
        "self:zos": TopicTitle("Zos", may_show=True),
    }


async def test_any_number_of_emoji_are_called_something(database: Database) -> None:
    world = World(database)
    said = await world.say("hello :party:", author=ANN)
    async with database.write() as connection:
        used = {"message_id": said, "emoji_id": 600, "name": "party"}
        await connection.execute(insert(emoji_use), used)
    emoji = [TopicKey.emoji(SERVER, 1 + number) for number in range(600)]
    async with database.read() as connection:
        titles = await topic_titles(
            connection, emoji, consented(), ConsentStore(database, Config())
        )
    assert len(titles) == 600
    assert titles[emoji[-1]] == ":party:"
