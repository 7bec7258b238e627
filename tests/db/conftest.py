"""Stores that nothing has been done to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import psycopg
import pytest

from zos.config import Config
from zos.core.ids import new_ulid


@pytest.fixture
def empty_postgres_url(postgres_server: str) -> Iterator[str]:
    """A PostgreSQL database without a single table."""
    name = f"zos_{new_ulid(datetime.now(UTC)).lower()}"
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    yield postgres_server.replace("/postgres?", f"/{name}?", 1)
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=["sqlite", "postgres"])
def fresh_config(request: pytest.FixtureRequest, make_config: Callable[..., Config]) -> Config:
    """A configuration whose store is not made yet, on each database in turn."""
    if request.param == "sqlite":
        return make_config()
    return make_config(database={"url": request.getfixturevalue("empty_postgres_url")})
