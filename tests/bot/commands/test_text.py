from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from zos.bot.commands.text import cut, fit, in_parts, length, plain

LINES = st.lists(st.text(alphabet="ab 😀", max_size=40), min_size=1, max_size=60)


def test_what_fits_is_not_cut() -> None:
    assert fit(["one", "two"], 7) == "one\ntwo"


def test_what_does_not_fit_is_counted() -> None:
    assert fit(["one", "two", "three", "four"], 17) == "one\n… and 3 more"
    assert fit(["x" * 30], 10) == "x" * 9 + "…"


@given(LINES, st.integers(20, 200))
def test_an_answer_is_never_too_long_and_holds_whole_lines(lines: list[str], limit: int) -> None:
    shown = fit(lines, limit)
    assert length(shown) <= limit
    *kept, last = shown.split("\n")
    assert kept == lines[: len(kept)]
    if shown != "\n".join(lines) and kept:
        assert last == f"… and {len(lines) - len(kept):,} more"


@given(LINES, st.integers(50, 200))
def test_parts_hold_everything_in_order(lines: list[str], limit: int) -> None:
    parts = [*in_parts(lines, limit)]
    assert all(length(part) <= limit for part in parts)
    assert "\n".join(parts) == "\n".join(lines)


def test_a_line_that_is_too_long_for_a_part_is_cut() -> None:
    assert [*in_parts(["a", "b" * 9, "c"], 5)] == ["a", "bbbb…", "c"]
    assert cut("😀😀", 3) == "😀…"


def test_text_of_others_has_no_markup_and_calls_nobody() -> None:
    assert (
        plain("*a*\n@everyone <@111111111111111111>")
        == "\\*a\\* @\u200beveryone <@\u200b111111111111111111>"
    )
