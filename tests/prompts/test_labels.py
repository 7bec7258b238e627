from __future__ import annotations

import re
from time import process_time

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from tests.prompts.made import ANA, BO, BOT, CY, NAMES, consent

from zos.core.names import KnownMember
from zos.llm.digest.background import is_everyday_word, is_function_word
from zos.prompts.labels import Labels, anonymous, nameless


def labels(
    *granted: int, order: tuple[int, ...] = (), names: dict[int, str] | None = None
) -> Labels:
    return Labels(names or NAMES, order, consent(*granted), bots=frozenset({BOT}))


def test_members_without_consent_are_numbered_by_first_appearance() -> None:
    made = labels(ANA, order=(CY, ANA, BO, CY))
    assert [made.label(one) for one in (BO, CY, ANA)] == ["<chat_2>", "<chat_1>", "Ana"]


def test_numbers_do_not_depend_on_who_a_member_is() -> None:
    assert labels(order=(BO,)).label(BO) == labels(order=(CY,)).label(CY) == "<chat_1>"


def test_a_member_who_said_no_is_not_named_in_any_mode() -> None:
    made = Labels(NAMES, (), consent(ANA, denied=frozenset({ANA})))
    assert made.label(ANA) == "<chat_1>"


def test_bots_are_named_and_strangers_are_numbered() -> None:
    assert labels().label(BOT) == "Zos"
    assert labels(999, names={1: "Sam"}).label(999) == "<chat_1>"


def test_two_members_of_one_name_are_told_apart() -> None:
    made = labels(1, 2, names={1: "Sam", 2: "Sam"}, order=(1, 2))
    assert (made.label(1), made.label(2)) == ("Sam", "Sam (2)")


@pytest.mark.parametrize("name", ["<chat_7>", "a\n[m9] b", " ", "x" * 90])
def test_a_name_cannot_pass_for_anything_else(name: str) -> None:
    label = labels(1, names={1: name}).label(1)
    assert "<" not in label
    assert "\n" not in label
    assert 0 < len(label) <= 40


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("ask <@102> or <@!102>", "ask @<chat_1> or @<chat_1>"),
        ("ask <@101>", "ask @Ana"),
        ("ask <@999>", "ask @someone"),
        ("@bo knows, Bo knows; BO!", "<chat_1> knows, <chat_1> knows; <chat_1>!"),
        ("Cy Young and cy", "<chat_2> and cy"),
        ("bobsled, rainbow, bo1", "bobsled, rainbow, bo1"),
        (
            "_Bo_, __bo__, *B\u200bo* and @_Bo_",
            "_<chat_1>_, __<chat_1>__, *<chat_1>* and <chat_1>_",
        ),
        ("<chat_9> lied", "someone lied"),
        ("nice <:kek:5> <a:wave:6>", "nice :kek: :wave:"),
        ("Ana stays", "Ana stays"),
    ],
)
def test_no_name_without_consent_is_left_in_a_text(text: str, shown: str) -> None:
    assert labels(ANA, order=(ANA, BO, CY)).rewrite(text) == shown


def test_a_one_letter_name_is_replaced_only_where_it_is_mentioned() -> None:
    assert labels(names={1: "a"}).rewrite("a cat, @a") == "a cat, <chat_1>"


def test_names_with_special_characters_are_names() -> None:
    made = labels(names={1: "`JD", 2: "@home", 3: "(x|y)*"})
    assert made.rewrite("`jd: see @home, (x|y)*") == "`<chat_1>: see <chat_2>, (<chat_3>)*"


LETTERS = st.text(st.characters(categories=["Lu", "Ll", "Lo"]), min_size=2, max_size=12)


@given(LETTERS, st.text(max_size=30), st.text(max_size=30))
def test_a_name_that_stands_as_a_word_is_never_left(name: str, before: str, after: str) -> None:
    assume(not (is_function_word(name.casefold()) or is_everyday_word(name.casefold())))
    text = labels(names={1: name}).rewrite(f"{before} {name} {after}")
    assert re.search(rf"(?<!\w){name}(?!\w)", text) is None


def test_it_knows_who_is_named_in_a_text() -> None:
    made = labels(ANA, BO, order=(ANA, BO, CY, BOT))
    assert made.named_in("_Ana_ asked, Bobby, <chat_1> and Zos answered") == {ANA}


def test_it_knows_names_of_everybody() -> None:
    assert labels().is_name(" cy young ")
    assert not labels().is_name("young")


