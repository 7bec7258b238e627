"""`Database` opens, keeps readers from writing, lets one write at a time, rolls back, and explains failures."""

from __future__ import annotations

import asyncio
import sqlite3
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing, suppress
from pathlib import Path

import pytest
from sqlalchemy import func, insert, select, text
from sqlalchemy.exc import IntegrityError, OperationalError, ProgrammingError
from sqlalchemy.ext.asyncio import AsyncConnection
from tests.conftest import EPOCH

from zos.config import Config
from zos.core.errors import ConfigError, DatabaseError
from zos.db.engine import LATER, Database, database_url, job_store_url, ping
from zos.db.migrate import upgrade
from zos.db.tables import channel, server

MakeConfig = Callable[..., Config]


@asynccontextmanager
async def opened(config: Config) -> AsyncIterator[Database]:
    database = Database(config)
    await database.connect()
    try:
        yield database
    finally:
        await database.close()


async def servers(database: Database) -> int | None:
    async with database.read() as connection:
        return await connection.scalar(select(func.count()).select_from(server))


async def add_server(connection: AsyncConnection, server_id: int) -> None:
    await connection.execute(insert(server).values(id=server_id, name="a"))


async def test_a_fresh_store_has_the_schema_and_answers(database: Database) -> None:
    await ping(database)
    assert await servers(database) == 0


async def test_what_was_written_is_read_again(database: Database) -> None:
    async with database.write() as connection:
        await add_server(connection, 1)
    assert await servers(database) == 1


async def test_an_error_within_a_write_leaves_nothing_behind(database: Database) -> None:
    async def write_and_fail() -> None:
        async with database.write() as connection:
            await add_server(connection, 1)
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        await write_and_fail()
    assert await servers(database) == 0


async def test_a_cancelled_write_leaves_nothing_behind_and_the_next_one_works(
    database: Database,
) -> None:
    written = asyncio.Event()

    async def write_and_wait() -> None:
        async with database.write() as connection:
            await add_server(connection, 1)
            written.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(write_and_wait())
    await written.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await servers(database) == 0
    async with database.write() as connection:
        await add_server(connection, 2)
    assert await servers(database) == 1


async def test_readers_see_the_last_commit_while_another_writes(database: Database) -> None:
    async with database.write() as connection:
        await add_server(connection, 1)
        assert await servers(database) == 0
    assert await servers(database) == 1


async def test_a_reader_keeps_its_view_while_others_commit(make_config: MakeConfig) -> None:
    async with opened(make_config()) as database, database.read() as reading:
        before = await reading.scalar(select(func.count()).select_from(server))
        async with database.write() as connection:
            await add_server(connection, 1)
        assert await reading.scalar(select(func.count()).select_from(server)) == before == 0


async def test_writers_of_one_process_take_turns(database: Database) -> None:
    async def add(server_id: int) -> None:
        async with database.write() as connection:
            count = await connection.scalar(select(func.count()).select_from(server))
            await add_server(connection, server_id * 100 + int(count or 0))

    await asyncio.gather(*(add(number) for number in range(1, 11)))
    assert await servers(database) == 10


async def test_a_write_on_sqlite_takes_the_lock_with_its_first_statement_even_if_that_reads(
    make_config: MakeConfig,
) -> None:
    config = make_config(database={"busy_timeout_seconds": 0.05})

    async def write_nothing(database: Database) -> None:
        async with database.write() as connection:
            await connection.execute(text("SELECT 1"))

    async with opened(config) as one, opened(config) as other, one.write() as connection:
        await connection.execute(text("SELECT 1"))
        with pytest.raises(DatabaseError, match=r"locked\. Another process is writing"):
            await write_nothing(other)
        assert await servers(other) == 0


