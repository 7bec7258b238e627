"""Runs for tests of the scheduler that need no database."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from zos.reflect.runs.model import LayerRun
from zos.reflect.states import RunStatus, Trigger

NOW = datetime(2026, 3, 3, 3, 0, tzinfo=UTC)
_RUN = LayerRun(
    id="1",
    layer="nightly",
    layer_hash=None,
    trigger=Trigger.SCHEDULE,
    status=RunStatus.QUEUED,
    reason="due",
    slot=None,
    slot_last=None,
    slot_count=1,
    coalesced_into=None,
    created_at=NOW,
    started_at=None,
    finished_at=None,
    owner=None,
    heartbeat_at=None,
    clock_at=NOW,
    targets_total=0,
    targets_done=0,
    insights_created=0,
    tokens_in=0,
    tokens_out=0,
    cost_usd=0.0,
)


def run(run_id: str = "1", **fields: Any) -> LayerRun:
    """Build a queued run of `nightly`."""
    return replace(_RUN, id=run_id, **fields)
