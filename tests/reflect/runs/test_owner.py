"""A process is told apart from every other, dead or alive."""

from __future__ import annotations

import subprocess
import sys

from zos.reflect.runs.owner import is_known_dead, this_process

_PRINT_OWNER = (
    "from zos.reflect.runs.owner import this_process; print(this_process(), flush=True); input()"
)


def test_this_process_is_not_dead() -> None:
    assert not is_known_dead(this_process())


def test_a_killed_process_of_this_machine_is_known_to_be_dead() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", _PRINT_OWNER],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        owner = process.stdout.readline().strip()
        assert owner != this_process()
        assert not is_known_dead(owner)
        process.kill()
        process.wait()
    assert is_known_dead(owner)


def test_a_later_process_with_the_same_number_is_another() -> None:
    assert is_known_dead(this_process() + "0")


def test_a_process_before_this_boot_is_dead() -> None:
    machine, _boot, pid, start = this_process().split(":")
    assert is_known_dead(f"{machine}:earlier-boot:{pid}:{start}")


def test_another_machines_process_cannot_be_known_dead() -> None:
    assert not is_known_dead("elsewhere:boot:1:2")
    assert not is_known_dead("nonsense")
