"""What all commands share: configuration on demand, async code, an open store, logging."""

from __future__ import annotations

import asyncio
import gc
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
import structlog

from zos.cli.context import App, fast_runner, set_aside_what_stays
from zos.core.errors import ConfigError, DatabaseError, MigrationError
from zos.db.engine import Database, ping


def test_the_configuration_is_read_when_it_is_asked_for_and_once(own_folder: Path) -> None:
    path = own_folder / "a.yaml"
    app = App(path, {"ZOS_API__PORT": "1"})
    path.write_text("log: {level: debug}")
    assert app.config.log.level == "debug"
    assert app.config.api.port == 1
    path.write_text("log: {level: error}")
    assert app.config is app.config
    assert app.loaded.path == path


def test_async_code_runs_to_its_end_and_gives_its_result() -> None:
    async def work() -> int:
        await asyncio.sleep(0)
        return 7

    assert App(None, {}).run(work) == 7


def test_an_invalid_configuration_stops_before_any_work() -> None:
    async def work() -> None:
        pytest.fail("must not run")

    with pytest.raises(ConfigError, match="ZOS_NOPE"):
        App(None, {"ZOS_NOPE": "1"}).run(work)


def test_a_store_is_open_for_the_length_of_a_block(own_folder: Path) -> None:
    app = App(None, {})
    kept: list[Database] = []

    async def work() -> None:
        async with app.database() as database:
            await ping(database)
            kept.append(database)
        with pytest.raises(DatabaseError, match="not open"):
            await ping(database)

    app.run(work)
    assert kept[0].path == own_folder / "data" / "zos.db"


def test_a_store_can_be_insisted_on_or_taken_as_it_is(own_folder: Path) -> None:
    app = App(None, {})

    async def require() -> None:
        async with app.database(schema="require"):
            pass

    async def take() -> None:
        async with app.database(schema="any") as database:
            await ping(database)

    for work in (require, take):
        with pytest.raises(DatabaseError, match="no database"):
            app.run(work)
    (own_folder / "data").mkdir()
    with closing(sqlite3.connect(own_folder / "data" / "zos.db")) as plain:
        plain.execute("CREATE TABLE t (a)")
    with pytest.raises(MigrationError, match="zos db migrate"):
        app.run(require)
    app.run(take)


@pytest.mark.parametrize(
    ("asked", "serving", "heard"),
    [
        (None, False, {"warning"}),
        (None, True, {"info", "warning"}),
        ("debug", False, {"debug", "info", "warning"}),
        ("error", True, set()),
    ],
)
def test_only_a_service_logs_at_the_configured_level_unless_asked(
    asked: str | None, serving: bool, heard: set[str], capsys: pytest.CaptureFixture[str]
) -> None:
    async def work() -> None:
        logger = structlog.get_logger("zos.test")
        for level in ("debug", "info", "warning"):
            getattr(logger, level)(f"said at {level}", token="s3cret-token")

    environ = {"ZOS_DISCORD__TOKEN": "s3cret-token"}
    App(None, environ, log_level=asked).run(work, serving=serving)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert {
        level for level in ("debug", "info", "warning") if f"at {level}" in captured.err
    } == heard
    assert "s3cret" not in captured.err


def test_code_runs_on_the_fast_loop_and_a_collector_that_looks_less_often() -> None:
    async def loop() -> str:
        return type(asyncio.get_running_loop()).__module__

    before = gc.get_threshold()
    try:
        with fast_runner() as runner:
            assert runner.run(loop()) == "uvloop"
        assert gc.get_threshold() == (20_000, *before[1:])
    finally:
        gc.set_threshold(*before)


def test_what_a_service_has_once_it_is_ready_is_not_looked_at_again() -> None:
    kept = [[] for _ in range(10)]  # type: ignore[var-annotated]
    try:
        set_aside_what_stays()
        assert not {id(one) for one in kept} & {id(one) for one in gc.get_objects()}
    finally:
        gc.unfreeze()
    assert {id(one) for one in kept} <= {id(one) for one in gc.get_objects()}
