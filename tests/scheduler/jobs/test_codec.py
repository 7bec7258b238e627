"""Jobs as JSON: what is written reads back, and nothing else reads at all."""

from __future__ import annotations

import json
import pickle
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from zos.core.errors import ServiceError
from zos.reflect.schedule import parse_schedule
from zos.scheduler.crontab import CrontabTrigger
from zos.scheduler.jobs.codec import UnreadableJobError, decode, encode, job_id
from zos.scheduler.jobs.entry import REFERENCE, reflect

FIRE = datetime(2026, 3, 3, 3, 0, tzinfo=UTC)
NIGHTLY = job_id("nightly")


def state() -> dict[str, Any]:
    trigger = CrontabTrigger(parse_schedule("0 3 * * *"), ZoneInfo("Europe/Berlin"), 7)
    return {"func": REFERENCE, "args": ("nightly",), "trigger": trigger, "next_run_time": FIRE}


def test_a_job_reads_back_as_it_was() -> None:
    read = decode(NIGHTLY, encode(state()), FIRE)
    assert read["trigger"] == state()["trigger"]
    assert read["args"] == ("nightly",)
    assert read["next_run_time"] == FIRE
    assert read["name"] == "Reflection: nightly"


def test_the_row_is_json_that_people_can_read() -> None:
    assert json.loads(encode(state())) == {
        "function": "zos.scheduler.jobs.entry:reflect",
        "layer": "nightly",
        "trigger": {"schedule": "0 3 * * *", "timezone": "Europe/Berlin", "offset_seconds": 7},
    }


@pytest.mark.parametrize(
    "change",
    [
        {"function": "os:system"},
        {"layer": ""},
        {"layer": "other"},
        {"trigger": {"schedule": "61 3 * * *", "timezone": "UTC", "offset_seconds": 0}},
        {"trigger": {"schedule": "0 3 * * *", "timezone": "Mars/Base", "offset_seconds": 0}},
        {"trigger": {"schedule": "0 3 * * *", "timezone": "UTC", "offset_seconds": -1}},
        {"kwargs": {}},
    ],
    ids=lambda change: "+".join(change) + str(change)[:40],
)
def test_anything_else_is_refused(change: dict[str, Any]) -> None:
    row = json.dumps(json.loads(encode(state())) | change)
    with pytest.raises(UnreadableJobError, match="layer:nightly"):
        decode(NIGHTLY, row.encode(), FIRE)


def test_a_pickle_is_refused_without_being_opened() -> None:
    with pytest.raises(UnreadableJobError):
        decode(NIGHTLY, pickle.dumps({"id": NIGHTLY}), FIRE)


def test_the_stored_function_runs_nothing_by_itself() -> None:
    with pytest.raises(ServiceError, match="zos reflect trigger nightly"):
        reflect("nightly")
