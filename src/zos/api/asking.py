"""Who asks: in what routes record of them, and for what operators alone may see."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Depends, Request
from pydantic import BaseModel, ConfigDict, Field

from zos.access.principal import require_operator, require_principal
from zos.api.parameters import NO_NUL

By = Annotated[str, Field(min_length=1, max_length=100, pattern=NO_NUL)]
Note = Annotated[str, Field(max_length=500, pattern=NO_NUL, description="Why")]


class Asked(BaseModel):
    """A request of an operator."""

    model_config = ConfigDict(extra="forbid")

    by: By | None = Field(
        None, description="Who asks, for the record; else the name of the key or session"
    )


def _asker(request: Request) -> str:
    return require_principal(request.scope).name


Asker = Annotated[str, Depends(_asker)]
"""The name of who was recognised."""


OPERATORS_ALONE: dict[int | str, dict[str, Any]] = {
    "403": {"description": "Whoever asks is no operator"}
}
"""What the description of routes says of it that are for operators alone."""


def operators_alone(request: Request) -> None:
    """Let operators pass.

    Raises:
        ForbiddenError: For anybody else.
    """
    require_operator(request.scope)
