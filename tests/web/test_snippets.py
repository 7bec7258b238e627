"""What is shown of a text that was found."""

from __future__ import annotations

import pytest

from zos.insights.terms import query_terms
from zos.web.snippets import Snippet, snippet


def shown(text: str, query: str, *, lines: int = 3, characters: int = 280) -> Snippet:
    return snippet(text, query_terms(query), lines=lines, characters=characters)


def marked(found: Snippet) -> list[str]:
    return [
        "".join(f"[{one.text}]" if one.is_found else one.text for one in line)
        for line in found.lines
    ]


@pytest.mark.parametrize(
    ("text", "query", "wanted"),
    [
        ("Roses and thorns", "rose THORN", "[Roses] and [thorns]"),
        ("no spaces: 番茄幼苗在温室里", "番茄幼苗", "no spaces: [番茄幼苗]在温室里"),
        ("Enid’s barrow", "enid's", "[Enid’s] barrow"),
        ("node.js, not nodes", "node.js", "[node.js], not nodes"),
        ("cat, cats, catalogue", "cat", "[cat], [cats], catalogue"),
        ("over the ovens, into an oven", "ovens", "over the [ovens], into an [oven]"),
        ("gardened, gardens, garlic", "gardening", "[gardened], [gardens], garlic"),
        ("<b>roses</b>", "roses", "<b>[roses]</b>"),
    ],
)
def test_words_are_marked_whatever_their_ending(text: str, query: str, wanted: str) -> None:
    assert marked(shown(text, query)) == [wanted]


def test_the_lines_with_most_of_the_words_are_shown_in_their_order() -> None:
    found = shown("nothing\nroses\n\nnothing\nroses and thorns", "roses thorns", lines=2)
    assert marked(found) == ["[roses]", "[roses] and [thorns]"]
    assert found.more == 2


def test_a_long_line_is_cut_around_the_first_word_that_is_found() -> None:
    line = "x " * 300 + "roses " + "y " * 300
    (only,) = marked(shown(line, "roses", characters=120))
    assert only.startswith("…")
    assert only.endswith("…")
    assert "[roses]" in only
    assert len(only) < 130


def test_a_text_in_which_no_word_is_found_is_shown_from_its_beginning() -> None:
    assert marked(shown("nothing of that", "roses")) == ["nothing of that"]
    assert marked(shown("", "roses")) == []
