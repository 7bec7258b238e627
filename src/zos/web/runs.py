"""Runs, newest first, narrowed by layer, outcome, trigger and time."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import AwareDatetime
from starlette.responses import Response

from zos.core.errors import UsageError
from zos.reflect.states import RunStatus, Trigger
from zos.web.outcomes import GROUPS, TRIGGERS
from zos.web.parameters import CHOSEN, IdCursor, Name
from zos.web.rendering import with_query
from zos.web.screen import Screen, Shown
from zos.web.services import Services

router = APIRouter()


@router.get("/runs", name="runs")
async def runs(
    screen: Shown,
    services: Services,
    *,
    layer: Name = None,
    status: Name = None,
    trigger: Annotated[Trigger | None, CHOSEN] = None,
    since: Annotated[AwareDatetime | None, Query(), CHOSEN] = None,
    before: IdCursor = None,
) -> Response:
    """Runs, and the outcomes of fires that did not run."""
    page = await services.runs.page(
        layer=layer, statuses=statuses_of(status), trigger=trigger, since=since, before=before
    )
    chosen = {"layer": layer, "status": status, "trigger": trigger, "since": since}
    chosen["since"] = since and since.isoformat(timespec="seconds")
    return screen.render(
        "runs.html",
        page=page,
        since=since,
        chosen=chosen,
        choices=_choices(screen, chosen),
        layers=sorted({*services.loader.sources, *([layer] if layer else [])}),
        triggers=TRIGGERS,
        is_first=before is None,
    )


def statuses_of(name: str | None) -> tuple[RunStatus, ...]:
    """Return the states that a name in an address stands for: of a group, or of one state.

    Raises:
        UsageError: If it is neither.
    """
    if name is None:
        return ()
    if name in GROUPS:
        return GROUPS[name][1]
    try:
        return (RunStatus(name),)
    except ValueError as error:
        raise UsageError(
            f"Runs have no state {name!r}.",
            hint=f"They have {', '.join(RunStatus)}, and the groups {', '.join(GROUPS)}.",
        ) from error


def _choices(screen: Screen, chosen: dict[str, Any]) -> list[tuple[str, str, bool]]:
    """Return the choices of outcomes: a title, where it leads to, and whether it is chosen."""
    names: dict[str | None, str] = {None: "All", **{key: one[0] for key, one in GROUPS.items()}}
    if chosen["status"] not in names:
        names[chosen["status"]] = chosen["status"]
    return [
        (
            title,
            with_query(screen.path("runs"), {**chosen, "status": name}),
            name == chosen["status"],
        )
        for name, title in names.items()
    ]
