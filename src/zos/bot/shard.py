"""A shard: one of the sessions that a bot in many servers has at once, and the servers that it is told of. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Shard:
    """One shard of so many.

    Attributes:
        number: From 0.
    """

    number: int = 0
    count: int = 1

    def holds(self, server_id: int | None) -> bool:
        """Return whether it is told of a server; None: of direct messages."""
        return (0 if server_id is None else server_id >> 22) % self.count == self.number


WHOLE = Shard()
"""The one session of a bot that is not sharded."""


def shard_of_session(data: Mapping[str, Any]) -> Shard:
    """Return the shard that a READY begins the session of."""
    number, count = data.get("shard") or (0, 1)
    return Shard(int(number), int(count))
