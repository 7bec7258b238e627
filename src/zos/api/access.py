"""Routes of access: who is let in, and what was changed by whom. Mostly for operators alone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request, status
from pydantic import BaseModel, ConfigDict, Field

from zos.access.audit.store import AuditRow
from zos.access.keys.store import Key
from zos.access.login.link import login_path
from zos.access.login.store import LIFETIME, Grant
from zos.access.names import MAX_NAME, checked_name
from zos.access.principal import Role, Via, require_principal
from zos.access.sessions.store import Session
from zos.api.asking import OPERATORS_ALONE, operators_alone
from zos.api.parameters import Id, Limit, Name
from zos.api.services import Services
from zos.views.page import Page

router = APIRouter(tags=["access"])
_operators = APIRouter(dependencies=[Depends(operators_alone)], responses=OPERATORS_ALONE)

_MAX_DAYS = 3_650
_Name = Annotated[str, Field(min_length=1, max_length=MAX_NAME, description="For the record")]
_AccessId = Annotated[Id, Path(examples=["01KAF2W8G0T5YQ7WVJ7T8W2C4D"])]


class GrantRequest(BaseModel):
    """Somebody to let in."""

    model_config = ConfigDict(extra="forbid")

    name: _Name
    role: Role = Role.VIEWER

    def grant(self) -> Grant:
        """Return what they are let in as."""
        return Grant(checked_name(self.name), self.role)


class KeyRequest(GrantRequest):
    """A program to let in."""

    days: int | None = Field(
        None, ge=1, le=_MAX_DAYS, description="It ends after so many; null: when it is revoked"
    )


@dataclass(frozen=True, slots=True)
class NewKey:
    """A new key.

    Attributes:
        secret: To send as `Authorization: Bearer <secret>`. Nobody can be shown it again.
    """

    key: Key
    secret: str


@dataclass(frozen=True, slots=True)
class NewLink:
    """A link that logs somebody in, once.

    Attributes:
        path: To open at the address by which the service is reached.
        expires_at: When it is too old.
    """

    path: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Standing:
    """Who asks.

    Attributes:
        via: By what they were recognised.
    """

    name: str
    role: Role
    via: Via


@router.get("/access", summary="Who am I?")
async def standing(request: Request) -> Standing:
    """The bearer of the token, key or session of this request, as the record of writes calls them."""
    found = require_principal(request.scope)
    return Standing(found.name, found.role, found.via)


@_operators.get("/access/sessions", summary="Who is logged in")
async def sessions(services: Services) -> list[Session]:
    """All sessions, the newest first."""
    return await services.access.sessions.all()


@_operators.delete(
    "/access/sessions/{session_id}",
    status_code=status.HTTP_204_NO_CONTENT,
    summary="Log somebody out",
)
async def end_session(session_id: _AccessId, services: Services) -> None:
    """The session's next request is refused."""
    await services.access.sessions.end(session_id)


@_operators.get("/access/keys", summary="Keys of programs")
async def keys(services: Services) -> list[Key]:
    """All keys by name, those whose time is over among them."""
    return await services.access.keys.all()


@_operators.post("/access/keys", status_code=status.HTTP_201_CREATED, summary="Let a program in")
async def make_key(services: Services, request: KeyRequest) -> NewKey:
    """Make a key. The store holds its hash alone."""
    now = services.clock.now()
    ends = None if request.days is None else now + timedelta(days=request.days)
    secret, key = await services.access.keys.make(request.grant(), ends)
    return NewKey(key, secret)


@_operators.delete(
    "/access/keys/{key_id}", status_code=status.HTTP_204_NO_CONTENT, summary="Revoke a key"
)
async def revoke_key(key_id: _AccessId, services: Services) -> None:
    """The program's next request is refused."""
    await services.access.keys.end(key_id)


@_operators.post(
    "/access/links", status_code=status.HTTP_201_CREATED, summary="Let somebody log in"
)
async def make_link(services: Services, request: GrantRequest) -> NewLink:
    """Make a link that is good for one login, within ten minutes."""
    code = await services.access.links.make(request.grant())
    return NewLink(login_path(code), services.clock.now() + LIFETIME)


@_operators.get("/audit", summary="What was changed, and by whom")
async def audit(
    services: Services,
    name: Annotated[Name | None, Query(description="Of an operator, link or key")] = None,
    before: Annotated[Id | None, Query()] = None,
    limit: Annotated[Limit, Query()] = 50,
) -> Page[AuditRow]:
    """What operators changed over HTTP, on Discord and by the command line, and the exports that they took; newest first."""
    return await services.access.audit.page(name=name, before=before, limit=limit)


router.include_router(_operators)
