"""Who asks."""

from __future__ import annotations

import pytest

from zos.access.principal import (
    Principal,
    Role,
    Via,
    principal_of,
    require_operator,
    require_principal,
)
from zos.core.errors import ForbiddenError

ANN = Principal("ann", Role.OPERATOR, Via.KEY)
BOB = Principal("bob", Role.VIEWER, Via.KEY)


def test_nobody_asks_where_all_may() -> None:
    assert principal_of({}) is None
    assert principal_of({"state": {}}) is None
    assert principal_of({"state": {"principal": BOB}}) is BOB


def test_only_an_operator_is_one() -> None:
    assert require_operator({"state": {"principal": ANN}}) is ANN
    for scope in ({}, {"state": {"principal": BOB}}):
        with pytest.raises(ForbiddenError, match="Only an operator"):
            require_operator(scope)


def test_behind_the_gate_somebody_asks() -> None:
    ann = Principal("ann", Role.VIEWER, Via.KEY)
    assert require_principal({"state": {"principal": ann}}) is ann
    with pytest.raises(ForbiddenError, match="Nobody knows who asks"):
        require_principal({})
