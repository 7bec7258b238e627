"""Consent: whether a member may be thought about as a person. Pure rules, no storage."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from enum import StrEnum


class ConsentMode(StrEnum):
    """What silence means: no (`opt_in`), yes (`opt_out`), or by a role's membership (`role`)."""

    OPT_IN = "opt_in"
    OPT_OUT = "opt_out"
    ROLE = "role"


class ConsentState(StrEnum):
    """What a member has said."""

    GRANTED = "granted"
    DENIED = "denied"


@dataclass(frozen=True, slots=True)
class ConsentView:
    """Who has consented, at one moment. The one answer to `may this member be thought about?`.

    Attributes:
        mode: What silence means.
        granted: Members who said yes (in `role` mode: who hold a consenting role and did not say no).
        denied: Members who said no, or who were erased: a no is stronger than any mode.
    """

    mode: ConsentMode
    granted: AbstractSet[int]
    denied: AbstractSet[int]

    def allows(self, member_id: int) -> bool:
        """Return whether `member_id` may be thought about as a person."""
        if member_id in self.denied:
            return False
        return self.mode is ConsentMode.OPT_OUT or member_id in self.granted

    def allows_all(self, member_ids: frozenset[int]) -> bool:
        """Return whether every one of `member_ids` may be thought about."""
        return all(self.allows(member_id) for member_id in member_ids)
