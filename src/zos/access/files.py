"""Files that only the operator may read, written whole or not at all; and where they stand.

In: a path and a text. Out: a file of mode 0600 that no reader ever sees half-written.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from zos.config import Config
from zos.core.errors import ConfigError
from zos.db.engine import database_url

PRIVATE_FILE = 0o600
PRIVATE_FOLDER = 0o700
OTHERS = 0o077
"""The permission bits of everybody but the owner."""


def beside_database(config: Config, suffix: str) -> Path:
    """Return the path of a file beside the database: `<db><suffix>`, or in `data_dir` on PostgreSQL."""
    url = database_url(config)
    if url.get_backend_name() == "sqlite":
        return Path(f"{url.database}{suffix}")
    return config.data_dir / f"zos{suffix}"


def write_private(path: Path, text: str, *, replace: bool) -> bool:
    """Write `text` to a file of the operator's own; blocks for one small write.

    Args:
        path: Where; its folder is made if there is none.
        text: The whole content.
        replace: False: a file that stands already stays as it is.

    Returns:
        Whether it was written.

    Raises:
        ConfigError: If it cannot be written.
    """
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        path.parent.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
        _write_new(draft, text)
        try:
            return _put_in_place(draft, path, replace=replace)
        finally:
            draft.unlink(missing_ok=True)
    except OSError as error:
        raise ConfigError(
            f"{path} cannot be written: {error.strerror}.",
            hint="Check data_dir and its permissions.",
        ) from error


def _write_new(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_FILE)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _put_in_place(draft: Path, path: Path, *, replace: bool) -> bool:
    if replace:
        draft.replace(path)
        return True
    try:
        path.hardlink_to(draft)  # never replaces what another process was faster to write
    except FileExistsError:
        return False
    except OSError:  # a file system without hard links
        if path.exists():
            return False
        draft.replace(path)
    return True
