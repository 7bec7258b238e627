from __future__ import annotations

import pytest

from zos.llm.tokens import estimate_tokens


@pytest.mark.parametrize(
    ("text", "tokens"), [("", 0), ("a", 1), ("abcd", 1), ("abcde", 2), ("日本", 2), ("abcd🌱", 2)]
)
def test_tokens_are_quarters_of_ascii_and_whole_other_characters(text: str, tokens: int) -> None:
    assert estimate_tokens(text) == tokens
