"""What a reader prefers: light or dark, and the zone of times. Kept in two cookies of their browser."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from starlette.requests import Request
from starlette.responses import Response

from zos.config import Config
from zos.core.errors import UsageError

_THEME, _ZONE = "zos-theme", "zos-zone"
_YEAR_SECONDS = 365 * 24 * 3_600


class Theme(StrEnum):
    """Light, dark, or as the machine has it."""

    AUTO = "auto"
    LIGHT = "light"
    DARK = "dark"


@dataclass(frozen=True, slots=True)
class Preferences:
    """What a reader prefers."""

    theme: Theme
    zone: ZoneInfo


def preferences_of(request: Request, config: Config) -> Preferences:
    """Return what the reader prefers; what their cookies hold may be anything."""
    theme = request.cookies.get(_THEME, "")
    try:
        zone = parse_zone(request.cookies.get(_ZONE, ""))
    except UsageError:
        zone = ZoneInfo(config.scheduler.timezone)
    return Preferences(Theme(theme) if theme in set(Theme) else Theme.AUTO, zone)


def parse_zone(name: str) -> ZoneInfo:
    """Return the zone of that name.

    Raises:
        UsageError: If there is none.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise UsageError(
            f"There is no time zone {name!r}.", hint="Choose one as in Europe/Berlin."
        ) from error


def keep(response: Response, *, theme: Theme | None, zone: ZoneInfo | None, secure: bool) -> None:
    """Let the browser remember what is not None."""
    for cookie, value in ((_THEME, theme), (_ZONE, zone and zone.key)):
        if value is not None:
            response.set_cookie(
                cookie,
                str(value),
                max_age=_YEAR_SECONDS,
                httponly=True,
                samesite="lax",
                secure=secure,
            )
