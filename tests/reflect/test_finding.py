from __future__ import annotations

import pytest
from tests.prompts.made import ANA, BO, SERVER, message, reaction

from zos.core.topics import TopicKey
from zos.reflect.context import Gathered
from zos.reflect.finding import title_of

GATHERED = Gathered(
    messages=[message(1, ANA, "a")],
    reactions=[
        reaction(1, "👍", BO),
        reaction(1, "7", BO, emoji_id=7, emoji_name="sprout"),
    ],
)


@pytest.mark.parametrize(
    ("topic", "title"),
    [
        (TopicKey.channel(SERVER, 10), "#garden"),
        (TopicKey.thread(SERVER, 12), "#12"),
        (TopicKey.user(ANA, SERVER), "Ana"),
        (TopicKey.user(BO), "someone"),
        (TopicKey.dyad(BO, ANA), "Ana and someone"),
        (TopicKey.user_in_channel(SERVER, 10, ANA), "Ana in #garden"),
        (TopicKey.dyad_in_channel(SERVER, 10, ANA, BO), "Ana and someone in #garden"),
        (TopicKey.subject(SERVER, "Runner Beans"), "runner-beans"),
        (TopicKey.emoji(SERVER, 7), ":sprout:"),
        (TopicKey.emoji(SERVER, 8), ":8:"),
        (TopicKey.role(SERVER, 5), "the role 5"),
        (TopicKey.self_topic(), "Zos"),
    ],
)
def test_topics_are_called_as_people_call_them(topic: TopicKey, title: str) -> None:
    assert title_of(topic, {ANA: "Ana"}, {10: "garden"}, GATHERED) == title
