"""What is done at once is one transaction on both databases, and on SQLite one trip to a thread."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Generator

import pytest
from sqlalchemy import event, func, insert, select, text
from sqlalchemy.engine import Engine
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from zos.config import Config
from zos.core.errors import DatabaseError
from zos.db.engine import LATER, Database
from zos.db.tables import server

MakeConfig = Callable[..., Config]


async def add(connection: AsyncConnection, server_id: int) -> None:
    later = insert(server).execution_options(**LATER)
    await connection.execute(later, {"id": server_id, "name": "a"})


async def names(connection: AsyncConnection) -> list[str]:
    return list(await connection.scalars(select(server.c.name).order_by(server.c.id)))


async def test_what_is_done_at_once_is_committed_and_its_result_returned(
    database: Database,
) -> None:
    async def work(connection: AsyncConnection) -> int | None:
        await add(connection, 1)
        await connection.execute(insert(server), [{"id": one, "name": "b"} for one in (2, 3)])
        await connection.exec_driver_sql("UPDATE server SET name = 'c' WHERE id = 3")
        return await connection.scalar(select(func.count()).select_from(server))

    assert await database.write_at_once(work) == 3
    assert await database.read_at_once(names) == ["a", "b", "c"]


async def test_an_error_leaves_nothing_behind(database: Database) -> None:
    async def fail(connection: AsyncConnection) -> None:
        await add(connection, 1)
        raise RuntimeError("stop")

    async def break_a_constraint(connection: AsyncConnection) -> None:
        await add(connection, 1)
        await add(connection, 1)

    with pytest.raises(RuntimeError, match="stop"):
        await database.write_at_once(fail)
    with pytest.raises(IntegrityError):
        await database.write_at_once(break_a_constraint)
    await database.write_at_once(lambda connection: add(connection, 2))
    assert len(await database.read_at_once(names)) == 1


async def test_nothing_need_be_done_at_all(database: Database) -> None:
    async def nothing(_connection: AsyncConnection) -> str:
        return "nothing"

    for _ in range(2):
        assert await database.write_at_once(nothing) == "nothing"
        assert await database.read_at_once(nothing) == "nothing"


async def test_on_sqlite_all_of_it_is_one_trip_to_another_thread(make_config: MakeConfig) -> None:
    threads = []

    def executed(*_given: object) -> None:
        threads.append(threading.get_ident())

    database = Database(make_config())
    await database.connect()
    event.listen(Engine, "before_cursor_execute", executed)
    await database.write_at_once(lambda connection: add(connection, 1))
    await database.write_at_once(lambda connection: add(connection, 2))
    event.remove(Engine, "before_cursor_execute", executed)
    await database.close()
    assert len(threads) == 2
    assert set(threads) != {threading.get_ident()}
    assert len(set(threads)) == 1


async def test_on_sqlite_who_is_cancelled_meanwhile_finds_it_done(make_config: MakeConfig) -> None:
    database = Database(make_config())
    await database.connect()
    begun, go_on = threading.Event(), threading.Event()

    async def work(connection: AsyncConnection) -> None:
        await add(connection, 1)
        begun.set()
        assert go_on.wait(10)
        await add(connection, 2)

    task = asyncio.create_task(database.write_at_once(work))
    assert await asyncio.to_thread(begun.wait, 10)
    for _ in range(2):
        task.cancel()
        await asyncio.sleep(0)
    assert not task.done()
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert len(await database.read_at_once(names)) == 2
    await database.close()


async def test_on_sqlite_it_may_wait_for_nothing_else(make_config: MakeConfig) -> None:
    database = Database(make_config())
    await database.connect()

    class Never:
        def __await__(self) -> Generator[None, None, None]:
            yield

    async def wait(connection: AsyncConnection) -> None:
        await add(connection, 1)
        await Never()

    with pytest.raises(RuntimeError, match="wait for nothing but its connection"):
        await database.write_at_once(wait)
    assert await database.read_at_once(names) == []
    await database.write_at_once(lambda connection: add(connection, 2))
    await database.close()


async def test_on_sqlite_a_store_that_cannot_be_written_says_so(make_config: MakeConfig) -> None:
    config = make_config(database={"busy_timeout_seconds": 0.05})
    one, other = Database(config), Database(config)
    await one.connect()
    await other.connect()

    async def catch_and_go_on(connection: AsyncConnection) -> None:
        with pytest.raises(Exception, match="locked"):
            await connection.execute(text("SELECT 1"))
        await connection.execute(text("SELECT 1"))

    async with one.write() as connection:
        await connection.execute(text("SELECT 1"))
        with pytest.raises(DatabaseError, match=r"locked\. Another process is writing"):
            await other.write_at_once(lambda there: add(there, 1))
        with pytest.raises(Exception, match="roll back"):
            await other.write_at_once(catch_and_go_on)
    with pytest.raises(DatabaseError, match="readonly"):
        await other.read_at_once(lambda there: add(there, 1))
    await other.write_at_once(lambda there: add(there, 1))
    await one.close()
    await other.close()
