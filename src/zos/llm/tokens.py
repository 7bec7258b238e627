"""How many tokens a text will be, guessed without a tokeniser.

In: text. Out: a whole number of tokens. Byte-pair tokenisers spend about one token on four
characters of English and about one on each character of other scripts and emoji.
"""

from __future__ import annotations

ASCII_CHARACTERS_PER_TOKEN = 4


def estimate_tokens(text: str) -> int:
    """Return the estimated tokens of `text`: ASCII characters / 4, rounded up, and one for each other."""
    other = 0 if text.isascii() else sum(1 for char in text if ord(char) > 127)
    return -(-(len(text) - other) // ASCII_CHARACTERS_PER_TOKEN) + other
