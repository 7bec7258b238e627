"""The templates' environment."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest
from jinja2 import UndefinedError
from tests.conftest import EPOCH

from zos.web.rendering import environment, with_query

TOKYO = ZoneInfo("Asia/Tokyo")


def rendered(template: str, **values: object) -> str:
    return environment().from_string(template).render(zone=TOKYO, now=EPOCH, **values)


def test_every_value_is_escaped() -> None:
    assert rendered("{{ text }}", text="<b>'&") == "&lt;b&gt;&#39;&amp;"


def test_a_name_that_is_not_there_is_an_error() -> None:
    with pytest.raises(UndefinedError):
        rendered("{{ nothing }}")


def test_times_are_marked_for_programs_and_written_for_people() -> None:
    time = '<time datetime="2026-03-02T21:00:00+09:00" title="Monday 2 March 2026, 21:00:00 JST (12:00:00 UTC)">'
    assert rendered("{{ at|time }}", at=EPOCH) == f"{time}2 Mar 21:00</time>"
    assert rendered("{{ at|ago }}", at=EPOCH) == f"{time}now</time>"
    assert rendered("{{ at|time }} {{ at|ago }}", at=None) == "– –"


def test_a_query_has_what_was_chosen() -> None:
    assert with_query("/runs", {"layer": "a b", "status": None}, before="") == "/runs?layer=a+b"
    assert (
        with_query("/runs", {"status": ["failed", "timeout"]})
        == "/runs?status=failed&status=timeout"
    )
    assert with_query("/runs") == "/runs"