async def test_a_reader_cannot_write_on_sqlite(make_config: MakeConfig) -> None:
    async def write_as_reader(database: Database) -> None:
        async with database.read() as connection:
            await add_server(connection, 1)

    async with opened(make_config()) as database:
        with pytest.raises(DatabaseError, match="readonly"):
            await write_as_reader(database)


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
async def test_waiting_for_a_free_connection_ends(
    kind: str, make_config: MakeConfig, request: pytest.FixtureRequest
) -> None:
    url = request.getfixturevalue("postgres_url") if kind == "postgres" else ""
    settings = {"url": url, "pool_size": 2, "pool_timeout_seconds": 0.05}
    async with opened(make_config(database=settings)) as database:
        async with database.read(), database.read():
            with pytest.raises(DatabaseError, match="became free in time"):
                await ping(database)
        await ping(database)


async def test_a_broken_constraint_is_the_callers_to_handle(database: Database) -> None:
    async def add_twice() -> None:
        async with database.write() as connection:
            await add_server(connection, 1)
            await add_server(connection, 1)

    with pytest.raises(IntegrityError):
        await add_twice()
    assert await servers(database) == 0


async def test_foreign_keys_hold(database: Database) -> None:
    async def add_orphan() -> None:
        async with database.write() as connection:
            await connection.execute(insert(channel).values(id=1, server_id=9, name="", kind=""))

    with pytest.raises(IntegrityError):
        await add_orphan()


async def test_a_wrong_statement_is_not_blamed_on_the_store(config: Config) -> None:
    async def ask(database: Database) -> None:
        async with database.read() as connection:
            await connection.execute(text("SELECT 1 FROM nowhere"))

    async with opened(config) as database:
        with pytest.raises((OperationalError, ProgrammingError), match="nowhere"):
            await ask(database)


async def test_an_insert_can_pass_over_what_is_there(database: Database) -> None:
    async with database.write() as connection:
        for _ in range(2):
            statement = database.insert(server).values(id=1, name="a").on_conflict_do_nothing()
            await connection.execute(statement)
        statement = database.insert(server).values(id=1, name="b")
        await connection.execute(
            statement.on_conflict_do_update(index_elements=["id"], set_={"name": "b"})
        )
    async with database.read() as connection:
        assert (await connection.execute(select(server.c.name))).scalars().all() == ["b"]


async def test_maintenance_runs_outside_a_transaction(database: Database) -> None:
    async def vacuum(connection: AsyncConnection) -> None:
        await connection.execute(text("VACUUM"))

    await database.autocommit(vacuum)
    async with database.write() as connection:
        await add_server(connection, 1)
    assert await servers(database) == 1


async def test_a_store_that_is_not_open_says_so(make_config: MakeConfig) -> None:
    database = Database(make_config())
    with pytest.raises(DatabaseError, match=r"not open\. Call connect"):
        await ping(database)
    await database.connect()
    await database.close()
    with pytest.raises(DatabaseError, match="not open"):
        await ping(database)
    await database.close()


async def test_the_file_is_in_write_ahead_mode_in_a_folder_of_its_owners(
    make_config: MakeConfig,
) -> None:
    async with opened(make_config(database={"synchronous": "full"})) as database:
        assert database.path is not None
        async with database.write() as connection:
            assert await connection.scalar(text("PRAGMA journal_mode")) == "wal"
            assert await connection.scalar(text("PRAGMA synchronous")) == 2
            assert await connection.scalar(text("PRAGMA secure_delete")) == 1
        if sys.platform != "win32":
            assert database.path.parent.stat().st_mode & 0o777 == 0o700


async def test_powers_are_the_same_on_both_databases(database: Database) -> None:
    async with database.read() as connection:
        value = await connection.scalar(text("SELECT pow(0.5, 2)"))
    assert float(value or 0) == 0.25


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("not a url", r"is not a URL\. Write sqlite:///path"),
        ("postgresql://host:port/x", "is not a URL"),
        ("mysql://host/x", r"names 'mysql'\. Zos stores in SQLite or PostgreSQL"),
        ("sqlite://", "names no file"),
        ("sqlite:///:memory:", "names no file"),
    ],
)
def test_a_url_that_cannot_be_used_is_refused(
    url: str, reason: str, make_config: MakeConfig
) -> None:
    with pytest.raises(ConfigError, match=reason):
        Database(make_config(database={"url": url}))


