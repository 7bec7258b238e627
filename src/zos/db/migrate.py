"""Schema versions: which one a database has, which one this program wants, and the way between.

Alembic is imported only when there is something to migrate, so that a start-up on a current
database does not pay for it.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from sqlalchemy import Connection, inspect, text

from zos.core.errors import MigrationError

if TYPE_CHECKING:
    from alembic.config import Config as AlembicConfig

_SCRIPTS = Path(__file__).parent / "migrations"
_LOCK_KEY = 0x7A6F73  # "zos": any number that no other program on the server locks


@cache
def head_revision() -> str:
    """Return the newest revision this program ships: the last file of `migrations/versions` by name."""
    return max(path.stem.split("_")[0] for path in (_SCRIPTS / "versions").glob("[0-9]*.py"))


def current_revision(connection: Connection) -> str | None:
    """Return the database's revision, or None for an empty database."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def refuse_newer(current: str | None) -> None:
    """Do nothing unless the database was made by a newer Zos.

    Raises:
        MigrationError: If it was.
    """
    if current is not None and current > head_revision():
        raise MigrationError(
            f"The database is at revision {current}, this program at {head_revision()}.",
            hint="Install the newer Zos again, or restore a backup made before the upgrade.",
        )


def refuse_older(current: str | None) -> NoReturn:
    """Say that the schema must be migrated first.

    Raises:
        MigrationError: Always.
    """
    raise MigrationError(
        f"The database is at revision {current or 'none'}, this program at {head_revision()}.",
        hint="Run `zos db migrate`.",
    )


def upgrade(connection: Connection) -> None:
    """Bring the schema to `head_revision()` within the caller's transaction, which is a write.

    Of several processes that start at once one migrates and the others wait: a write transaction
    holds SQLite's only lock, and PostgreSQL's is taken here.

    Raises:
        MigrationError: If the database is newer than this program, or of a revision that it does not know.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("SET LOCAL lock_timeout = 0"))  # for as long as the first takes
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK_KEY})
    current = current_revision(connection)
    refuse_newer(current)
    if current != head_revision():
        _run_scripts(connection, current)


def _run_scripts(connection: Connection, current: str | None) -> None:
    from alembic import command
    from alembic.util import CommandError

    try:
        command.upgrade(_alembic_config(connection), "head")
    except CommandError as error:
        raise MigrationError(
            f"This program knows no way from revision {current} to {head_revision()}.",
            hint="Install the Zos that made the database, or restore a backup.",
        ) from error


def _alembic_config(connection: Connection) -> AlembicConfig:
    from alembic.config import Config as AlembicConfig

    config = AlembicConfig()
    config.set_main_option("script_location", str(_SCRIPTS))
    config.attributes["connection"] = connection
    return config
