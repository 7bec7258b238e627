"""PostgreSQL's own programs for backup: found on the PATH, run without a password on the command line."""

from __future__ import annotations

import asyncio
import os
import shutil
from typing import TYPE_CHECKING

from zos.core.errors import DatabaseError

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import URL


async def dump(url: URL, target: Path) -> None:
    """Write a verified archive of the database to `target`.

    Raises:
        DatabaseError: If the programs are missing or fail.
    """
    plain = url._replace(drivername="postgresql", password=None).render_as_string()
    options = ("--format=custom", "--no-owner", f"--file={target}", f"--dbname={plain}")
    await _run("pg_dump", *options, password=str(url.password or ""))
    listing = await _run("pg_restore", "--list", str(target))
    if b" TABLE DATA " not in listing:
        raise DatabaseError("The archive that pg_dump wrote holds no tables.")


async def _run(program: str, *arguments: str, password: str = "") -> bytes:
    found = shutil.which(program)
    if found is None:
        raise DatabaseError(
            f"{program} is not installed, so PostgreSQL cannot be backed up from here.",
            hint="Install PostgreSQL's client programs, of the server's version or newer.",
        )
    environ = {**os.environ, "PGPASSWORD": password} if password else dict(os.environ)
    process = await asyncio.create_subprocess_exec(
        found,
        *arguments,
        env=environ,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        output, complaint = await process.communicate()
    except asyncio.CancelledError:
        process.kill()  # it keeps nothing that could be half done; its file is removed by the caller
        await process.wait()
        raise
    if process.returncode:
        raise _failed(program, complaint.decode(errors="replace"))
    return output


def _failed(program: str, complaint: str) -> DatabaseError:
    reason = (complaint.strip().splitlines() or ["it gave no reason"])[0]
    hint = "Install those of the server's version." if "version mismatch" in complaint else ""
    return DatabaseError(f"{program} failed: {reason.removeprefix(f'{program}: ')}.", hint=hint)
