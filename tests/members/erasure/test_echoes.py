from __future__ import annotations

import pytest

from zos.members.erasure.echoes import Echoes

SAID = Echoes(["I keep bees on the roof", "Yes!"], ["Ann", "ann b.", "X"])


@pytest.mark.parametrize(
    "text",
    [
        "They KEEP bees, on the roof of all places",
        "keep bees on the",
        "yes",
        "Then ann said no",
        "(Ann B.) waves",
        "ANN",
    ],
)
def test_words_of_theirs_and_their_names_are_found(text: str) -> None:
    assert SAID(text)


@pytest.mark.parametrize(
    "text", ["Bees are kept on roofs", "yes, bees", "Annabel waves", "X marks it", "", "Joann"]
)
def test_other_words_are_not(text: str) -> None:
    assert not SAID(text)


def test_without_anything_said_nothing_is_found() -> None:
    assert not Echoes()("Anything at all")
