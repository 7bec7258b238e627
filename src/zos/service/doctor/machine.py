"""The machine: disk, permissions, time zones, and whether a service runs. Everything here blocks shortly."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from zos.access.files import OTHERS
from zos.access.runtime import RunningService, find_service, runtime_path
from zos.access.token import token_path
from zos.api.binding import check_tls_files
from zos.config import Config
from zos.core.errors import ConfigError, StillRunningError
from zos.service.doctor.finding import Finding, ok, problem, warning
from zos.service.lock import refuse_second_service

_SCARCE_BYTES, _FULL_BYTES = 1024**3, 100 * 1024**2
_GIBIBYTE = 1024**3


def disk(folder: Path) -> Finding:
    """Look for room."""
    free = shutil.disk_usage(_existing(folder)).free
    detail = f"{free / _GIBIBYTE:,.1f} GiB are free where {folder} is."
    if free < _FULL_BYTES:
        return problem("disk", detail, "Make room: nothing can be recorded soon.")
    if free < _SCARCE_BYTES:
        return warning("disk", detail, "Make room, or move data_dir.")
    return ok("disk", detail)


def permissions(config: Config) -> Iterator[Finding]:
    """Look whether this user may write, and whether others may read."""
    folder = config.data_dir
    if not os.access(_existing(folder), os.W_OK | os.X_OK):
        yield problem("permissions", f"This user may not write to {folder}.", "Run as its owner.")
    elif not folder.exists():
        yield ok("permissions", f"{folder} will be made by the first command that needs it.")
    elif folder.stat().st_mode & OTHERS:
        yield warning(
            "permissions",
            f"Other users of this machine may look into {folder}.",
            f"Run `chmod 700 {folder}`.",
        )
    else:
        yield ok("permissions", f"{folder} is this user's alone.")
    token = token_path(config)
    if token.exists() and token.stat().st_mode & OTHERS:
        yield problem(
            "token",
            f"Other users of this machine may read {token}.",
            "Delete it and restart the service: it makes a new one.",
        )


def zones(config: Config) -> Finding:
    """Look whether the machine knows the zones of schedules."""
    name = config.scheduler.timezone
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, OSError):
        return problem("time zones", f"The zone {name} is not known.", "Install tzdata again.")
    return ok(
        "time zones", f"{name} is known; the zones shipped along are tzdata {version('tzdata')}."
    )


def api(config: Config) -> Finding:
    """Look whether the API may listen where it should."""
    try:
        check_tls_files(config.api)
    except ConfigError as error:
        return problem("api", error.message, error.hint)
    return ok("api", f"It is to listen on {config.api.host}, port {config.api.port or 'any'}.")


def service(config: Config) -> tuple[Finding, RunningService | None]:
    """Look for a running service, and for what a dead one left behind."""
    found = find_service(config)
    if found is not None:
        return ok("service", f"It runs as process {found.pid}, at {found.url}."), found
    try:
        refuse_second_service(config)
    except StillRunningError as error:
        advice = f"Stop it; its runtime file {runtime_path(config)} is missing."
        return problem("service", error.message, advice), None
    if runtime_path(config).exists():
        detail = f"{runtime_path(config)} was left by a service that did not end by itself."
        return warning("service", detail, "Start it again: it finishes what was left."), None
    return warning(
        "service", "No service runs: no layer fires.", "Start it with `zos serve`."
    ), None


def _existing(folder: Path) -> Path:
    return next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())
