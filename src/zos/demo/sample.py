"""The sample community: seven archives, the members' consents, and what they deleted.

In: the package's own files. Out: what an importer and a recorder take.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from importlib.resources import as_file, files
from pathlib import Path

from zos.observe.events import MessagesDeleted

FIRST_DAY, LAST_DAY = date(2026, 9, 14), date(2026, 9, 27)
"""The days that are replayed, in UTC: a fortnight, after a week that is only observed."""

_CONSENTS, _DELETIONS = "consent.json", "deletions.json"


@contextmanager
def sample() -> Iterator[Path]:
    """Give the folder of the sample's files for the length of a block."""
    with as_file(files("zos.demo") / "community") as folder:
        yield folder


def archives(folder: Path) -> list[Path]:
    """Return the archives of the sample, by name."""
    return sorted(
        path for path in folder.glob("*.json") if path.name not in {_CONSENTS, _DELETIONS}
    )


def consent_file(folder: Path) -> Path:
    """Return the file of the members' consents."""
    return folder / _CONSENTS


def deletions(folder: Path) -> list[MessagesDeleted]:
    """Return what members deleted after the archives were written."""
    content = json.loads((folder / _DELETIONS).read_text("utf-8"))
    return [
        MessagesDeleted((int(one["messageId"]),), datetime.fromisoformat(one["deletedAt"]))
        for one in content["deleted"]
    ]
