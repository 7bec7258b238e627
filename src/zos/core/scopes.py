"""Scope: who may see what an insight rests on. The strictest source decides."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum


class Scope(StrEnum):
    """`public` may be shown to the community, `derived` rests on other insights, `dm` never leaves."""

    PUBLIC = "public"
    DERIVED = "derived"
    DM = "dm"


_STRICTNESS = {Scope.PUBLIC: 0, Scope.DERIVED: 1, Scope.DM: 2}


def strictest(scopes: Iterable[Scope]) -> Scope:
    """Return the strictest of `scopes`; `public` when there are none."""
    return max(scopes, key=_STRICTNESS.__getitem__, default=Scope.PUBLIC)
