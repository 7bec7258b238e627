"""Members, what is known about each, and what they may ask for. For operators alone.

Each form leads back to the member's page, which says what was done, or why it was not.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Path, Query
from starlette.responses import Response

from zos.core.consent import ConsentState
from zos.core.errors import UsageError
from zos.members.model import ConsentChange
from zos.members.rights import DISPUTE_CHARACTERS, INSIGHTS_A_PAGE
from zos.views.page import page_of
from zos.web.parameters import CHOSEN, NO_NUL, IdCursor, Name
from zos.web.screen import Shown
from zos.web.services import Services

router = APIRouter()

_PAGE = 50
_MAX_SNOWFLAKE = 2**63 - 1
MemberId = Annotated[int, Path(ge=1, le=_MAX_SNOWFLAKE)]
_Cursor = Annotated[int | None, Query(ge=1, le=_MAX_SNOWFLAKE), CHOSEN]


@router.get("/members", name="members")
async def members(
    screen: Shown, services: Services, q: Name = None, before: _Cursor = None
) -> Response:
    """Everybody who was seen, by their ids."""
    screen.require_operator()
    found = await services.members.page(after=before, limit=_PAGE + 1, query=q or "")
    return screen.render(
        "members.html",
        page=page_of(found, _PAGE, lambda one: str(one.id)),
        chosen={"q": q},
        mode=services.config.privacy.consent,
        is_first=before is None,
    )


@router.get("/members/{member_id}", name="member")
async def member(
    member_id: MemberId, screen: Shown, services: Services, before: IdCursor = None
) -> Response:
    """All that is known about one member, without what they said in private."""
    screen.require_operator()
    return screen.render(
        "member.html",
        known=await services.members.known(member_id, insights=INSIGHTS_A_PAGE, before=before),
        is_first=before is None,
        most_characters=DISPUTE_CHARACTERS,
    )


@router.post("/members/{member_id}/consent", name="record_consent")
async def record_consent(
    member_id: MemberId,
    screen: Shown,
    services: Services,
    state: Annotated[ConsentState, Form()],
) -> Response:
    """Record what a member said."""

    async def work() -> str:
        return _changed(await services.members.set_consent(member_id, state, screen.name))

    return await screen.done(screen.path("member", member_id=member_id), work())


@router.post("/members/{member_id}/dispute", name="dispute")
async def dispute(
    member_id: MemberId,
    screen: Shown,
    services: Services,
    insight_id: Annotated[str, Form(max_length=26, pattern=NO_NUL)],
    text: Annotated[str, Form(max_length=10 * DISPUTE_CHARACTERS)] = "",
) -> Response:
    """Record what a member holds against an insight."""

    async def work() -> str:
        await services.members.dispute(member_id, insight_id, text, screen.name)
        return "It is under review: it is not used until it has been thought about again."

    return await screen.done(screen.path("member", member_id=member_id), work())


@router.post("/members/{member_id}/forget", name="forget")
async def forget(
    member_id: MemberId,
    screen: Shown,
    services: Services,
    typed: Annotated[str, Form(max_length=100)] = "",
) -> Response:
    """Erase a member, if their id was typed."""

    async def work() -> str:
        if typed.strip() != str(member_id):
            raise UsageError("Nothing was erased.", hint="Type the member's id to confirm.")
        await services.members.ask_to_forget(member_id, screen.name)
        return "Nothing of theirs is shown or comes in from now on. The rest is being deleted."

    return await screen.done(screen.path("member", member_id=member_id), work())


def _changed(change: ConsentChange) -> str:
    may = "may" if change.standing.allowed else "may not"
    said = f"They {may} be thought about."
    if change.quarantined:
        said += f" Out of sight: {change.quarantined:,} insights."
    if change.restored:
        said += f" Shown again: {change.restored:,} insights."
    return said
