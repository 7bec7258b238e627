"""What the store holds, whatever its schema."""

from __future__ import annotations

from sqlalchemy import insert, text

from zos.config import Config
from zos.db.engine import Database
from zos.db.migrate import head_revision
from zos.db.status import store_status
from zos.db.tables import metadata, server


async def test_a_current_store_shows_its_rows_and_size(database: Database) -> None:
    async with database.write() as connection:
        await connection.execute(insert(server), [{"id": n, "name": "s"} for n in range(1, 4)])
    status = await store_status(database)
    assert status.state == "current"
    assert status.revision == status.head == head_revision()
    assert set(status.rows) == set(metadata.tables)
    assert status.rows["server"] == 3
    assert status.rows["message"] == 0
    assert status.size_bytes > 100_000
    assert status.url == database.shown_url


async def test_a_newer_store_is_shown_as_such(database: Database) -> None:
    async with database.write() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    assert (await store_status(database)).state == "newer"


async def test_an_empty_store_has_a_migration_pending(fresh_config: Config) -> None:
    database = Database(fresh_config)
    if database.path is not None:
        database.path.parent.mkdir()
        database.path.touch()
    await database.open()
    status = await store_status(database)
    await database.close()
    assert (status.state, status.revision, status.rows) == ("pending", None, {})
