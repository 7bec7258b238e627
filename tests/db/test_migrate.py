"""Schema versions: fresh, current, older and newer databases; many processes at once; and no drift."""

from __future__ import annotations

import asyncio
import importlib
import multiprocessing
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import Connection, insert, select, text
from sqlalchemy.schema import SchemaItem

from zos.config import Config
from zos.core.errors import DatabaseError, MigrationError
from zos.db.engine import Database
from zos.db.migrate import current_revision, head_revision
from zos.db.sqlite_file import ensure_wal
from zos.db.tables import insight, metadata, outbox

PROCESSES = 4
Tell = Callable[[object], None]


async def revision(database: Database) -> str | None:
    async with database.read() as connection:
        return await connection.run_sync(current_revision)


async def pretend(database: Database, number: str) -> None:
    async with database.write() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = :n"), {"n": number})


async def test_a_fresh_store_is_made_and_a_current_one_left_alone(fresh_config: Config) -> None:
    database = Database(fresh_config)
    await database.connect()
    assert await revision(database) == head_revision()
    await database.close()
    await database.connect(migrate=False)
    assert await revision(database) == head_revision()
    await database.close()


async def test_a_store_without_schema_is_opened_only_to_be_migrated(fresh_config: Config) -> None:
    database = Database(fresh_config)
    if database.path is not None:
        database.path.parent.mkdir()
        database.path.touch()
    with pytest.raises(MigrationError, match=r"at revision none.*Run `zos db migrate`"):
        await database.connect(migrate=False)
    await database.open()
    assert await revision(database) is None
    await database.close()


@pytest.mark.parametrize("migrate", [True, False])
async def test_a_store_of_a_newer_program_is_refused_and_left_alone(
    migrate: bool, database: Database, config: Config
) -> None:
    await pretend(database, "9999")
    other = Database(config)
    with pytest.raises(MigrationError, match=r"at revision 9999.*Install the newer Zos") as caught:
        await other.connect(migrate=migrate)
    assert not caught.value.retryable
    assert await revision(database) == "9999"


async def test_an_older_store_is_refused_unless_it_may_be_migrated(
    database: Database, config: Config
) -> None:
    await pretend(database, "0000")
    with pytest.raises(MigrationError, match=r"at revision 0000.*Run `zos db migrate`"):
        await Database(config).connect(migrate=False)


async def test_a_migration_that_fails_leaves_the_store_as_it_was(
    database: Database, config: Config
) -> None:
    # A revision that nobody has heard of: the way from there cannot be found.
    await pretend(database, "0000")
    other = Database(config)
    with pytest.raises(MigrationError, match=r"no way from revision 0000 to"):
        await other.connect()
    assert await revision(database) == "0000"


async def test_a_start_on_a_current_store_does_not_wait_for_a_writer(
    make_config: Callable[..., Config],
) -> None:
    config = make_config(database={"busy_timeout_seconds": 0.05})
    database, other = Database(config), Database(config)
    await database.connect()
    async with database.write():
        await other.connect()
    await other.close()
    await database.close()


# --------------------------------------------------------------------- many at the same time


def at_once(work: Callable[[Any, Barrier, Tell], None], argument: object) -> list[object]:
    """Run `work` in several processes, which meet at a barrier; return what each tells."""
    context = multiprocessing.get_context("spawn")
    barrier, told = context.Barrier(PROCESSES), context.Queue()
    processes = [
        context.Process(target=_report, args=(work, argument, barrier, told))
        for _ in range(PROCESSES)
    ]
    for process in processes:
        process.start()
    answers = [told.get(timeout=60) for _ in processes]
    for process in processes:
        process.join(timeout=60)
    return answers


def _report(
    work: Callable[[Any, Barrier, Tell], None], argument: object, barrier: Barrier, told: Queue[Any]
) -> None:
    try:
        work(argument, barrier, told.put)
    except Exception as error:
        told.put(repr(error))
        raise


def start(settings: dict[str, Any], barrier: Barrier, tell: Tell) -> None:
    async def connect() -> str | None:
        database = Database(Config.model_validate(settings))
        barrier.wait(timeout=60)
        await database.connect()
        try:
            return await revision(database)
        finally:
            await database.close()

    tell(asyncio.run(connect()))


