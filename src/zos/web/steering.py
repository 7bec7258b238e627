"""What an operator can do to a layer: run it now, pause it, resume it, look at what it would do; and to a run: end it.

Each form leads back to a page that says what was done, or why it was not.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Form, Query
from starlette.responses import Response

from zos.access.gate.next_path import safe_next
from zos.core.errors import UsageError
from zos.core.ids import new_ulid
from zos.views.preview import preview_view
from zos.web.flash import Flash
from zos.web.layer import LayerName
from zos.web.parameters import NO_NUL
from zos.web.run import RunId
from zos.web.screen import Shown
from zos.web.services import Services
from zos.web.words import plural

router = APIRouter()

_MAX_TOPICS = 200
_Text = Annotated[str, Form(max_length=500, pattern=NO_NUL)]
_Topics = Annotated[str, Form(max_length=20_000, pattern=NO_NUL)]
_Back = Annotated[str, Form(max_length=2_000)]


@router.get("/layers/{layer}/trigger", name="ask_trigger")
async def ask_trigger(
    layer: LayerName,
    screen: Shown,
    services: Services,
    topics: Annotated[str, Query(max_length=20_000, pattern=NO_NUL)] = "",
) -> Response:
    """What running a layer now means, and the form that does it."""
    screen.require_operator()
    job = await services.jobs.get(layer, screen.now)
    return screen.render(
        "trigger.html",
        job=job,
        layer=services.loader.require(layer),
        limits=services.config.models.limits,
        topics=topics,
        request_key=new_ulid(screen.now),
    )


@router.post("/layers/{layer}/trigger", name="trigger")
async def trigger(
    layer: LayerName,
    screen: Shown,
    services: Services,
    topics: _Topics = "",
    request_key: Annotated[str, Form(max_length=100, pattern=NO_NUL)] = "",
) -> Response:
    """Open a run, and go to its page. The same form sent twice is one run."""
    try:
        run = await services.control.request(
            layer, by=screen.name, topics=topics_in(topics), request_key=request_key or None
        )
    except UsageError as error:
        return screen.refused(screen.path("ask_trigger", layer=layer), error)
    return screen.go_to(
        screen.path("run", run_id=run.id), Flash(f"{layer} runs as soon as its turn comes.")
    )


@router.post("/runs/{run_id}/cancel", name="cancel_run")
async def cancel_run(
    run_id: RunId, screen: Shown, services: Services, note: _Text = ""
) -> Response:
    """Call a run off, and go back to its page."""

    async def work() -> str:
        ended = await services.control.cancel(run_id, by=screen.name, note=note.strip())
        done = f"{ended.targets_done:,} of {plural(ended.targets_total, 'topic')}"
        return f"The run is cancelled. {done} were done, and stay so."

    return await screen.done(screen.path("run", run_id=run_id), work())


@router.post("/layers/{layer}/pause", name="pause")
async def pause(
    layer: LayerName,
    screen: Shown,
    services: Services,
    note: _Text = "",
    until: Annotated[str, Form(max_length=40)] = "",
) -> Response:
    """Let a layer's fires go by until it is resumed, or until the time that the form names."""

    async def work() -> str:
        ends = moment_in(until, screen.zone)
        await services.control.pause(layer, by=screen.name, note=note.strip(), until=ends)
        how_long = f"until {until.replace('T', ' ')}" if ends else "until somebody resumes it"
        return f"{layer} is paused {how_long}. Its fires are recorded as skipped."

    return await screen.done(screen.path("layer", layer=layer), work())


@router.post("/layers/{layer}/resume", name="resume")
async def resume(layer: LayerName, screen: Shown, services: Services, back: _Back = "") -> Response:
    """End a layer's pause, and forget its failures."""

    async def work() -> str:
        await services.control.resume(layer, by=screen.name)
        return f"{layer} is resumed. What it skipped stays skipped."

    target = safe_next(back) if back else screen.path("layer", layer=layer)
    return await screen.done(target, work())


@router.get("/layers/{layer}/preview", name="preview")
async def preview(
    layer: LayerName,
    screen: Shown,
    services: Services,
    topics: Annotated[str, Query(max_length=20_000, pattern=NO_NUL)] = "",
) -> Response:
    """What a run would choose and ask now, and what that would cost. Nothing is asked or written."""
    screen.require_operator()
    found = preview_view(await services.preview(layer, topics_in(topics)))
    keys = {*(one.topic for one in found.selection), *(one.topic for one in found.targets)}
    return screen.render(
        "preview.html",
        preview=found,
        topics=topics,
        titles=await services.known.titles.of(keys),
        chosen=sum(one.chosen for one in found.selection),
        asked=sum(bool(one.prompts) for one in found.targets),
    )


def topics_in(text: str) -> list[str]:
    """Return the topic keys of a form's field: one a line.

    Raises:
        UsageError: If there are too many.
    """
    found = [line.strip() for line in text.splitlines() if line.strip()]
    if len(found) > _MAX_TOPICS:
        raise UsageError(f"A run takes at most {_MAX_TOPICS} named topics.")
    return list(dict.fromkeys(found))


def moment_in(text: str, zone: ZoneInfo) -> datetime | None:
    """Return the moment that a form's field names on the reader's wall clock; None if it is empty.

    Raises:
        UsageError: If it is not a time.
    """
    if not text:
        return None
    try:
        written = datetime.fromisoformat(text)
    except ValueError as error:
        raise UsageError(
            f"{text!r} is no time.", hint="Write it as in 2026-10-02 09:00, or leave it empty."
        ) from error
    return written if written.tzinfo is not None else written.replace(tzinfo=zone)
