from __future__ import annotations

import pytest
from tests.llm.conftest import about, said

from zos.llm.digest.background import is_function_word, rate_per_million
from zos.llm.digest.words import clean, is_anonymous, read_items, shorten, stem


@pytest.mark.parametrize(
    ("word", "same"),
    [
        ("beds", "bed"),
        ("berries", "berry"),
        ("boxes", "box"),
        ("dishes", "dish"),
        ("glasses", "glass"),
        ("ada's", "ada"),
        ("ada’s", "ada"),
    ],
)
def test_plurals_and_possessives_are_the_same_word(word: str, same: str) -> None:
    assert stem(word) == same


@pytest.mark.parametrize("word", ["glass", "bus", "cactus", "basis", "gas", "is", "bed"])
def test_other_words_stay_as_they_are(word: str) -> None:
    assert stem(word) == word


def test_markup_code_links_and_mentions_are_no_words() -> None:
    text = "<@123> <:kale:456> see https://a.example/slug?x=1 ```print(beans)``` @everyone <chat_2> soup"
    (reading,) = read_items(about(("ada", text)).items)
    assert reading.words == ("see", "soup")
    assert reading.has_link


def test_phrases_end_at_punctuation_and_function_words_leave_a_gap() -> None:
    (reading,) = read_items([said(1, "ada", "Raised beds, and copper tape of the shed")])
    assert reading.phrases == (("raised", "bed"), ("", "copper", "tape", "", "", "shed"))
    assert reading.stems == {"raised", "bed", "copper", "tape", "shed"}


def test_text_is_shown_on_one_line_without_hidden_signs() -> None:
    shown = clean("one\ntwo\u202e\u200b <@5> <@&6> <#7> <a:party:8> <chat_3> \ud83d👩\u200d🌾")
    assert shown == "one two @someone @role #channel :party: someone 👩\u200d🌾"


def test_text_is_cut_between_words() -> None:
    assert shorten("one two three", 13) == "one two three"
    assert shorten("one two three", 12) == "one two …"
    assert shorten("abcdefghij", 6) == "abcde …"[:6]


@pytest.mark.parametrize(
    ("label", "anonymous"), [("<chat_1>", True), ("<chat_x>", False), ("chat_1", False)]
)
def test_labels_of_those_without_consent_are_known(label: str, anonymous: bool) -> None:
    assert is_anonymous(label) is anonymous


def test_common_words_are_common() -> None:
    assert is_function_word("the")
    assert is_function_word("nicht")
    assert is_function_word("don’t")
    assert not is_function_word("compost")
    assert rate_per_million("people") > rate_per_million("garden") > rate_per_million("nematode")
