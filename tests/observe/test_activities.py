from __future__ import annotations

from datetime import timedelta
from itertools import permutations

from tests.observe.exports import CHANNEL, SERVER, START

from zos.observe.activities import Surroundings, in_order, opened
from zos.observe.community.store import Space, Thread
from zos.observe.content import Details
from zos.observe.messages.store import Place

HERE = Place(7, SERVER, CHANNEL, 11)
WORDS = Details("More soup", (12,), (), (), has_media=False)


def test_what_happens_at_one_moment_has_one_order() -> None:
    around = Surroundings({})
    told = [
        opened(Thread(7, SERVER, CHANNEL, START, 11)),
        around.written(HERE, START, WORDS, None, is_bot=False),
        around.reacted(HERE, START, None, 12),
        around.reacted(HERE, START, None, 13),
        around.reacted(HERE, START, 801, 12),
        around.written(Place(8, SERVER, CHANNEL, 11), START, WORDS, None, is_bot=False),
        around.written(
            Place(1, SERVER, CHANNEL, 11), START + timedelta(1), WORDS, None, is_bot=False
        ),
    ]

    for turned in list(permutations(told))[::97]:
        assert in_order(turned) == told


def test_an_activity_knows_its_space_and_the_subjects_it_names() -> None:
    around = Surroundings(
        spaces={CHANNEL: Space(is_thread=True, parent_id=5)},
        subjects={SERVER: frozenset({"soup", "bread"})},
    )

    one = around.written(HERE, START, WORDS, 13, is_bot=False)

    assert (one.is_thread, one.parent_id, one.subject_names) == (True, 5, ("soup",))
    assert (one.reply_to_author_id, one.mention_ids) == (13, (12,))


def test_a_direct_message_names_no_subject() -> None:
    around = Surroundings({}, {SERVER: frozenset({"soup"})})

    one = around.written(Place(7, None, CHANNEL, 11), START, WORDS, None, is_bot=False)

    assert one.subject_names == ()
