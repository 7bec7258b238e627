"""What all tables share: metadata with named constraints, and time as whole microseconds.

Times are stored as BIGINT microseconds since 1970 UTC on both databases, so that comparison,
indexing and the decay arithmetic are the same SQL everywhere. Python sees aware datetimes.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import BigInteger, Dialect, Integer, MetaData, TypeDecorator

MICRO = 1_000_000
"""Whole units per salience point and per US dollar in the tables."""

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Identity = BigInteger().with_variant(Integer(), "sqlite")
"""A 64-bit key that SQLite numbers by itself (only INTEGER PRIMARY KEY does)."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def to_micros(moment: datetime) -> int:
    """Return whole microseconds since 1970 UTC of an aware `moment`."""
    return (moment - _EPOCH) // _MICROSECOND


def from_micros(value: int) -> datetime:
    """Return the aware UTC time `value` microseconds after 1970."""
    return _EPOCH + timedelta(microseconds=value)


class UtcDateTime(TypeDecorator[datetime]):
    """An aware datetime, stored as microseconds since 1970 UTC."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, _dialect: Dialect) -> int | None:
        """Turn a time into what is stored."""
        return None if value is None else to_micros(value)

    def process_result_value(self, value: int | None, _dialect: Dialect) -> datetime | None:
        """Turn what is stored into a time."""
        return None if value is None else from_micros(value)
