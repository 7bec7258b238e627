"""Replay: a past range of days, fired slot by slot on a simulated clock over stored history."""

from __future__ import annotations

from zos.scheduler.replay.course import Replay, ReplayReport

__all__ = ["Replay", "ReplayReport"]
