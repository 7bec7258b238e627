"""What is left of a query: bare words."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zos.insights.terms import MAX_TERMS, query_terms


@pytest.mark.parametrize(
    ("query", "terms"),
    [
        ("How do I mount the USB disk?", ("mount", "usb", "disk")),
        ("don't, DONT, don’t", ()),
        ("Ann's garden and the dogs' house", ("ann", "garden", "dogs", "house")),
        ("node.js or dist-upgrade... x_y_", ("node.js", "dist-upgrade", "x_y")),
        ('"quoted" (nested) NEAR(a b) col:value ^first pre* -minus', (
            "quoted", "nested", "near", "b", "col", "value", "first", "pre", "minus",
        )),
        ("tea tea TEA", ("tea",)),
        ("写真、動画 про кота हिन्दी", ("写真", "動画", "про", "кота", "हिन्दी")),
        ("cafe\u0301", ("café",)),
        ("a\x00b\ud800c", ("b", "c")),
        ("the of and", ()),
        ("!?… 🍅", ()),
        ("", ()),
    ],
)  # fmt: skip
def test_the_words_of_a_query(query: str, terms: tuple[str, ...]) -> None:
    assert query_terms(query) == terms


def test_a_long_query_keeps_its_first_words_and_a_long_word_its_beginning() -> None:
    words = [f"word{number}" for number in range(50)]
    assert query_terms(" ".join(words)) == tuple(words[:MAX_TERMS])
    assert query_terms("x" * 500) == ("x" * 64,)


@given(st.text())
def test_whatever_is_asked_terms_are_few_bare_and_different(query: str) -> None:
    terms = query_terms(query)
    assert len(terms) <= MAX_TERMS
    assert len(set(terms)) == len(terms)
    for term in terms:
        assert 0 < len(term) <= 64
        assert all(char in "'._-" or unicodedata.category(char)[0] in "LMN" for char in term)
        assert any(unicodedata.category(char)[0] in "LMN" for char in term)
