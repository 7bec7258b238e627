"""Subjects, pairs, quotes and open questions, each on its own."""

from __future__ import annotations

from tests.llm.conftest import about, said

from zos.llm.digest.pairs import find_pairs
from zos.llm.digest.quotes import best_quotes, open_questions, quote_scores, similar
from zos.llm.digest.subjects import find_subjects, name_known
from zos.llm.digest.words import Reading, read_items


def read(*lines: tuple[str, str]) -> list[Reading]:
    return read_items(about(*lines).items)


def subjects(*lines: tuple[str, str]) -> list[str]:
    return [subject.name for subject in find_subjects(read(*lines), [who for who, _ in lines], 5)]


def test_a_subject_needs_two_authors() -> None:
    assert subjects(("ada", "slugs again"), ("ada", "more slugs"), ("bo", "hm")) == []
    assert subjects(("ada", "slugs again"), ("bo", "more slugs")) == ["slugs"]


def test_everyday_words_are_no_subject() -> None:
    assert subjects(("ada", "good people came today"), ("bo", "people were good today")) == []


def test_two_words_that_go_together_are_one_subject_in_their_commonest_spelling() -> None:
    assert subjects(
        ("ada", "the raised beds froze"),
        ("bo", "my raised bed too"),
        ("cleo", "Raised beds need straw"),
    ) == ["raised beds"]


def test_a_word_that_lives_apart_from_its_pair_is_a_subject_of_its_own() -> None:
    found = subjects(
        ("ada", "the raised beds froze"),
        ("bo", "my raised beds"),
        ("cleo", "slugs in the beds"),
        ("dee", "beds of straw"),
        ("eve", "nobody weeds the beds"),
    )
    assert "beds" in found
    assert "raised" not in found


def test_dates_numbers_and_units_are_no_subject() -> None:
    assert subjects(("ada", "eighteen on Monday"), ("bo", "Monday, eighteen, in October")) == []
    assert subjects(("ada", "doors in 40 min"), ("bo", "back in 20 min")) == []


def test_words_of_the_same_messages_are_one_subject() -> None:
    assert len(subjects(("ada", "nematode hatchery"), ("bo", "a hatchery for nematode eggs"))) == 1


def test_names_are_no_subject() -> None:
    lines = ("zoltan", "hi there"), ("bo", "zoltan, look"), ("ada", "zoltan is right")
    assert subjects(*lines) == []


def test_one_loud_message_makes_no_subject() -> None:
    assert subjects(("ada", "kale kale kale kale"), ("bo", "lunch was fine")) == []


def test_the_known_subject_that_most_messages_name_is_preferred() -> None:
    readings = read(
        ("ada", "raised beds and kale"), ("bo", "one raised bed"), ("ada", "kale"), ("bo", "beds")
    )
    assert name_known(readings, ["kale", "raised-beds", "oca"]) == "raised-beds"
    assert name_known(readings, ["kale", "oca"]) is None, "only ada says kale"


def test_pairs_count_replies_and_mentions_both_ways() -> None:
    readings = read_items(
        [
            said(1, "ada", "who has straw"),
            said(2, "bo", "me", reply_to="m1"),
            said(3, "ada", "great", reply_to="m2", mentions=("bo",)),
            said(4, "bo", "come over", mentions=("ada", "cleo")),
        ]
    )
    (pair,) = find_pairs(readings, 3)
    assert (pair.one, pair.other, pair.forth, pair.back) == ("bo", "ada", 2, 1)
    assert [reading.item.ref for reading in pair.readings] == ["m2", "m3", "m4"]


def test_nobody_without_consent_and_no_bot_is_in_a_pair() -> None:
    readings = read_items(
        [
            said(1, "<chat_1>", "straw"),
            said(2, "helper", "rain tomorrow", is_bot=True),
            *(said(n, "ada", "yes", reply_to="m1", mentions=("helper",)) for n in (3, 4, 5)),
            *(said(n, "<chat_1>", "no", mentions=("ada",)) for n in (6, 7)),
            *(said(n, "helper", "hello", is_bot=True, mentions=("ada",)) for n in (8, 9)),
            *(said(n, "bo", "hm", mentions=("bo", "<chat_1>")) for n in (10, 11)),
        ]
    )
    assert find_pairs(readings, 3) == []


def quotes(*lines: tuple[str, str]) -> list[str]:
    readings = read(*lines)
    return [each.text for each in best_quotes(readings, quote_scores(readings), [], 3)]


def test_what_is_rare_personal_and_dated_is_quoted_first() -> None:
    assert quotes(
        ("ada", "the weather is so nice, so nice, really nice weather"),
        ("bo", "I sowed parsnips behind our shed on Saturday at 7"),
        ("cleo", "somebody sowed parsnips behind the shed over there"),
    )[0].startswith("I sowed")


def test_near_duplicates_are_quoted_once() -> None:
    assert (
        len(quotes(("ada", "my kale froze last night"), ("bo", "my kale froze last night!"))) == 1
    )
    assert similar(frozenset(), frozenset())
    assert not similar(frozenset({"a"}), frozenset())


def test_commands_and_short_words_are_not_quoted() -> None:
    assert quotes(("ada", "!play some very loud music please"), ("bo", "kale yes")) == []


def test_a_question_is_open_until_somebody_takes_it_up() -> None:
    question = said(1, "ada", "Where do you buy nematodes?")
    asked = read_items([question])
    assert open_questions(asked, 3) == asked
    answers = {
        "a reply": said(2, "bo", "online", reply_to="m1"),
        "a mention": said(2, "bo", "online", mentions=("ada",)),
        "the same word": said(2, "bo", "nematodes are sold at the market"),
    }
    for answer in answers.values():
        assert open_questions(read_items([question, answer]), 3) == []
    for other in (
        said(2, "ada", "nobody?", reply_to="m1"),
        said(2, "helper", "nematodes", is_bot=True, reply_to="m1"),
        said(2, "bo", "you people"),
    ):
        assert open_questions(read_items([question, other]), 3)[0].item is question


def test_bots_links_and_the_unquotable_ask_nothing() -> None:
    readings = read_items(
        [
            said(1, "helper", "Who likes nematodes here?", is_bot=True),
            said(2, "ada", "https://a.example/what-about-nematodes?"),
            said(3, "<chat_1>", "Who sells cheap parsnips here?"),
            said(4, "bo", "Anyone selling oca tubers?", quotable=False),
            said(5, "cleo", "who? me?"),
            said(6, "cleo", "what is it with you all?"),
        ]
    )
    assert open_questions(readings, 9) == []


def test_the_latest_questions_are_kept_in_order_and_once() -> None:
    readings = read(
        ("ada", "Who sells parsnips?"),
        ("bo", "Where is the compost?"),
        ("cleo", "When does kale bolt?"),
        ("bo", "Where is the compost?!"),
    )
    assert [each.item.ref for each in open_questions(readings, 2)] == ["m3", "m4"]
