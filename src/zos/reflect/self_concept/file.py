"""The file that shows the self-concept and lets an operator edit it.

Its first line names the version that it was written from. That tells an edit (the text is not that
version's) from a file that is merely behind, because the process ended between commit and write.
"""

from __future__ import annotations

import asyncio
import re
from datetime import datetime
from importlib.resources import files
from pathlib import Path
from secrets import token_hex

from zos.core.errors import ConfigError
from zos.reflect.self_concept.store import Origin, SelfConceptStore, SelfConceptVersion

MAX_CHARACTERS = 12_000
_MARK = "<!-- version {}; edit the text below, and leave this line -->"
_MARKED = re.compile(r"<!-- version (?P<id>\w+)\b[^\n]*-->\n*")


def path_in(data_dir: Path) -> Path:
    """Return where the file stands."""
    return data_dir / "self-concept.md"


def shipped_text() -> str:
    """Return the self-concept that a new Zos begins with."""
    return (files("zos.reflect.self_concept") / "shipped.md").read_text("utf-8").strip()


async def settle(store: SelfConceptStore, path: Path, *, now: datetime) -> SelfConceptVersion:
    """Bring file and database together and return the version in force.

    An operator's edit becomes a new version; in every other case the file is (re)written from the
    version in force. Without either, the shipped text becomes the first version.

    Raises:
        ConfigError: If the file cannot be read or written, or is too long; nothing has changed then.
    """
    text = await asyncio.to_thread(_read, path)
    current = await store.current()
    edited = await _edited(store, current, text)
    if edited is not None:
        origin = Origin.SHIPPED if edited == shipped_text() and current is None else Origin.OPERATOR
        current = await store.put(edited, at=now, origin=origin)
    elif current is None:
        current = await store.put(shipped_text(), at=now, origin=Origin.SHIPPED)
    if text != _rendered(current):
        await write_file(path, current)
    return current


async def write_file(path: Path, version: SelfConceptVersion) -> None:
    """Write `version` to `path`, whole or not at all.

    Raises:
        ConfigError: If it cannot be written.
    """
    try:
        await asyncio.to_thread(_write, path, _rendered(version))
    except OSError as error:
        raise ConfigError(
            f"The self-concept cannot be written to {path}: {error.strerror}.",
            hint="Check data_dir and its permissions.",
        ) from error


async def _edited(
    store: SelfConceptStore, current: SelfConceptVersion | None, text: str | None
) -> str | None:
    """Return the operator's text, or None if the file has nothing that the database lacks."""
    if text is None:
        return None
    mark = _MARKED.match(text)
    body = text[mark.end() :].strip() if mark else text.strip()
    if not body or (current is not None and body == current.content):
        return None
    base = await store.get(mark["id"]) if mark else None
    if base is None:
        return body
    is_behind = base.content == body or base.origin is Origin.WITHDRAWN
    return None if is_behind else body


def _rendered(version: SelfConceptVersion) -> str:
    return f"{_MARK.format(version.id)}\n\n{version.content}\n"


def _read(path: Path) -> str | None:
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise ConfigError(
            f"The self-concept {path} cannot be read: {reason}.", hint="Mend or remove the file."
        ) from error
    if len(text) > MAX_CHARACTERS:
        raise ConfigError(
            f"The self-concept {path} has {len(text):,} characters; at most {MAX_CHARACTERS:,} fit.",
            hint="Shorten it.",
        )
    return text


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{token_hex(4)}.tmp")  # nobody else's
    try:
        draft.write_text(text, "utf-8")
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
