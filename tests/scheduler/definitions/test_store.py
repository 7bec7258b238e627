"""Versions of layers are kept, so that runs end as they began and broken files keep their last good text."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from tests.scheduler.layers import layer
from tests.scheduler.runs import run

from zos.core.clock import SimulatedClock
from zos.db.engine import Database
from zos.reflect.loader import LayerLoader, LayerSource
from zos.scheduler.definitions.lookup import Definitions
from zos.scheduler.definitions.store import DefinitionStore

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
TEXT = """
name: nightly
category: channel
max_targets: {targets}
nodes:
  - {{type: fetch_messages}}
  - {{type: llm_call, prompt: reflect/channel.md.j2}}
  - {{type: store_insight}}
"""


@pytest.fixture
def store(database: Database) -> DefinitionStore:
    return DefinitionStore(database)


def source(targets: int, path: str = "nightly.yaml") -> LayerSource:
    text = TEXT.format(targets=targets)
    return LayerSource(LayerLoader(None).parse(text), path, text)


async def test_every_version_is_found_by_its_hash(store: DefinitionStore) -> None:
    versions = [source(1), source(2)]
    for number, one in enumerate(versions):
        await store.record([one], now=NOW + timedelta(hours=number))
    for one in versions:
        assert await store.source(one.layer.hash) == one.text
    assert await store.source("unknown") is None


async def test_the_last_good_text_of_a_file_is_the_one_in_force_last(
    store: DefinitionStore,
) -> None:
    for number, targets in enumerate((1, 2, 1)):  # changed, and changed back
        await store.record([source(targets)], now=NOW + timedelta(hours=number))
    await store.record([source(3, "builtin:own.yaml")], now=NOW + timedelta(hours=9))
    await store.record([], now=NOW)
    assert await store.last_good() == {"nightly.yaml": source(1).text}


async def test_a_run_goes_by_the_version_that_it_was_opened_with(
    store: DefinitionStore, clock: SimulatedClock
) -> None:
    old = source(7)
    await store.record([old], now=NOW)
    definitions = Definitions(LayerLoader(None), store, clock)
    found = await definitions.of_run(run(layer_hash=old.layer.hash))
    assert found is not None
    assert found.max_targets == 7


async def test_an_unknown_version_gives_way_to_the_one_in_force(
    store: DefinitionStore, clock: SimulatedClock
) -> None:
    definitions = Definitions(LayerLoader(None), store, clock)
    shipped = "weekly-self-reflection"
    in_force = definitions.in_force[shipped]
    assert await definitions.of_run(run(layer=shipped, layer_hash="lost")) == in_force
    assert await definitions.of_run(run(layer=shipped)) == in_force
    assert await definitions.of_run(run(layer="gone")) is None


async def test_a_version_that_does_not_read_any_more_gives_way_too(
    store: DefinitionStore, clock: SimulatedClock
) -> None:
    of_an_earlier_release = LayerSource(layer(), "nightly.yaml", "nodes: [vanished]")
    await store.record([of_an_earlier_release], now=NOW)
    definitions = Definitions(LayerLoader(None), store, clock)
    version = of_an_earlier_release.layer.hash
    assert await definitions.of_run(run(layer="gone", layer_hash=version)) is None
