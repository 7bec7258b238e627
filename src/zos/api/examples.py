"""Examples for the interface's description, by the schema's name. A test holds them against the types."""

from __future__ import annotations

from typing import Any

_RUN = {
    "id": "01KAR7W0M0V3S4T5X6Y7Z8A9BC",
    "layer": "nightly-channel-reflection",
    "layer_hash": "9f2c1d0e8b7a65544332211000ffeeddccbbaa99887766554433221100ffeedd",
    "trigger": "schedule",
    "status": "success",
    "reason": "",
    "slot": "2026-11-23T03:00:00Z",
    "slot_last": None,
    "slot_count": 1,
    "coalesced_into": None,
    "created_at": "2026-11-23T03:00:00.012000Z",
    "started_at": "2026-11-23T03:00:00.041000Z",
    "finished_at": "2026-11-23T03:00:09.512000Z",
    "lateness_seconds": 0.041,
    "duration_seconds": 9.471,
    "targets_total": 6,
    "targets_done": 6,
    "insights_created": 6,
    "tokens_in": 21480,
    "tokens_out": 2210,
    "cost_usd": 0.0041,
}

EXAMPLES: dict[str, dict[str, Any]] = {
    "RunView": _RUN,
    "JobStatus": {
        "layer": "nightly-channel-reflection",
        "job_id": "layer:nightly-channel-reflection",
        "name": "Reflection: nightly-channel-reflection",
        "description": "What was talked about in each channel.",
        "enabled": True,
        "schedule": "0 3 * * *",
        "schedule_in_words": "At 03:00 every day",
        "timezone": "Europe/Berlin",
        "offset_seconds": 0,
        "next_fires": [{"utc": "2026-11-24T02:00:00Z", "local": "2026-11-24T03:00:00+01:00"}],
        "overdue_since": None,
        "trigger_threshold": None,
        "insights_since_run": 0,
        "paused": {
            "since": "2026-11-23T12:00:00Z",
            "until": "2026-11-30T12:00:00Z",
            "by": "ann",
            "note": "moving house",
        },
        "failures_in_row": 0,
        "last": _RUN,
        "running": None,
        "waiting": 0,
        "outcomes": [
            {"status": "missed", "reason": "not started within its grace time of 6 h", "slots": 2}
        ],
        "outcomes_since": "2026-10-24T12:00:00Z",
    },
    "TriggerRequest": {"by": "ann", "topics": []},
    "PauseRequest": {"by": "ann", "note": "moving house", "until": "2026-11-30T12:00:00Z"},
    "Problem": {
        "type": "urn:zos:problem:layer-not-found",
        "title": "There is no layer of that name",
        "status": 404,
        "detail": "There is no layer 'nightly-chanel-reflection'.",
        "hint": "Did you mean 'nightly-channel-reflection'?",
    },
}
