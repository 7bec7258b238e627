"""`zos` on a machine whose clock is wrong: `python stepped_clock.py SECONDS serve …`.

The clock is so many seconds ahead from the start. SIGUSR1 sets it on by `STEP`; SIGUSR2 sets it on
to `LEAD` before the next full minute. Only the two places that read the wall clock see it:
`zos.core.clock` and APScheduler's timer.
"""

from __future__ import annotations

import signal
import sys
from datetime import UTC, datetime, timedelta, tzinfo

import apscheduler.schedulers.base

import zos.core.clock
from zos.cli import main

STEP = timedelta(minutes=40)
LEAD = timedelta(seconds=8)
MINUTE = timedelta(minutes=1)


class SteppedClock(datetime):
    """The machine's clock as somebody has set it."""

    ahead = timedelta(0)

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> SteppedClock:
        return cls.fromtimestamp((datetime.now(tz) + cls.ahead).timestamp(), tz)

    @classmethod
    def step(cls, *_: object) -> None:
        cls.ahead += STEP

    @classmethod
    def approach(cls, lead: timedelta = LEAD) -> None:
        """Set it on to `lead` before the next full minute."""
        now = cls.now(UTC)
        full_minute = now.replace(second=0, microsecond=0) + MINUTE
        cls.ahead += (full_minute - lead - now) % MINUTE


if __name__ == "__main__":
    SteppedClock.ahead = timedelta(seconds=float(sys.argv.pop(1)))
    signal.signal(signal.SIGUSR1, SteppedClock.step)
    signal.signal(signal.SIGUSR2, lambda *_: SteppedClock.approach())
    zos.core.clock.datetime = SteppedClock  # type: ignore[attr-defined]
    apscheduler.schedulers.base.datetime = SteppedClock
    main()
