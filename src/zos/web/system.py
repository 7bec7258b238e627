"""The service itself: its health, its store, its connection, and for operators who is let in."""

from __future__ import annotations

import platform

from fastapi import APIRouter
from starlette.responses import Response

from zos.access.principal import Role
from zos.config.shown import shown_values
from zos.web.parameters import IdCursor, Name
from zos.web.screen import Shown
from zos.web.services import Services

router = APIRouter()

_LATEST = 10
_PAGE = 50


@router.get("/system", name="system")
async def system(screen: Shown, services: Services) -> Response:
    """How everything is, and what an operator can do about it."""
    discord = services.discord()
    health = await services.health.report(
        screen.now, scheduler_runs=services.control.is_running, discord=discord
    )
    access = services.access
    return screen.render(
        "system.html",
        health=health,
        discord=discord,
        storage=await services.storage.look(),
        python=platform.python_version(),
        roles=[role.value for role in Role],
        sessions=await access.sessions.all() if screen.may_write else (),
        keys=await access.keys.all() if screen.may_write else (),
        latest=(await access.audit.page(limit=_LATEST)).items if screen.may_write else (),
        settings=shown_values(services.config) if screen.may_write else (),
        own_session=screen.session_id,
    )


@router.get("/system/audit", name="audit")
async def audit(
    screen: Shown, services: Services, name: Name = None, before: IdCursor = None
) -> Response:
    """What was changed, by whom, and what was refused."""
    screen.require_operator()
    return screen.render(
        "audit.html",
        page=await services.access.audit.page(name=name, before=before, limit=_PAGE),
        chosen={"name": name},
        is_first=before is None,
    )
