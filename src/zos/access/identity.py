"""Who makes a request: the bearer of the token, of a key, or of a session's cookie.

In: a request's headers. Out: a `Principal`, or None.
"""

from __future__ import annotations

from urllib.parse import unquote

from starlette.datastructures import Headers
from starlette.types import Scope

from zos.access.access import OPERATOR, Access
from zos.access.names import MAX_NAME, checked_name
from zos.access.principal import BY_HEADER, Principal, Via


class Identity:
    """Recognises.

    Args:
        access: The token, the keys and the sessions.
    """

    def __init__(self, access: Access) -> None:
        self._access = access

    async def __call__(self, _scope: Scope, headers: Headers) -> Principal | None:
        """Return who makes a request with these headers.

        Raises:
            DatabaseError: If the store, which knows keys and sessions, cannot be asked.
            UsageError: If the name of the machine's user cannot be one.
        """
        given = headers.get("authorization")
        if given is not None:
            return await self._bearer(given, headers.get(BY_HEADER, ""))
        secret = self._access.cookie.read(headers)
        return await self._access.sessions.find(secret) if secret else None

    async def _bearer(self, given: str, by: str) -> Principal | None:
        scheme, _, text = given.partition(" ")
        secret = text.strip()
        if scheme.lower() != "bearer":
            return None
        if not self._access.token.matches(secret):
            return await self._access.keys.find(secret)
        if by:
            return Principal.at_terminal(checked_name(unquote(by)[:MAX_NAME]))
        return Principal(OPERATOR.name, OPERATOR.role, Via.TOKEN)
