"""Who runs a run: one process of one machine, told apart from every other, also after a restart.

An owner reads `<machine>:<boot>:<pid>:<start>`; the start time tells a process from a later one
that was given the same number.
"""

from __future__ import annotations

import os
import socket
import uuid
from functools import cache
from pathlib import Path

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_STAT_START_FIELD = 19  # of the fields after the command's closing parenthesis, see proc(5)


@cache
def this_process() -> str:
    """Return this process's owner name."""
    return f"{_machine()}:{os.getpid()}:{_start_of(os.getpid())}"


def is_known_dead(owner: str) -> bool:
    """Return whether `owner` was a process of this machine that is gone.

    False means that it lives, or that this machine cannot tell: then only the heartbeat can.
    """
    machine, _, process = owner.rpartition(":")[0].rpartition(":")
    started = owner.rpartition(":")[2]
    if machine.split(":")[0] != _machine().split(":")[0] or not process.isdigit():
        return False
    return machine != _machine() or _start_of(int(process)) != started


@cache
def _machine() -> str:
    boot = _BOOT_ID.read_text().strip() if _BOOT_ID.exists() else str(uuid.getnode())
    return f"{socket.gethostname().replace(':', '-')}-{uuid.getnode():x}:{boot}"


def _start_of(pid: int) -> str:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return "gone"
    return stat.rpartition(")")[2].split()[_STAT_START_FIELD]
