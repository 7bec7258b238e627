"""What a run is, and what opens one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from zos.core.topics import TopicKey
from zos.reflect.states import RunStatus, TargetStatus, Trigger


@dataclass(frozen=True, slots=True)
class RunRequest:
    """A fire: which layer, why, and for which slot, request or threshold generation.

    Attributes:
        slot: The nominal fire (schedule, catch-up, replay); None for manual and threshold.
        due_at: When the timer was to fire it: the slot and the layer's jitter.
        request_key: Manual: makes a repeated request the same request.
        generation: Threshold: the counter's generation.
        clock_at: The run's own time: nothing later is read, everything is stored with it.
    """

    layer: str
    trigger: Trigger
    reason: str
    clock_at: datetime
    layer_hash: str | None = None
    slot: datetime | None = None
    due_at: datetime | None = None
    request_key: str | None = None
    generation: int | None = None


@dataclass(frozen=True, slots=True)
class LayerRun:
    """One execution of a layer, or the outcome of a fire that did not run.

    Attributes:
        slot_last: The last slot that the row answers for, if it is a summary of `slot_count` slots.
        targets_done: Targets in a final state.
        cost_usd: US dollars.
    """

    id: str
    layer: str
    layer_hash: str | None
    trigger: Trigger
    status: RunStatus
    reason: str
    slot: datetime | None
    slot_last: datetime | None
    slot_count: int
    coalesced_into: str | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    owner: str | None
    heartbeat_at: datetime | None
    clock_at: datetime
    targets_total: int
    targets_done: int
    insights_created: int
    tokens_in: int
    tokens_out: int
    cost_usd: float


@dataclass(frozen=True, slots=True)
class RunTarget:
    """One topic of a run."""

    id: str
    run_id: str
    topic: TopicKey
    position: int
    status: TargetStatus
    reason: str
    attempts: int
    estimated_tokens: int
    started_at: datetime | None
    finished_at: datetime | None
    tokens_in: int
    tokens_out: int
    cost_usd: float
    salience_spent: float
    insights_created: int
