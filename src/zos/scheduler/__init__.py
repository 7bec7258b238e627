"""The scheduler: when layers wake, and what became of every slot that was promised.

In: the layers in force and the time. Out: runs, and a reason for everything that did not run.
"""

from __future__ import annotations

from zos.scheduler.reflection import ReflectionScheduler

__all__ = ["ReflectionScheduler"]