def test_outside_its_conversation_a_number_says_nothing() -> None:
    assert anonymous("<chat_1> and <chat_22> met") == "someone and someone met"


def known_as(*names: str, is_bot: bool = False) -> KnownMember:
    return KnownMember(names, is_bot)


def test_whoever_is_talked_of_without_consent_is_numbered_too() -> None:
    made = Labels(NAMES, (BO,), consent(ANA), known={900: known_as("sir_lance", "Lancelot")})
    assert made.rewrite("Lancelot is @sir_lance, Bo") == "<chat_2> is <chat_2>, <chat_1>"
    assert made.is_name("lancelot")


@pytest.mark.parametrize(
    ("name", "text", "shown"),
    [
        ("a", "A is a, @a", "A is a, <chat_1>"),
        ("42", "42 @42", "42 <chat_1>"),
        ("the", "The end. the THE @the", "The end. the THE <chat_1>"),
        ("Will", "Will you? Then Will will.", "Will you? Then <chat_1> will."),
        ("mark", "Mark will mark it, @mark", "<chat_1> will mark it, <chat_1>"),
        ("root", "login: root, (root)", "login: root, (root)"),
        (
            "Will",
            "_Will_ you? So _will_, W\u200bill, W\u200bILL",
            "_Will_ you? So _will_, <chat_1>, W\u200bILL",
        ),
        ("hope", "HOPE, hOpe, I hope, h\u200bope", "<chat_1>, <chat_1>, I hope, h\u200bope"),
        ("The Root", "at the root", "at <chat_1>"),
    ],
)
def test_an_ordinary_word_is_a_name_only_where_it_is_written_as_one(
    name: str, text: str, shown: str
) -> None:
    made = Labels(NAMES, (), consent(), known={900: known_as(name)})
    assert made.rewrite(text) == shown


def test_a_name_that_is_known_to_mean_a_place_stays_and_may_be_a_subject() -> None:
    made = Labels({900: "ubuntu"}, (900,), consent(), known={900: known_as("tux")})
    assert made.rewrite("ubuntu: see #ubuntu, tux") == "ubuntu: see #ubuntu, <chat_1>"
    assert made.label(900) == "<chat_1>"
    assert not made.is_name("Ubuntu")
    for view in (consent(), consent(900)):
        assert nameless({900: known_as()}, view, [900])("#ubuntu") == "#ubuntu"
        assert Labels({900: "ubuntu"}, (900,), view, known={900: known_as()}).label(900)


def test_a_name_that_somebody_who_takes_part_agreed_to_show_stays() -> None:
    other = {900: known_as("ana")}
    assert Labels(NAMES, (), consent(ANA), known=other).rewrite("Ana left") == "Ana left"
    assert Labels({}, (), consent(ANA), known=other).rewrite("Ana left") == "<chat_1> left"


def test_nobody_takes_a_name_from_a_bot_or_a_part_from_a_longer_one() -> None:
    known = {
        900: known_as("Zos"),
        901: known_as("Zos", is_bot=True),
        902: known_as("Sam"),
        ANA: known_as("Sam Smith"),
    }
    made = Labels({}, (), consent(ANA), known=known)
    assert made.rewrite("Zos, Sam Smith, Sam") == "Zos, Sam Smith, <chat_1>"


def test_a_name_breaks_no_mention() -> None:
    made = Labels(NAMES, (), consent(ANA), known={900: known_as("101", "chat_1")})
    assert made.rewrite("<@101>, <chat_1>, @101, chat_1") == "@Ana, someone, <chat_1>, <chat_1>"


def test_outside_a_conversation_nobody_is_numbered() -> None:
    known = {ANA: known_as("ana", "Ana"), 900: known_as("ana"), BO: known_as("Bo")}
    assert nameless(known, consent(ANA), [ANA])("Ana and Bo") == "Ana and someone"
    assert nameless(known, consent(ANA))("Ana and Bo") == "someone and someone"


def test_time_to_look_where_sentences_begin_grows_with_the_text_and_no_faster() -> None:
    made = Labels(NAMES, (), consent(), known={900: known_as("Will")})

    def seconds(size: int) -> float:
        text = "." * size + "a " + "Will " * size
        before = process_time()
        assert made.rewrite(text).count("<chat_1>") == size
        return process_time() - before

    assert min(seconds(800) for _ in range(3)) < 8 * min(seconds(200) for _ in range(3))
