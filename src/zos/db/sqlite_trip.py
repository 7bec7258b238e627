"""A whole transaction in the thread of its SQLite connection, where nothing has to be waited for.

In: an open connection and work that is written for one like it. Out: what the work returns. There,
SQLAlchemy's synchronous connection is used as it is, without the switches that its asynchronous one
makes for every statement.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from sqlalchemy import CursorResult, Executable
from sqlalchemy.ext.asyncio import AsyncConnection

Result = TypeVar("Result")


class ConnectionThere(AsyncConnection):
    """The same connection, for use in its thread."""

    async def execute(
        self, statement: Executable, parameters: Any = None, *, execution_options: Any = None
    ) -> CursorResult[Any]:
        """Execute at once. The result is open until it is read or the transaction ends."""
        return self._proxied.execute(statement, parameters, execution_options=execution_options)

    async def exec_driver_sql(
        self, statement: str, parameters: Any = None, execution_options: Any = None
    ) -> CursorResult[Any]:
        """Execute at once, likewise."""
        return self._proxied.exec_driver_sql(statement, parameters, execution_options)


async def in_one_trip(
    connection: AsyncConnection, work: Callable[[AsyncConnection], Awaitable[Result]]
) -> Result:
    """Return what `work` does in a transaction of an open connection, which commits, or rolls back on an error."""
    here = connection.sync_connection
    if here is None:
        raise TypeError("The connection is not open.")

    async def whole() -> Result:
        with here.begin():
            return await work(ConnectionThere(connection.engine, here))

    driver: Any = here.connection.driver_connection
    result: Result = await driver.take_there(whole())
    return result
