"""What people wrote cannot steer the terminal it is shown on."""

from __future__ import annotations

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from zos.core.text import printable


@given(st.text())
def test_nothing_that_steers_a_terminal_is_left(text: str) -> None:
    left = printable(text)
    assert len(left) == len(text)
    assert not {char for char in left if unicodedata.category(char) == "Cc"} - {"\n", "\t"}
    assert not set(left) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def test_a_colour_code_is_shown_as_what_it_is() -> None:
    assert printable("a\x1b[31mred\x1b]0;title\x07\r\u202egnp.exe") == (
        "a\ufffd[31mred\ufffd]0;title\ufffd\ufffd\ufffdgnp.exe"
    )


def test_letters_of_all_scripts_and_composed_emoji_stay() -> None:
    text = "Grüße, हिन्दी, שלום, می‌خواهم, 👩‍🚀\n\tend"
    assert printable(text) == text
