"""Schema versions: which one a database has, which one this program wants, and the way between.

Alembic is imported only when there is something to migrate, so that a start-up on a current
database does not pay for it.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, inspect, text

from zos.core.errors import MigrationError

if TYPE_CHECKING:
    from alembic.config import Config as AlembicConfig

_SCRIPTS = Path(__file__).parent / "migrations"


@cache
def head_revision() -> str:
    """Return the newest revision this program ships: the last file of `migrations/versions` by name."""
    return max(path.stem.split("_")[0] for path in (_SCRIPTS / "versions").glob("[0-9]*.py"))


def current_revision(connection: Connection) -> str | None:
    """Return the database's revision, or None for an empty database."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def upgrade(connection: Connection) -> None:
    """Bring the schema to `head_revision()` within the caller's transaction.

    Raises:
        MigrationError: If the database is newer than this program.
    """
    from alembic import command

    current = current_revision(connection)
    if current is not None and current > head_revision():
        raise MigrationError(
            f"The database is at revision {current}, this program at {head_revision()}.",
            hint="Install the newer Zos again, or restore a backup made before the upgrade.",
        )
    command.upgrade(_alembic_config(connection), "head")


def _alembic_config(connection: Connection) -> AlembicConfig:
    from alembic.config import Config as AlembicConfig

    config = AlembicConfig()
    config.set_main_option("script_location", str(_SCRIPTS))
    config.attributes["connection"] = connection
    return config
