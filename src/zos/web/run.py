"""One run: what came of it and why, its topics over time, what it asked, and what it considered."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Path
from markupsafe import Markup
from starlette.responses import Response

from zos.insights.model import InsightFilter
from zos.reflect.states import Trigger
from zos.views.runs import CallView, RunDetail, TargetView
from zos.views.titles import TopicTitle
from zos.web.charts.waterfall import MAX_BARS, Bar, waterfall
from zos.web.outcomes import TRIGGERS, spent_in_words, tone_of
from zos.web.screen import Shown
from zos.web.services import Services
from zos.web.words import duration

router = APIRouter()

_INSIGHTS = 25

RunId = Annotated[str, Path(max_length=26, pattern=r"^[0-9A-Za-z]*$")]


@router.get("/runs/{run_id}", name="run")
async def run(run_id: RunId, screen: Shown, services: Services) -> Response:
    """A run with its topics, its calls of models, its selection, and its insights."""
    detail = await services.runs.detail(run_id)
    keys = {*(one.topic for one in detail.targets), *(one.topic for one in detail.selection)}
    titles = await services.known.titles.of(keys)
    chosen = [one for one in detail.selection if one.chosen]
    passed_over = [one for one in detail.selection if not one.chosen]
    return screen.render(
        "run.html",
        run=detail.run,
        detail=detail,
        titles=titles,
        target_titles={one.id: titles[one.topic].title for one in detail.targets},
        triggers=TRIGGERS,
        chart=chart_of(detail, titles, screen.now),
        drawn=detail.targets[:MAX_BARS],
        chosen=chosen,
        passed_over=passed_over,
        why_not=Counter(one.reason for one in passed_over).most_common(),
        insights=await services.insights.page(InsightFilter(run_id=run_id), limit=_INSIGHTS),
    )


def chart_of(detail: RunDetail, titles: Mapping[str, TopicTitle], now: datetime) -> Markup | None:
    """Return the waterfall of a run; None before it has begun, in a replay, or if it had no topics."""
    start = detail.run.started_at
    if start is None or detail.run.trigger is Trigger.REPLAY or not detail.targets:
        return None
    calls: defaultdict[str | None, list[CallView]] = defaultdict(list)
    for call in detail.calls:
        calls[call.target_id].append(call)
    end = detail.run.finished_at or now
    bars = [
        _bar(one, calls[one.id], titles[one.topic].title, start, end)
        for one in detail.targets[:MAX_BARS]
    ]
    label = f"Topics of this run over {duration((end - start).total_seconds())}"
    return waterfall(bars, _length(bars, (end - start).total_seconds()), label)


def _length(bars: Sequence[Bar], seconds: float) -> float:
    """A target that was taken over may end a moment after its run's clock says."""
    return max([seconds, *(bar.span[1] for bar in bars if bar.span is not None)])


def _bar(
    target: TargetView, calls: Iterable[CallView], title: str, start: datetime, end: datetime
) -> Bar:
    note = target.reason
    span = None
    if target.started_at is not None:
        until = target.finished_at or end
        span = (_since(start, target.started_at), _since(start, until))
        spent = spent_in_words(target.tokens_in + target.tokens_out, target.cost_usd)
        note = f"{duration(span[1] - span[0])} · {spent}"
    return Bar(
        path=f"#target-{target.id}",
        title=f"{title}: {_told(target)}",
        note=_shortened(note or target.status),
        tone=tone_of(target.status),
        span=span,
        calls=tuple(_call_span(one, start) for one in calls),
    )


def _told(target: TargetView) -> str:
    return f"{target.status}, {target.reason}" if target.reason else str(target.status)


def _call_span(call: CallView, start: datetime) -> tuple[float, float]:
    began = call.called_at
    return _since(start, began), _since(start, began + timedelta(milliseconds=call.latency_ms))


def _since(start: datetime, moment: datetime) -> float:
    return max((moment - start).total_seconds(), 0.0)


def _shortened(text: str) -> str:
    limit = 60
    return text if len(text) <= limit else f"{text[: limit - 1]}…"
