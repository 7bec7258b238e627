"""Identifiers: Discord snowflakes as integers, our own rows as ULIDs.

A ULID (Crockford base 32, 26 characters) sorts by its creation time, which is passed in; within
one millisecond, those of one process sort in the order in which they were made.
"""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta
from typing import NewType

ServerId = NewType("ServerId", int)
ChannelId = NewType("ChannelId", int)
MemberId = NewType("MemberId", int)
MessageId = NewType("MessageId", int)

ERASED_OPERATOR = "discord:erased"
"""What stands for an operator on Discord who was erased."""

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_RANDOM_BITS = 80
_ULID_LENGTH = 26
_UNIX_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DISCORD_EPOCH = datetime(2015, 1, 1, tzinfo=UTC)
_SNOWFLAKE_TIME_SHIFT = 22
_latest: dict[int, int] = {}  # the millisecond of the last ULID, and its value


def discord_operator(user_id: int) -> str:
    """Return what an operator on Discord is recorded as: no name, which would outlive an erasure."""
    return f"discord:{user_id}"


def new_ulid(now: datetime) -> str:
    """Return a fresh ULID whose time part is `now` (aware, 1970 or later; millisecond resolution)."""
    milliseconds = (now - _UNIX_EPOCH) // timedelta(milliseconds=1)
    value = max(
        (milliseconds << _RANDOM_BITS) | secrets.randbits(_RANDOM_BITS - 1),
        _latest.get(milliseconds, 0) + 1,
    )
    _latest.clear()
    _latest[milliseconds] = value
    return _text(value)


def ulid_floor(moment: datetime) -> str:
    """Return the least ULID of `moment`'s millisecond: those made from then on are not below it."""
    return _text(((moment - _UNIX_EPOCH) // timedelta(milliseconds=1)) << _RANDOM_BITS)


def _text(value: int) -> str:
    return "".join(
        _ALPHABET[(value >> shift) & 31] for shift in range(5 * (_ULID_LENGTH - 1), -1, -5)
    )


def snowflake_time(snowflake: int) -> datetime:
    """Return the creation time in a Discord id's upper bits (milliseconds since 2015, UTC)."""
    return _DISCORD_EPOCH + timedelta(milliseconds=snowflake >> _SNOWFLAKE_TIME_SHIFT)


def snowflake_floor(moment: datetime) -> int:
    """Return the least id that Discord could have given out at `moment` (aware; from 2015 on)."""
    milliseconds = (moment - _DISCORD_EPOCH) // timedelta(milliseconds=1)
    return max(milliseconds, 0) << _SNOWFLAKE_TIME_SHIFT
