"""How often a login may be tried."""

from __future__ import annotations

import pytest

from zos.access.login.attempts import (
    CLIENT_BURST,
    CLIENT_SECONDS,
    GLOBAL_BURST,
    MAX_CLIENTS,
    Attempts,
)
from zos.core.clock import SimulatedClock


@pytest.fixture
def attempts(clock: SimulatedClock) -> Attempts:
    return Attempts(clock)


def exhaust(attempts: Attempts, address: str) -> None:
    for _ in range(CLIENT_BURST):
        assert attempts.take(address) == 0
    assert attempts.take(address) > 0


async def test_a_client_waits_once_its_tries_are_used_up(
    attempts: Attempts, clock: SimulatedClock
) -> None:
    exhaust(attempts, "192.0.2.1")
    await clock.sleep(attempts.take("192.0.2.1"))
    assert attempts.take("192.0.2.1") == 0
    assert attempts.take("192.0.2.1") == CLIENT_SECONDS


async def test_a_wait_is_not_longer_for_trying_again_and_tries_do_not_pile_up(
    attempts: Attempts, clock: SimulatedClock
) -> None:
    exhaust(attempts, "192.0.2.1")
    assert {attempts.take("192.0.2.1") for _ in range(50)} == {CLIENT_SECONDS}
    await clock.sleep(86_400)
    exhaust(attempts, "192.0.2.1")


def test_clients_do_not_stand_in_each_others_way(attempts: Attempts) -> None:
    exhaust(attempts, "192.0.2.1")
    assert attempts.take("192.0.2.2") == 0


def test_an_ipv6_client_is_its_whole_site(attempts: Attempts) -> None:
    for host in range(CLIENT_BURST):
        assert attempts.take(f"2001:db8::{host}") == 0
    assert attempts.take("2001:db8::ffff") > 0
    assert attempts.take("2001:db8:0:1::1") == 0
    assert attempts.take("fe80::1%eth0") == 0
    assert attempts.take("a socket") == 0


def test_all_clients_together_are_bounded(attempts: Attempts) -> None:
    waits = [attempts.take(f"192.0.2.{host}") for host in range(GLOBAL_BURST + 1)]
    assert waits == [0] * GLOBAL_BURST + [1]


def test_what_did_not_fail_is_not_counted(attempts: Attempts) -> None:
    for _ in range(GLOBAL_BURST * 2):
        assert attempts.take("192.0.2.1") == 0
        attempts.forgive("192.0.2.1")


def test_its_memory_is_bounded(attempts: Attempts) -> None:
    for number in range(MAX_CLIENTS * 3):
        attempts.take(str(number))
    assert len(attempts._clients) == MAX_CLIENTS


def test_a_clock_that_goes_back_gives_nothing_away(
    attempts: Attempts, clock: SimulatedClock
) -> None:
    exhaust(attempts, "192.0.2.1")
    clock.move_to(clock.now().replace(year=2020))
    assert attempts.take("192.0.2.1") == CLIENT_SECONDS
