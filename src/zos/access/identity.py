"""Who makes a request: the token's bearer.

In: a request's headers. Out: a `Principal`, or None.
"""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.types import Scope

from zos.access.principal import Principal, Role, Via
from zos.access.token import OperatorToken

OPERATOR = Principal("operator", Role.OPERATOR, Via.TOKEN)


class Identity:
    """Recognises.

    Args:
        token: The operator's.
    """

    def __init__(self, token: OperatorToken) -> None:
        self._token = token

    async def __call__(self, _scope: Scope, headers: Headers) -> Principal | None:
        """Return who makes a request with these headers."""
        scheme, _, given = headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not self._token.matches(given.strip()):
            return None
        return OPERATOR
