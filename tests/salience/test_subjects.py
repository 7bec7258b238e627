"""Known subjects are found in texts, in any case and however their words are joined."""

from __future__ import annotations

import pytest

from zos.salience.subjects import subjects_in

NAMES = frozenset({"sourdough", "rye-flour", "c++", "new-york-deli", "straße"})


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("My Sourdough is flat.", ("sourdough",)),
        ("sourdough, rye  flour & SOURDOUGH", ("sourdough", "rye-flour")),
        ("rye-flour or rye flour?", ("rye-flour",)),
        ("the new york deli", ("new-york-deli",)),
        ("(c++)", ("c++",)),
        ("ＳＯＵＲＤＯＵＧＨ", ("sourdough",)),
        ("sourdoughs and rye", ()),
        ("flour rye", ()),
        ("", ()),
        ("...", ()),
    ],
)
def test_names_are_found_where_their_words_stand_together(text: str, found: tuple[str]) -> None:
    assert subjects_in(text, NAMES) == found


def test_without_names_nothing_is_looked_for() -> None:
    assert subjects_in("sourdough", frozenset()) == ()
