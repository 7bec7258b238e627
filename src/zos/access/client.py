"""`ServiceClient`: the command line's way to a running service.

In: a `RunningService` and a path below `/api/v1`. Out: the decoded answer, or the service's own error.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import quote

from zos.access.principal import BY_HEADER
from zos.access.problems import as_error
from zos.access.runtime import RunningService
from zos.access.token import read_token
from zos.access.user import user_name
from zos.core.errors import ServiceError

if TYPE_CHECKING:
    import ssl

    import httpx

TIMEOUT_SECONDS = 30.0
_API = "/api/v1"


class ServiceClient:
    """Asks one running service. Open it with `async with`.

    Args:
        service: Whom.
    """

    def __init__(self, service: RunningService) -> None:
        self._service = service
        self._http: httpx.AsyncClient | None = None

    async def __aenter__(self) -> Self:
        import httpx

        token = await asyncio.to_thread(read_token, self._service.token_path)
        self._http = httpx.AsyncClient(
            base_url=self._service.url + _API,
            headers={"Authorization": f"Bearer {token.reveal()}", BY_HEADER: quote(user_name())},
            timeout=TIMEOUT_SECONDS,
            trust_env=False,  # a proxy of the environment must never see the token
            verify=await asyncio.to_thread(self._trusted),
        )
        return self

    async def __aexit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        if self._http is not None:
            await self._http.aclose()

    async def get(self, path: str, query: Mapping[str, Any] | None = None) -> Any:
        """Return the answer to a GET with these parameters.

        Raises:
            ZosError: What the service answered, or that it does not answer.
        """
        return await self._ask("GET", path, params=query or {})

    async def post(self, path: str, body: object) -> Any:
        """Return the answer to a POST of `body` as JSON.

        Raises:
            ZosError: What the service answered, or that it does not answer.
        """
        return await self._ask("POST", path, json=body)

    async def _ask(self, method: str, path: str, **options: Any) -> Any:
        import httpx

        if self._http is None:
            raise ServiceError("The client is not open.", hint="Use it with `async with`.")
        try:
            answer = await self._http.request(method, path, **options)
            content = answer.json() if answer.content else None
        except (httpx.HTTPError, ValueError) as error:
            raise ServiceError(
                f"The service (process {self._service.pid}) does not answer at {self._service.url}: "
                f"{str(error) or type(error).__name__}.",
                hint="Look at its log; or stop it, then this command works without it.",
            ) from error
        if answer.is_error:
            raise as_error(content if isinstance(content, dict) else {})
        return content

    def _trusted(self) -> ssl.SSLContext | bool:
        """The service's own certificate is what its runtime file names; its host name is of no matter here."""
        if self._service.certificate_path is None:
            return True
        import ssl

        try:
            context = ssl.create_default_context(cafile=self._service.certificate_path)
        except OSError as error:
            raise ServiceError(
                f"The service's certificate {self._service.certificate_path} cannot be used: {error}.",
                hint="Check api.tls_certificate.",
            ) from error
        context.check_hostname = False
        return context
