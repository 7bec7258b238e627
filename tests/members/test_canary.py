"""After an erasure no byte of what a member said is left: the bytes themselves are looked through.

SQLite: the database, its log, its index, backups made later, the self-concept's file, the logs.
PostgreSQL: the files of the whole database; its own log (`pg_wal`) is beyond reach.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from sqlalchemy import text
from tests.members.lived import ANN, CANARIES, ROOM, SERVER, Lived

from zos.config.logging import configure_logging
from zos.core.topics import TopicKey
from zos.db.backup import back_up
from zos.db.engine import Connection
from zos.service.services import build_services

WORDS = [word.encode() for word in CANARIES]


@pytest.fixture
def logged() -> Iterator[None]:
    """Log everything, as `--verbose` does, and leave logging as it was."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


async def reflect(lived: Lived) -> None:
    """Let layers think about all of it for real, offline: prompts are made, calls and runs recorded."""
    topics = {
        "nightly-channel-reflection": TopicKey.channel(SERVER, ROOM),
        "nightly-user-reflection": TopicKey.user(ANN, SERVER),
    }
    async with build_services(lived.config, clock=lived.clock) as services:
        for layer, topic in topics.items():
            run = await services.executor.execute_layer(
                services.loader.require(layer), [str(topic)]
            )
            assert run.targets_done == 1, run.reason


async def files_of(lived: Lived) -> list[Path]:
    """All files in which the store may have left something."""
    if lived.database.is_sqlite:
        return [path for path in lived.config.data_dir.rglob("*") if path.is_file()]
    async with lived.database.read() as connection:
        home = await connection.scalar(text("SELECT current_setting('data_directory')"))
        number = await connection.scalar(
            text("SELECT oid FROM pg_database WHERE datname = current_database()")
        )
    return [path for path in (Path(str(home)) / "base" / str(number)).iterdir() if path.is_file()]


async def found_in(lived: Lived) -> set[tuple[str, str]]:
    """The words that stand in some file, and in which."""
    if not lived.database.is_sqlite:  # the server writes what it holds in memory
        await lived.database.autocommit(checkpoint)
    return {
        (word.decode(), path.name)
        for path in await files_of(lived)
        for word in WORDS
        if word in path.read_bytes().lower()
    }


async def checkpoint(connection: Connection) -> None:
    await connection.execute(text("CHECKPOINT"))


async def analyse(lived: Lived) -> None:
    """Let the database look at its rows: the statistics that it keeps of them hold texts, too."""
    async with lived.database.write() as connection:
        await connection.execute(text("ANALYZE"))


@pytest.mark.usefixtures("logged")
async def test_no_byte_of_it_remains(
    lived: Lived, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    configure_logging(lived.config.log, frozenset(), level="debug")
    await reflect(lived)
    await analyse(lived)
    before = await found_in(lived)
    assert {word for word, _ in before} >= {*CANARIES} - {"firstquetzal"}

    done = await lived.members.forget(ANN, "member")

    assert done.completed_at is not None
    assert await found_in(lived) == set()
    if lived.database.is_sqlite:
        await back_up(lived.database, tmp_path / "later.db")
        later = (tmp_path / "later.db").read_bytes().lower()
        assert [word for word in WORDS if word in later] == []
    output = "".join(capfd.readouterr()).lower()
    assert "member_erased" in output
    assert [word for word in CANARIES if word in output] == []
    assert await lived.ledger.audit() == []
