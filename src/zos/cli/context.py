"""What all commands share: the configuration, loaded when first asked for, and the way into async code."""

from __future__ import annotations

import gc
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeVar

import click

if TYPE_CHECKING:
    from asyncio import Runner

    from zos.config import Config, LoadedConfig
    from zos.db.engine import Database

_Result = TypeVar("_Result")
_YOUNG_OBJECTS = 20_000


class App:
    """One run of the command line.

    Args:
        config_path: What `--config` says, or None.
        environ: The process's environment.
        log_level: What `--verbose` or `--quiet` says, or None.
    """

    def __init__(
        self, config_path: Path | None, environ: Mapping[str, str], *, log_level: str | None = None
    ) -> None:
        self._config_path = config_path
        self._environ = environ
        self._log_level = log_level

    @cached_property
    def loaded(self) -> LoadedConfig:
        """The configuration with the origin of each key.

        Raises:
            ConfigError: If it is not valid.
        """
        from zos.config import load_config

        return load_config(self._config_path, self._environ)

    @property
    def config(self) -> Config:
        """The configuration.

        Raises:
            ConfigError: If it is not valid.
        """
        return self.loaded.config

    def run(self, work: Callable[[], Awaitable[_Result]], *, serving: bool = False) -> _Result:
        """Run async code to its end and return its result.

        Ctrl-C cancels `work`, waits until it has cleaned up, and raises KeyboardInterrupt.

        Args:
            work: What to run; open what it needs inside, so that it is closed again.
            serving: Log at the configured level. Other commands answer on standard output, and log
                only warnings unless `--verbose` or `--quiet` says otherwise.
        """
        from zos.config.logging import configure_logging
        from zos.config.shown import secrets

        level = self._log_level or (None if serving else "warning")
        configure_logging(self.config.log, secrets(self.config), level=level)

        async def main() -> _Result:
            return await work()

        with fast_runner() as runner:
            return runner.run(main())

    @asynccontextmanager
    async def database(
        self, *, schema: Literal["migrate", "require", "any"] = "migrate"
    ) -> AsyncIterator[Database]:
        """Open the store for the length of a block.

        Args:
            schema: `migrate`: make the store where there is none, and bring it up to date; `require`:
                insist that it is there and current; `any`: take it as it is.

        Raises:
            DatabaseError: If it cannot be used.
        """
        from zos.db.engine import Database

        database = Database(self.config)
        if schema == "any":
            await database.open()
        else:
            await database.connect(migrate=schema == "migrate")
        try:
            yield database
        finally:
            await database.close()


pass_app = click.make_pass_decorator(App)
"""Decorates a command whose first argument is the `App`."""


def fast_runner() -> Runner:
    """Return what runs async code: on uvloop where that exists (not on Windows).

    Statements and rows make thousands of small objects that die by themselves: the collector, whose
    default is a look at every 700, is told to look less often.
    """
    import asyncio

    gc.set_threshold(_YOUNG_OBJECTS, *gc.get_threshold()[1:])
    try:
        import uvloop
    except ImportError:
        return asyncio.Runner()
    return asyncio.Runner(loop_factory=uvloop.new_event_loop)


def set_aside_what_stays() -> None:
    """Tell the collector never again to look at what is there: what a service has when it is ready, it keeps.

    Whenever it looked at all of that, each request of the moment took a fifth of a second longer.
    """
    gc.collect()
    gc.freeze()
