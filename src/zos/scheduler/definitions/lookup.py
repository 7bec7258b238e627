"""Which definition a run goes by: the one it was opened with, also when the file has changed since."""

from __future__ import annotations

import asyncio

from zos.config.yaml_document import YamlProblemsError
from zos.core.clock import Clock
from zos.reflect.layer import Layer
from zos.reflect.loader import LayerLoader
from zos.reflect.runs.model import LayerRun
from zos.scheduler.definitions.store import DefinitionStore


class Definitions:
    """The layers in force and those that were.

    Args:
        loader: Those in force.
        store: Every version that was.
        clock: The time.
    """

    def __init__(self, loader: LayerLoader, store: DefinitionStore, clock: Clock) -> None:
        self._loader = loader
        self._store = store
        self._clock = clock

    @property
    def in_force(self) -> dict[str, Layer]:
        """All layers by name, as they were last read."""
        return {name: one.layer for name, one in self._loader.sources.items()}

    async def reload(self) -> None:
        """Read all files again.

        Raises:
            LayerError: If the operator's folder cannot be listed; the layers in force stay so.
        """
        await asyncio.to_thread(self._loader.load_all)

    async def record(self, *names: str) -> None:
        """Remember the versions in force of the layers named (none named: of all)."""
        sources = self._loader.sources
        chosen = [sources[name] for name in names or sources]
        await self._store.record(chosen, now=self._clock.now())

    async def of_run(self, run: LayerRun) -> Layer | None:
        """Return the definition that `run` was opened with; if that is unknown, the one in force."""
        current = self._loader.get_layer(run.layer)
        if run.layer_hash is None or (current is not None and current.hash == run.layer_hash):
            return current
        text = await self._store.source(run.layer_hash)
        if text is None:
            return current
        try:
            return self._loader.parse(text)
        except YamlProblemsError:  # written for an earlier release, or with a prompt that is gone
            return current