def test_of_processes_that_start_at_once_one_migrates_and_none_fails(
    fresh_config: Config,
) -> None:
    settings = fresh_config.model_dump(mode="json", include={"data_dir", "database"})
    assert at_once(start, settings) == [head_revision()] * PROCESSES


def switch_many(folder: Path, barrier: Barrier, tell: Tell) -> None:
    for number in range(40):
        barrier.wait(timeout=60)
        path = folder / f"{number}.db"
        ensure_wal(path, 5.0)
        with closing(sqlite3.connect(path, timeout=5.0)) as connection:
            connection.execute("CREATE TABLE IF NOT EXISTS t (a)")
    tell("done")


def test_processes_that_switch_one_file_over_at_once_do_not_fail(tmp_path: Path) -> None:
    assert at_once(switch_many, tmp_path) == ["done"] * PROCESSES


def test_a_file_that_others_keep_is_given_up_after_the_time(tmp_path: Path) -> None:
    path = tmp_path / "zos.db"
    with closing(sqlite3.connect(path)) as holder:
        holder.execute("BEGIN EXCLUSIVE")
        with pytest.raises(DatabaseError, match=r"locked\. Another process is writing"):
            ensure_wal(path, 0.05)


# ---------------------------------------------------------------------------------- no drift


def _is_of_the_model(_item: SchemaItem, name: str | None, kind: str, *_: Any) -> bool:
    """Leave out what search_ddl.py makes: SQLAlchemy has no words for it."""
    is_search = any(part in str(name) for part in ("search", "_fts", "_trigram"))
    return not ((is_search and kind in {"table", "index", "column"}) or name == "alembic_version")


def differences(connection: Connection) -> list[Any]:
    options = {"include_object": _is_of_the_model, "compare_type": True}
    context = MigrationContext.configure(connection, opts=options)
    return list(compare_metadata(context, metadata))


async def test_the_tables_are_what_the_migrations_make(database: Database) -> None:
    async with database.read() as connection:
        assert await connection.run_sync(differences) == []


async def test_a_column_that_no_migration_makes_is_noticed(fresh_config: Config) -> None:
    database = Database(fresh_config)
    await database.connect()
    async with database.write() as connection:
        await connection.execute(text("ALTER TABLE server DROP COLUMN joined_at"))
    async with database.read() as connection:
        [(kind, _, table, column)] = await connection.run_sync(differences)
    await database.close()
    assert (kind, table, column.name) == ("add_column", "server", "joined_at")


def migrated(connection: Connection, name: str) -> None:
    with Operations.context(MigrationContext.configure(connection)):
        importlib.import_module(f"zos.db.migrations.versions.{name}").upgrade()


async def test_members_from_before_are_looked_up_by_their_names_too(database: Database) -> None:
    before = [f"ALTER TABLE member DROP COLUMN {name}" for name in ("name_word", "display_word")]
    before = [f"DROP INDEX ix_member_{name}" for name in ("name_word", "display_word")] + before
    add = "INSERT INTO member (id, name, display_name, is_bot) VALUES (3, 'ann', '🌸', false)"
    async with database.write() as connection:
        for statement in (*before, add):
            await connection.execute(text(statement))
        await connection.run_sync(migrated, "0003_names_in_texts")
    async with database.read() as connection:
        (row,) = await connection.execute(text("SELECT name_word, display_word FROM member"))
        assert tuple(row) == ("ann", None)


async def test_members_from_before_are_looked_up_by_the_words_of_now(database: Database) -> None:
    add = """INSERT INTO member (id, name, display_name, global_name, is_bot, name_word, display_word,
        global_word) VALUES (3, 'joan_of_arc', 'José', :name, false, 'joan_of_arc', 'josé', :word),
        (4, 'ben', 'Ben', NULL, false, 'ben', 'ben', NULL)"""
    async with database.write() as connection:
        await connection.execute(text(add), {"name": "qu\u200bill", "word": "qu\u200bill"})
        await connection.run_sync(migrated, "0007_words_of_names")
    async with database.read() as connection:
        query = "SELECT name_word, display_word, global_word FROM member ORDER BY id"
        rows = await connection.execute(text(query))
        assert [*map(tuple, rows)] == [("joan", "jose", "quill"), ("ben", "ben", None)]


