from __future__ import annotations

import unicodedata
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zos.core import names as the_names
from zos.core.names import NameFinder, telling_word, words_in, words_of_name


def standing(text: str, *names: str) -> list[str]:
    """What stands in `text` of people of these names."""
    finder = NameFinder(map(words_of_name, names))
    return [text[one.start : one.end] for one in finder.find(text)]


@pytest.mark.parametrize(
    ("name", "text", "found"),
    [
        ("Bo", "bo, BO and Bo's bobsled, rainbow, bo_x", ["bo", "BO", "Bo", "bo"]),
        ("quill", "_quill_ __quill__ _Quill", ["quill", "quill", "Quill"]),
        ("__quill", "quill, @_quill_", ["quill", "@_quill"]),
        (
            "quill",
            "qu\u200bill qu\xadill \ufeffquill\u2060",
            ["qu\u200bill", "qu\xadill", "quill\u2060"],
        ),
        (
            "quill",
            "q\u20ddu\u1dc4ill q\u034fuill qu\u3164ill",
            ["q\u20ddu\u1dc4ill", "q\u034fuill", "qu\u3164ill"],
        ),
        ("qu\u200bill", "quill", ["quill"]),
        ("Rosie", "@_Rosie_ @__rosie__ @___rosie", ["@_Rosie", "@__rosie", "@___rosie"]),
        (
            "dark___angel",
            "dark\\_\\_\\_angel, @__dark___angel",
            ["dark\\_\\_\\_angel", "@__dark___angel"],
        ),
        ("._a_._b...c", "a_._b...c @.\\_a\\_.\\_b...c", ["a_._b...c", "@.\\_a\\_.\\_b...c"]),
        ("Cy Young", "Cy... Young, Cy___ __Young, Cy, so Young", ["Cy___ __Young"]),
        ("joan_of_arc", "joan\\_of\\_arc, Joan of Arc", ["joan\\_of\\_arc", "Joan of Arc"]),
        ("joan.of.arc", "joan__of__arc joan___of_arc", ["joan__of__arc", "joan___of_arc"]),
        ("İpek", "ipek IPEK İPEK", ["ipek", "IPEK", "İPEK"]),
        ("Cy Young", "cy young, Cy-Young; Cy, and Young", ["cy young", "Cy-Young"]),
        ("Cy Young", "Cy\nYoung", []),
        ("Cy 🌸 Young", "Cy 🌸 Young, Cy -- Young; Cy ?! Young", ["Cy 🌸 Young", "Cy -- Young"]),
        ("🌸 Rosie", "Rosie 🌸", ["Rosie"]),
        ("Rosie (she/her)", "Rosie | she", ["Rosie"]),
        ("[MOD] Rosie", "mod rosie", ["rosie"]),
        ("Rosie | UTC+2", "@Rosie, UTC", ["@Rosie"]),
        ("bo", "@bo: mail x@bo", ["@bo", "@bo"]),
        ("Strauß", "STRAUSS", ["STRAUSS"]),
        ("José", "Jose\u0301, Jose, JOSÉ", ["Jose\u0301", "Jose", "JOSÉ"]),
        ("𝓑𝓮𝓪", "Bea", ["Bea"]),
        ("Иван", "ивана, иван", ["иван"]),
        ("花子", "花子さんは花屋", ["花子"]),
        ("민수", "민수가 왔다", ["민수"]),
        ("राम", "राम और रामू रम", ["राम"]),
        ("がき", "かき がき", ["がき"]),
        ("กู", "กา กู", ["กู"]),
        ("(x|y)*", "(x|y)* x", ["x|y"]),
        ("💐", "💐", []),
    ],
)
def test_a_name_stands_where_its_words_do(name: str, text: str, found: list[str]) -> None:
    assert standing(text, name) == found


def test_of_two_names_the_longer_stands() -> None:
    assert standing("Cy Young, Cy", "Cy", "Cy Young") == ["Cy Young", "Cy"]


def test_a_name_is_looked_up_by_its_longest_word() -> None:
    assert telling_word("the Real Shady!") == "shady"
    assert telling_word("🌸 ...") is None


@given(st.text(max_size=90), st.text(max_size=9), st.text(max_size=9))
def test_whatever_stands_in_a_text_is_found_by_look_up(name: str, before: str, after: str) -> None:
    text = f"{before}{name}{after}"
    if standing(text, name):
        assert telling_word(name) in words_in([text])


def test_many_who_are_called_alike_do_not_slow_a_search_down() -> None:
    def seconds(people: int) -> float:
        finder = NameFinder(("quokkafan", str(number)) for number in range(people))
        before = process_time()
        assert [*finder.find("quokkafan x " * 1_000)] == []
        return process_time() - before

    assert min(seconds(1_600) for _ in range(3)) < 8 * min(seconds(16) for _ in range(3))


def test_many_marks_in_a_row_do_not_slow_a_search_down() -> None:
    def seconds(marks: int) -> float:
        text = "a" + "\u0315\u0300\u094d\u093c" * marks
        before = process_time()
        assert words_in([text])
        return process_time() - before

    assert min(seconds(8_000) for _ in range(3)) < 32 * min(seconds(500) for _ in range(3))


@given(st.text(st.characters(categories=["L", "M", "S"]), max_size=20))
def test_letters_are_decomposed_as_unicode_says(text: str) -> None:
    for some in (text, text * 30):
        assert the_names._decomposed(some) == unicodedata.normalize("NFKD", some)


def test_long_words_and_names_are_not_kept() -> None:
    before = [one.cache_info().currsize for one in (the_names._fold, the_names._words_of)]
    long = "я" * 5_000
    assert words_of_name(long) == (long,)
    assert words_in([long]) == {long[:64]}
    assert [one.cache_info().currsize for one in (the_names._fold, the_names._words_of)] == before
