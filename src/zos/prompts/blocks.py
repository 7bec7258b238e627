"""How untrusted text stands in a prompt: inside blocks that it cannot close, or cut to one line.

In: text that members wrote or models answered. Out: `Trusted` text, which templates print as it is;
every other string a template prints goes through `inline` first.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Callable

_CODE_LENGTH = 16
_LOOKALIKE = re.compile(r"<(?=\s*/?\s*data\b)", re.IGNORECASE)
_INLINE_LENGTH = 200
_UNUSUAL = re.compile(r"[^\n -~]")
_JOINER = "\u200d"  # within emoji
_INDENT = "\n    "


class Trusted(str):
    """Text that may stand in a prompt as it is: a template's own words, an operator's, or a block."""

    __slots__ = ()


def data_block(kind: str, text: str) -> Trusted:
    """Return `text` between tags that it does not contain and cannot imitate.

    The tags carry a code made from the text: the same text always gives the same prompt, which
    providers can cache and records can compare, and no text holds its own code.

    Args:
        kind: A plain word for what it is, such as `messages`.
        text: Anything.
    """
    body = _LOOKALIKE.sub("‹", without_controls(text))
    code = free_code(body)
    return Trusted(f"<data-{code} {kind}>\n{body}\n</data-{code}>")


def code_of(text: str) -> str:
    """Return 64 bits of the SHA-256 of `text`, as 16 hexadecimal digits."""
    return hashlib.sha256(text.encode()).hexdigest()[:_CODE_LENGTH]


def free_code(text: str, code_of: Callable[[str], str] = code_of) -> str:
    """Return the first code of `text`, of that code with `text`, and so on, that `text` does not hold."""
    code = code_of(text)
    while code in text:
        code = code_of(code + text)
    return code


def inline(text: str) -> str:
    """Return `text` as one line of at most 200 characters without anything like a tag or a control."""
    line = " ".join(without_controls(text).split())
    line = line.replace("<", "‹").replace(">", "›")
    return line if len(line) <= _INLINE_LENGTH else line[: _INLINE_LENGTH - 1] + "…"


def indented(text: str) -> str:
    """Return `text` with its second and later lines indented, so that none can pass for an item of its own."""
    return _INDENT.join(text.splitlines())


def without_controls(text: str) -> str:
    """Return `text` without control and invisible format characters; lines stay lines."""
    return _UNUSUAL.sub(lambda found: _shown(found[0]), text.replace("\r\n", "\n"))


def _shown(char: str) -> str:
    if char == _JOINER:
        return char
    match unicodedata.category(char):
        case "Zl" | "Zp":
            return "\n"
        case "Cc":
            return "\n" if char in "\r\v\f\x85" else " "
        case "Cf" | "Cs" | "Co":
            return ""
        case _:
            return char
