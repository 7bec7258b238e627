"""Signals as events: SIGTERM and SIGINT ask for a stop, a second one for a stop at once."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import structlog

log = structlog.get_logger(__name__)

_STOPPING = (signal.SIGTERM, signal.SIGINT)


class Signals:
    """What the process was told.

    Attributes:
        stop: Somebody wants it to stop.
        stop_now: Somebody does not want to wait for that.
    """

    def __init__(self) -> None:
        self.stop = asyncio.Event()
        self.stop_now = asyncio.Event()

    def ask_to_stop(self) -> None:
        """Ask once to stop, again to stop at once."""
        (self.stop_now if self.stop.is_set() else self.stop).set()
        log.info("stop_asked", at_once=self.stop_now.is_set())


@contextmanager
def handled_signals() -> Iterator[Signals]:
    """Turn the process's signals into events for the length of a block, in the running loop."""
    signals, loop = Signals(), asyncio.get_running_loop()
    for number in _STOPPING:
        loop.add_signal_handler(number, signals.ask_to_stop)
    try:
        yield signals
    finally:
        for number in _STOPPING:
            loop.remove_signal_handler(number)
