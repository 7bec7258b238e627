"""`Attempts`: how often a login may be tried and fail, by each client and by all together.

In: clients' addresses. Out: the seconds to wait, if any. Its memory is bounded: the client that has
waited longest is forgotten first.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime
from ipaddress import IPv6Address, ip_address
from math import ceil

from zos.core.clock import Clock

CLIENT_BURST, CLIENT_SECONDS = 5, 20.0
"""So many tries at once, and one more whenever so many seconds have passed."""
GLOBAL_BURST, GLOBAL_SECONDS = 60, 1.0
MAX_CLIENTS = 1_000

_SITE_BITS = 64  # of an IPv6 address: one client has all the rest to choose from


@dataclass(slots=True)
class _Bucket:
    """Tries that are left at a moment."""

    left: float
    at: datetime


class Attempts:
    """Counts tries.

    Args:
        clock: The time.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._all = _Bucket(GLOBAL_BURST, clock.now())
        self._clients: OrderedDict[str, _Bucket] = OrderedDict()

    def take(self, address: str) -> int:
        """Count a try of the client at `address`.

        Returns:
            Whole seconds to wait before it may be made; 0: now, and it is counted.
        """
        own = self._of(address)
        buckets = ((own, CLIENT_BURST, CLIENT_SECONDS), (self._all, GLOBAL_BURST, GLOBAL_SECONDS))
        waits = [self._wait(*each) for each in buckets]
        if any(waits):
            return ceil(max(waits))
        for bucket, _, _ in buckets:
            bucket.left -= 1
        return 0

    def forgive(self, address: str) -> None:
        """Take back a try that did not fail."""
        self._of(address).left += 1
        self._all.left += 1

    def _of(self, address: str) -> _Bucket:
        key = _site(address)
        if key not in self._clients:
            if len(self._clients) >= MAX_CLIENTS:
                self._clients.popitem(last=False)
            self._clients[key] = _Bucket(CLIENT_BURST, self._clock.now())
        self._clients.move_to_end(key)
        return self._clients[key]

    def _wait(self, bucket: _Bucket, burst: int, seconds: float) -> float:
        now = self._clock.now()
        gained = max((now - bucket.at).total_seconds(), 0.0) / seconds
        bucket.left, bucket.at = min(bucket.left + gained, burst), now
        return max(1 - bucket.left, 0.0) * seconds


def _site(address: str) -> str:
    """Return the part of an address that a client cannot choose."""
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(parsed, IPv6Address):
        return str(int(parsed) >> _SITE_BITS)
    return str(parsed)
