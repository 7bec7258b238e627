"""The templates' environment: every value is escaped, and a name that is not there is an error.

In: templates of the package. Out: HTML. Filters write values in the reader's zone.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

import orjson
from jinja2 import Environment, PackageLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup, escape

from zos.web import agenda, outcomes, words


def environment(**globals_: Any) -> Environment:
    """Return the environment of all pages; `globals_` can be used in every template."""
    made = Environment(
        loader=PackageLoader("zos.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.filters.update(
        money=words.money,
        count=words.count,
        size=words.size,
        plural=words.plural,
        points=words.points,
        sentence=words.sentence,
        duration=words.duration,
        time=_time,
        ago=_ago,
        outcome=outcomes.outcome_in_words,
        first_fire=agenda.first_fire,
        goes_by=agenda.goes_by,
        state=agenda.state_of,
        clock=words.clock,
        day=words.long_day,
        query=with_query,
    )
    made.policies["json.dumps_function"] = _json
    made.globals.update(globals_)
    return made


def _json(value: Any, **_sorted: bool) -> str:
    """What the filter `tojson` makes safe."""
    return orjson.dumps(value).decode()


@pass_context
def _time(context: Context, moment: datetime | None) -> str:
    """A moment on the reader's wall clock: `27 Sep 05:00`, in full when pointed at."""
    return _marked(context, moment, words.short_time)


@pass_context
def _ago(context: Context, moment: datetime | None) -> str:
    """A moment as its distance from now: `in 3 h`."""
    return _marked(context, moment, lambda one, _zone, now: words.relative(one, now))


def _marked(context: Context, moment: datetime | None, written: Any) -> str:
    if moment is None:
        return words.NOTHING
    zone, now = context["zone"], context["now"]
    local = moment.astimezone(zone)
    iso = local.isoformat(timespec="seconds")
    long, text = escape(words.long_time(local, zone)), escape(written(local, zone, now))
    return Markup(f'<time datetime="{iso}" title="{long}">{text}</time>')  # noqa: S704 - escaped


def with_query(path: str, parameters: Mapping[str, Any] | None = None, **more: Any) -> str:
    """Return a path with a query of those parameters that have a value."""
    wanted = {**(parameters or {}), **more}
    given = {name: value for name, value in wanted.items() if value is not None and value != ""}
    return f"{path}?{urlencode(given, doseq=True)}" if given else path