def test_without_a_url_the_store_is_a_file_in_the_data_folder(make_config: MakeConfig) -> None:
    config = make_config()
    assert Database(config).path == config.data_dir / "zos.db"
    assert job_store_url(config).drivername == "sqlite"
    assert job_store_url(config).database == database_url(config).database


def test_a_postgres_url_gets_its_driver_and_hides_its_password(make_config: MakeConfig) -> None:
    config = make_config(database={"url": "postgresql://zos:secret@db/zos"})
    database = Database(config)
    assert database.path is None
    assert database.shown_url == "postgresql://zos:***@db/zos"
    assert job_store_url(config).drivername == "postgresql+psycopg"


async def test_a_driver_that_is_not_installed_is_one_clear_sentence(
    make_config: MakeConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)  # as Python itself says "not there"
    database = Database(make_config(database={"url": "postgresql://zos@127.0.0.1/zos"}))
    with pytest.raises(ConfigError, match=r"driver is not installed.*zos\[postgres\]"):
        await database.connect()


async def test_an_unreachable_server_is_one_clear_sentence(make_config: MakeConfig) -> None:
    url = "postgresql://nobody:secret@127.0.0.1:1/none"
    database = Database(make_config(database={"url": url}))
    with pytest.raises(
        DatabaseError, match=r"cannot be used.*Check that the server runs"
    ) as raised:
        await database.connect()
    assert "secret" not in str(raised.value)
    assert "\n" not in str(raised.value)


async def test_a_database_that_does_not_exist_is_one_clear_sentence(
    make_config: MakeConfig, postgres_url: str
) -> None:
    url = postgres_url.replace("/zos_", "/no_", 1)
    with pytest.raises(DatabaseError, match=r"does not exist\. .*must be made first"):
        await Database(make_config(database={"url": url})).connect()


async def test_a_wait_for_a_lock_ends_late_for_what_was_paid_and_never_for_a_migration(
    make_config: MakeConfig, postgres_url: str
) -> None:
    waits = text("SHOW lock_timeout")
    async with opened(make_config(database={"url": postgres_url})) as database:
        for _ in range(2):  # a transaction's end takes nothing back
            with suppress(RuntimeError):
                async with database.write() as connection:
                    assert await connection.scalar(waits) == "30s"
                    raise RuntimeError
        async with database.write(is_paid=True) as connection:
            assert await connection.scalar(waits) == "1h"
        assert await database.write_at_once(lambda one: one.scalar(waits), is_paid=True) == "1h"
        async with database.write() as connection:
            await connection.run_sync(upgrade)
            assert await connection.scalar(waits) == "0"


async def test_what_the_url_says_of_waits_for_a_lock_counts(
    make_config: MakeConfig, postgres_url: str
) -> None:
    url = f"{postgres_url}&options=-c%20lock_timeout%3D5s"
    async with opened(make_config(database={"url": url})) as database, database.read() as one:
        assert await one.scalar(text("SHOW lock_timeout")) == "5s"


async def test_what_was_paid_for_finds_a_connection_where_all_others_wait(
    make_config: MakeConfig, postgres_url: str
) -> None:
    settings = {"url": postgres_url, "pool_size": 2, "pool_timeout_seconds": 0.05}
    async with opened(make_config(database=settings)) as database:
        async with database.read(), database.read():
            with pytest.raises(DatabaseError, match="became free"):
                await ping(database)
            async with database.write(is_paid=True) as connection:
                await add_server(connection, 1)
        assert await servers(database) == 1


@pytest.mark.parametrize("migrate", [True, False])
async def test_a_file_that_is_no_database_is_refused_and_left_alone(
    migrate: bool, make_config: MakeConfig
) -> None:
    config = make_config()
    config.data_dir.mkdir()
    path = config.data_dir / "zos.db"
    path.write_bytes(b"just some text, long enough for a page " * 200)
    before = path.read_bytes()
    with pytest.raises(DatabaseError, match="not a database"):
        await Database(config).connect(migrate=migrate)
    with pytest.raises(DatabaseError, match="not a database"):
        await Database(config).open()
    assert path.read_bytes() == before


