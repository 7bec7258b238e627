"""What a driver's error means for the person who reads it.

Errors of the store itself (unreachable, locked, full, damaged) become `DatabaseError`. Broken
constraints and wrong SQL stay SQLAlchemy's own: they are for the code that caused them.
"""

from __future__ import annotations

from sqlalchemy.exc import (
    DataError,
    DBAPIError,
    IntegrityError,
    NotSupportedError,
    ProgrammingError,
)

from zos.core.errors import DatabaseError

_CALLERS_OWN = (DataError, IntegrityError, NotSupportedError, ProgrammingError)
_HINTS = {
    "locked": "Another process is writing: try again in a moment.",
    "lock timeout": "Another transaction takes long: try again in a moment.",
    "deadlock": "Two transactions were in each other's way: try again.",
    "disk is full": "Make room on the disk, then try again.",
    "no space left": "Make room on the disk, then try again.",
    "readonly": "Check the file's permissions and those of its folder.",
    "unable to open": "Check the path and its permissions.",
    "not a database": "Check that the path is the right one.",
    "malformed": "Restore a backup.",
    "authentication": "Check the user and the password in database.url.",
    "does not exist": "Check database.url; the database itself must be made first.",
}


def is_of_the_store(error: DBAPIError) -> bool:
    """Return whether the store failed, and not the statement."""
    if isinstance(error, _CALLERS_OWN):
        return False
    # SQLite's driver raises one class for both, and tells them apart by code.
    return getattr(error.orig, "sqlite_errorname", "") != "SQLITE_ERROR"


def explained(error: BaseException | None, where: str) -> DatabaseError:
    """Return the driver's `error` in one sentence with the next step.

    Args:
        error: What the driver raised.
        where: The database's path, or its URL without its password.
    """
    reason = (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(". ")
    lowered = reason.lower()
    hint = next((hint for part, hint in _HINTS.items() if part in lowered), "")
    if not hint and where.startswith("postgresql"):
        hint = "Check that the server runs and that database.url is right."
    return DatabaseError(f"The database {where} cannot be used: {reason}.", hint=hint)
