from __future__ import annotations

import pytest

from zos.reflect.words import alike, runs_of, words_of


def test_words_are_folded_and_keep_their_apostrophes() -> None:
    assert words_of("Don’t WATER—the straße!") == ["don’t", "water", "the", "strasse"]


def test_runs_are_of_four_words_and_do_not_cross_texts() -> None:
    assert runs_of(["a b c d e", "x y z"]) == {("a", "b", "c", "d"), ("b", "c", "d", "e")}


@pytest.mark.parametrize(
    ("one", "other", "share"),
    [("a b", "B A!", 1.0), ("a b c", "a", 1 / 3), ("a", "b", 0), ("", "", 1)],
)
def test_likeness_is_the_share_of_words_in_common(one: str, other: str, share: float) -> None:
    assert alike(one, other) == share