def what_texts_tell(connection: Connection) -> None:
    name = "zos.db.migrations.versions.0008_what_texts_tell"
    with Operations.context(MigrationContext.configure(connection)):
        importlib.import_module(name).upgrade()


RUN, TARGET, OTHER = (name.rjust(26, "0") for name in "rtu")
NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def insight_row(number: int, target: str) -> dict[str, Any]:
    said = {"topic_key": "self", "category": "self", "content": "", "open_questions": []}
    weights = dict.fromkeys(("confidence", "importance", "novelty", "strength"), 0.5)
    made = {"layer": "l", "run_id": RUN, "target_id": target, "created_at": NOON}
    state = {"method": "model", "scope": "public", "status": "active", "conflicts_with": []}
    return {"id": f"i{number}", "seq": number, **said, **weights, **made, **state}


def text_row(text_id: str, payload: dict[str, Any], due: datetime | None) -> dict[str, Any]:
    when = {"created_at": NOON, "attempts": 0, "next_attempt_at": due}
    key = {"dedup_key": f"{TARGET}:{text_id}", "run_id": RUN, "destination": "log"}
    return {"id": text_id, "payload": payload, **key, **when}


async def test_texts_from_before_tell_of_what_they_say_or_of_all_of_their_target(
    database: Database,
) -> None:
    waiting = text_row("waits", {"text": "a", "insights": ["i2"]}, NOON)
    texts = [waiting, text_row("silent", {"text": "a"}, NOON), text_row("stands", {}, None)]
    async with database.write() as connection:
        for table in ("outbox_insight", "outbox_member"):
            await connection.execute(text(f"DROP TABLE {table}"))
        insights = [insight_row(*one) for one in ((1, TARGET), (2, TARGET), (3, OTHER))]
        await connection.execute(insert(insight), insights)
        await connection.execute(insert(outbox), texts)
        await connection.run_sync(what_texts_tell)
    async with database.read() as connection:
        told = await connection.execute(
            text("SELECT text_id, insight_id FROM outbox_insight ORDER BY text_id, insight_id")
        )
        assert [*map(tuple, told)] == [
            *(("silent", "i1"), ("silent", "i2"), ("stands", "i1"), ("stands", "i2")),
            ("waits", "i2"),
        ]
        payload = select(outbox.c.payload).where(outbox.c.id == "waits")
        assert await connection.scalar(payload) == {"text": "a"}
        assert await connection.run_sync(differences) == []


async def test_text_search_is_kept_by_the_database_itself(database: Database) -> None:
    add = (
        "INSERT INTO server (id, name) VALUES (1, 's')",
        "INSERT INTO channel (id, server_id, name, kind) VALUES (2, 1, 'c', 'text')",
        "INSERT INTO member (id, name, display_name, is_bot) VALUES (3, 'm', 'm', false)",
        """INSERT INTO message (id, server_id, channel_id, author_id, created_at, content, has_media,
           is_bot, scope, booked) VALUES (4, 1, 2, 3, 0, 'running gardens', false, false, '', true)""",
    )
    async with database.write() as connection:
        for statement in add:
            await connection.execute(text(statement))
    assert await found(database, "garden") == [4]
    async with database.write() as connection:
        await connection.execute(text("UPDATE message SET content = 'the sea'"))
    assert await found(database, "garden") == []
    assert await found(database, "sea") == [4]
    async with database.write() as connection:
        await connection.execute(text("DELETE FROM message"))
    assert await found(database, "sea") == []


async def found(database: Database, word: str) -> list[int]:
    query = (
        "SELECT rowid FROM message_fts WHERE message_fts MATCH :word"
        if database.is_sqlite
        else "SELECT id FROM message WHERE search @@ plainto_tsquery('english', :word)"
    )
    async with database.read() as connection:
        return list((await connection.execute(text(query), {"word": word})).scalars())