async def test_a_folder_that_cannot_be_made_is_one_clear_sentence(
    make_config: MakeConfig, tmp_path: Path
) -> None:
    (tmp_path / "data").write_text("a file stands here")
    with pytest.raises(DatabaseError, match=r"folder .*data cannot be made.*Check data_dir"):
        await Database(make_config()).connect()


async def test_a_folder_in_the_files_place_is_one_clear_sentence(
    make_config: MakeConfig, tmp_path: Path
) -> None:
    (tmp_path / "data" / "zos.db").mkdir(parents=True)
    with pytest.raises(DatabaseError, match=r"cannot be used.*Check the path"):
        await Database(make_config()).connect()


async def test_opening_without_migrating_makes_nothing(
    make_config: MakeConfig, tmp_path: Path
) -> None:
    for attempt in (Database.open, lambda database: database.connect(migrate=False)):
        with pytest.raises(DatabaseError, match=r"no database at .*zos\.db\. Make one"):
            await attempt(Database(make_config()))
    assert list(tmp_path.iterdir()) == []


async def test_a_full_disk_is_one_clear_sentence_and_leaves_nothing_behind(
    make_config: MakeConfig,
) -> None:
    async def fill(database: Database) -> None:
        async with database.write() as connection:
            await connection.execute(text("PRAGMA max_page_count=1"))  # as much as there is now
            await connection.execute(insert(server).values(id=1, name="x" * 10_000_000))

    async with opened(make_config()) as database:
        with pytest.raises(DatabaseError, match=r"disk is full\. Make room"):
            await fill(database)
        assert await servers(database) == 0


async def test_a_damaged_file_is_one_clear_sentence(make_config: MakeConfig) -> None:
    config = make_config()
    async with opened(config) as database, database.write() as connection:
        await add_server(connection, 1)
    _damage(config.data_dir / "zos.db")
    with pytest.raises(DatabaseError, match=r"malformed\. Restore a backup"):
        await Database(config).connect()


def _damage(path: Path) -> None:
    with closing(sqlite3.connect(path)) as plain:
        plain.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    content = bytearray(path.read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)
    path.write_bytes(content)


ADD_SERVER = insert(server).execution_options(**LATER)
ADD_CHANNELS = insert(channel).execution_options(**LATER)


def a_channel(channel_id: int, server_id: int) -> dict[str, object]:
    return {
        "id": channel_id,
        "server_id": server_id,
        "kind": "text",
        "name": "a",
        "created_at": EPOCH,
    }


async def test_what_nobody_waits_for_is_done_in_order_before_the_next_statement_and_the_commit(
    database: Database,
) -> None:
    async with database.write() as connection:
        await connection.execute(ADD_SERVER, {"id": 1, "name": "a"})
        await connection.execute(ADD_CHANNELS, [a_channel(1, 1), a_channel(2, 1)])
        assert await connection.scalar(select(func.count()).select_from(channel)) == 2
        await connection.execute(ADD_SERVER, {"id": 2, "name": "b"})
    assert await servers(database) == 2


async def test_what_nobody_waits_for_is_rolled_back_too(database: Database) -> None:
    async def write_and_fail() -> None:
        async with database.write() as connection:
            await connection.execute(ADD_SERVER, {"id": 1, "name": "a"})
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError):
        await write_and_fail()
    async with database.write() as connection:
        await add_server(connection, 2)
    assert await servers(database) == 1


async def test_what_nobody_waits_for_fails_its_transaction(database: Database) -> None:
    with pytest.raises(IntegrityError):
        async with database.write() as connection:
            await connection.execute(ADD_SERVER, {"id": 1, "name": "a"})
            await connection.execute(ADD_SERVER, {"id": 1, "name": "again"})
    assert await servers(database) == 0
