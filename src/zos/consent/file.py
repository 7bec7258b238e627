"""The file of consents that operators hold: a JSON list of `{"member_id", "consent", "at"}`.

[{"member_id": "309044288370490116", "consent": "granted", "at": "2026-08-24T18:02:11+00:00"}]
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from zos.consent.store import ConsentRecord
from zos.core.consent import ConsentState
from zos.core.errors import ImportFileError

_BYTES_MAX = 64 * 1024 * 1024
_SNOWFLAKE_MAX = 2**63 - 1
_SHAPE = '[{"member_id": "…", "consent": "granted" or "denied", "at": "2026-08-24T18:02:11+00:00"}]'


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid")

    member_id: Annotated[int, Field(gt=0, le=_SNOWFLAKE_MAX)]
    consent: ConsentState
    at: AwareDatetime


_ENTRIES = TypeAdapter(list[_Entry])


async def read_consent_file(path: Path) -> list[ConsentRecord]:
    """Return the consents in `path`, recorded by `file:<its name>`.

    Raises:
        ImportFileError: If it cannot be read, or any entry of it is wrong; nothing is taken then.
    """
    raw = await asyncio.to_thread(_read, path)
    try:
        entries = _ENTRIES.validate_json(raw)
    except ValidationError as error:
        raise _explained(path, error) from None
    by = f"file:{path.name}"
    return [ConsentRecord(entry.member_id, entry.consent, entry.at, by) for entry in entries]


def _read(path: Path) -> bytes:
    try:
        if path.stat().st_size > _BYTES_MAX:
            raise ImportFileError(
                f"The consent file {path} is larger than {_BYTES_MAX // 1024 // 1024} MiB.",
                hint="Split it: consents add up over several calls.",
            )
        return path.read_bytes()
    except OSError as error:
        raise ImportFileError(
            f"The consent file {path} cannot be read: {error.strerror}.",
            hint="Check the path and its permissions.",
        ) from error


def _explained(path: Path, error: ValidationError) -> ImportFileError:
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    where = "".join(
        f", entry {part + 1}" if isinstance(part, int) else f", {part!r}" for part in first["loc"]
    )
    return ImportFileError(
        f"The consent file {path}{where}: {first['msg']}.", hint=f"Write {_SHAPE}."
    )
