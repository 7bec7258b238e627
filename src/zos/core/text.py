"""Text on its way to a terminal: people wrote it, so it may hold more than letters."""

from __future__ import annotations

_REPLACEMENT = "\ufffd"
_CONTROLS = {*range(0x20), *range(0x7F, 0xA0)} - {ord("\n"), ord("\t")}
# Overrides and isolates of the writing direction can make a line read as what it does not say.
_DIRECTIONS = {*range(0x202A, 0x202F), *range(0x2066, 0x206A)}
_STEERING = dict.fromkeys(_CONTROLS | _DIRECTIONS, _REPLACEMENT)


def printable(text: str) -> str:
    """Return `text` with everything that could steer a terminal replaced; line breaks and tabs stay."""
    return text.translate(_STEERING)
