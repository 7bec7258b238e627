from __future__ import annotations

from datetime import timedelta

import pytest
from tests.prompts.made import EVERYBODY, NOON

from zos.core.topics import TopicKey
from zos.reflect.context import TargetBrief
from zos.reflect.window import window_start


@pytest.mark.parametrize(
    ("reflected_hours_ago", "resume", "hours"),
    [(None, True, 10), (3, True, 3), (3, False, 10), (30, True, 10), (30, False, 10)],
)
def test_a_window_begins_at_the_last_reflection_but_never_before_its_widest(
    reflected_hours_ago: int | None, resume: bool, hours: int
) -> None:
    last = None if reflected_hours_ago is None else NOON - timedelta(hours=reflected_hours_ago)
    brief = TargetBrief("r", "t", "l", TopicKey.self_topic(), NOON, last, EVERYBODY)
    assert window_start(brief, 10, resume=resume) == NOON - timedelta(hours=hours)
