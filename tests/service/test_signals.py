from __future__ import annotations

import asyncio
import os
import signal

import pytest

from zos.service.signals import handled_signals


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_the_first_asks_for_a_stop_and_the_second_for_a_stop_at_once(
    number: signal.Signals,
) -> None:
    with handled_signals() as signals:
        os.kill(os.getpid(), number)
        await asyncio.wait_for(signals.stop.wait(), 5)
        assert not signals.stop_now.is_set()
        os.kill(os.getpid(), signal.SIGTERM)
        await asyncio.wait_for(signals.stop_now.wait(), 5)


async def test_afterwards_signals_mean_what_they_did_before() -> None:
    with handled_signals():
        pass
    assert not asyncio.get_running_loop().remove_signal_handler(signal.SIGTERM)
