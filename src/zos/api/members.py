"""Routes of members: what is known about somebody, and what they may ask for. For operators alone."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Response, status
from fastapi.responses import StreamingResponse
from pydantic import Field

from zos.api.asking import OPERATORS_ALONE, Asked, Asker, operators_alone
from zos.api.parameters import Id, Limit, Name, Snowflake
from zos.api.services import Services
from zos.core.consent import ConsentState
from zos.members.export import pieces_of
from zos.members.model import ConsentChange, Dispute, Erasure, Known, MemberRow
from zos.members.rights import DISPUTE_CHARACTERS, INSIGHTS_A_PAGE
from zos.views.page import Page, page_of

router = APIRouter(
    prefix="/members",
    tags=["members"],
    dependencies=[Depends(operators_alone)],
    responses=OPERATORS_ALONE,
)

MemberId = Annotated[
    Snowflake,
    Path(description="The member's id on Discord", examples=["309044288370490116"]),
]


class ConsentRequest(Asked):
    """Record what a member said about being thought about."""

    state: ConsentState


class DisputeRequest(Asked):
    """Hold something against an insight, for a member who is in it."""

    insight_id: Name
    text: str = Field(
        description=f"In the member's words, up to {DISPUTE_CHARACTERS:,} characters",
        examples=["I moved away."],
    )


@router.get("", summary="Members, by ascending id")
async def members(
    services: Services,
    q: Annotated[Name, Query(description="Only those whose name holds this")] = "",
    before: Annotated[
        Snowflake | None, Query(description="The cursor: `next_cursor` of a page")
    ] = None,
    limit: Annotated[Limit, Query()] = 50,
) -> Page[MemberRow]:
    """Everybody who was seen, with what they said about being thought about."""
    found = await services.members.page(after=before, limit=limit + 1, query=q)
    return page_of(found, limit, lambda one: str(one.id))


@router.get("/{member_id}", summary="All that is known about a member")
async def member(
    member_id: MemberId,
    services: Services,
    insights_before: Annotated[
        Id | None, Query(description="The cursor: `insights_next` of an answer")
    ] = None,
) -> Known:
    """Down to the messages that each statement rests on, without what was said in private."""
    return await services.members.known(member_id, insights=INSIGHTS_A_PAGE, before=insights_before)


@router.get(
    "/{member_id}/export",
    summary="Everything about a member, for the member",
    response_class=StreamingResponse,
    responses={200: {"content": {"application/json": {}}}},
)
async def export(member_id: MemberId, services: Services) -> StreamingResponse:
    """One JSON document of any size. What they said in private is in it: hand it to nobody else."""
    pieces = await pieces_of(services.members.export(member_id))
    name = f'attachment; filename="zos-member-{member_id}.json"'
    return StreamingResponse(
        pieces, media_type="application/json", headers={"content-disposition": name}
    )


@router.post("/{member_id}/consent", summary="Record a member's consent, or their no")
async def consent(
    member_id: MemberId, services: Services, asker: Asker, request: ConsentRequest
) -> ConsentChange:
    """It takes effect at once: what they are in goes out of sight, or comes back."""
    return await services.members.set_consent(member_id, request.state, request.by or asker)


@router.post(
    "/{member_id}/disputes",
    status_code=status.HTTP_201_CREATED,
    summary="Dispute an insight for a member",
)
async def dispute(
    member_id: MemberId, services: Services, asker: Asker, request: DisputeRequest
) -> Dispute:
    """The insight is put under review, and so is what rests on it."""
    return await services.members.dispute(
        member_id, request.insight_id, request.text, request.by or asker
    )


@router.post("/{member_id}/forget", status_code=status.HTTP_202_ACCEPTED, summary="Erase a member")
async def forget(
    member_id: MemberId,
    services: Services,
    asker: Asker,
    response: Response,
    request: Asked | None = None,
) -> Erasure:
    """There is no way back. Nothing of theirs is shown or comes in from now on; the rest goes soon."""
    response.headers["location"] = f"/api/v1/members/{member_id}/erasure"
    return await services.members.ask_to_forget(member_id, (request or Asked()).by or asker)


@router.get("/{member_id}/erasure", summary="How far a member's erasure is")
async def erasure(member_id: MemberId, services: Services) -> Erasure:
    """The receipt counts what went. It is complete once `completed_at` is set."""
    return await services.members.erasure(member_id)
