"""The runtime file: how the command line finds the service that runs on its database.

In: what a service says about itself at its start. Out: a file of mode 0600 beside the database,
gone when the service stops; one left by a process that died is recognised.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson

from zos.access.files import beside_database, write_private
from zos.config import Config
from zos.reflect.runs.owner import is_known_dead, this_process

_SUFFIX = ".runtime.json"


@dataclass(frozen=True, slots=True)
class RunningService:
    """A service as it described itself.

    Attributes:
        pid: Its process.
        owner: The same, told apart from every other process (`zos.reflect.runs.owner`).
        started_at: When.
        url: Where its API listens, without a path.
        token_path: Where its operator token stands.
        certificate_path: Its TLS certificate, if it speaks TLS itself.
    """

    pid: int
    owner: str
    started_at: datetime
    url: str
    token_path: Path
    certificate_path: Path | None = None


def runtime_path(config: Config) -> Path:
    """Return where a service on this database describes itself."""
    return beside_database(config, _SUFFIX)


def announce(path: Path, service: RunningService) -> None:
    """Write the runtime file, in place of one left behind.

    Raises:
        ConfigError: If it cannot be written.
    """
    write_private(path, orjson.dumps(asdict(service), default=str).decode(), replace=True)


def withdraw(path: Path) -> None:
    """Remove the runtime file, if it is this process's own."""
    found = _read(path)
    if found is not None and found.owner == this_process():
        path.unlink(missing_ok=True)


def find_service(config: Config) -> RunningService | None:
    """Return the service that runs on this database, or None.

    A file that cannot be read, or that a dead process left behind, is no service.
    """
    found = _read(runtime_path(config))
    return None if found is None or is_known_dead(found.owner) else found


def _read(path: Path) -> RunningService | None:
    try:
        content: dict[str, Any] = orjson.loads(path.read_bytes())
        certificate = content["certificate_path"]
        return RunningService(
            pid=int(content["pid"]),
            owner=str(content["owner"]),
            started_at=datetime.fromisoformat(content["started_at"]),
            url=str(content["url"]),
            token_path=Path(content["token_path"]),
            certificate_path=None if certificate is None else Path(certificate),
        )
    except (OSError, ValueError, TypeError, KeyError):
        return None
