"""Forms that let people and programs in, and out again. The gate lets only operators send them."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Form, Path
from pydantic import BaseModel, Field
from starlette.responses import Response

from zos.access.login.link import login_path
from zos.access.login.store import Grant
from zos.access.names import MAX_NAME, checked_name
from zos.access.principal import Role
from zos.web.flash import Flash
from zos.web.parameters import CHOSEN
from zos.web.screen import Shown
from zos.web.services import Services

router = APIRouter(prefix="/system")

_MAX_DAYS = 3_650
_AccessId = Annotated[str, Path(max_length=26, pattern=r"^[0-9A-Za-z]*$")]


class GrantForm(BaseModel):
    """Somebody to let in."""

    name: str = Field(max_length=MAX_NAME)
    role: Role = Role.VIEWER

    def grant(self) -> Grant:
        """Return what they are let in as."""
        return Grant(checked_name(self.name), self.role)


class KeyForm(GrantForm):
    """A program to let in. `days`: it ends after so many; None: when it is revoked."""

    days: Annotated[int | None, Field(ge=1, le=_MAX_DAYS), CHOSEN] = None


@router.post("/keys", name="make_key")
async def make_key(
    screen: Shown, services: Services, asked: Annotated[KeyForm, Form()]
) -> Response:
    """Make a key and show it, once."""
    ends = None if asked.days is None else screen.now + timedelta(days=asked.days)
    secret, key = await services.access.keys.make(asked.grant(), ends)
    return screen.render("secret.html", kind="key", name=key.name, role=key.role, secret=secret)


@router.post("/links", name="make_link")
async def make_link(
    screen: Shown, services: Services, asked: Annotated[GrantForm, Form()]
) -> Response:
    """Make a login link and show it, once."""
    grant = asked.grant()
    address = screen.origin + login_path(await services.access.links.make(grant))
    return screen.render(
        "secret.html", kind="link", name=grant.name, role=grant.role, secret=address
    )


@router.post("/keys/{key_id}/revoke", name="revoke_key")
async def revoke_key(key_id: _AccessId, screen: Shown, services: Services) -> Response:
    """End a key."""
    key = await services.access.keys.end(key_id)
    return screen.go_to(screen.path("system"), Flash(f"The key {key.name} is no key any more."))


@router.post("/sessions/{session_id}/revoke", name="revoke_session")
async def revoke_session(session_id: _AccessId, screen: Shown, services: Services) -> Response:
    """Log somebody out."""
    await services.access.sessions.end(session_id)
    return screen.go_to(screen.path("system"), Flash("The session has ended."))
