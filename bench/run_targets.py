"""One run of 200 targets with a model that takes 50 ms, eight at a time, on a SQLite file.

The model is a stand-in within the process, so that what is measured is ours: selection, prompts,
spend guard, calls recorded, and one transaction a target. Prints the wall time against the ideal
(targets / concurrency × model time) and CPU time a target, without and for what the stand-in itself
computes. Exit code 1 above the target.

    python bench/run_targets.py [--targets 200]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import structlog

from zos.cli.context import fast_runner, set_aside_what_stays
from zos.config import Config
from zos.consent.store import ConsentStore
from zos.core.clock import SimulatedClock
from zos.core.topics import TopicKey
from zos.db.engine import Database
from zos.llm.client import ModelClient
from zos.llm.offline import answer_offline
from zos.observe.events import Author, ChannelKind, ChannelSeen, Event, MessageCreated, ServerSeen
from zos.observe.recorder import Recorder
from zos.prompts.engine import TemplateEngine
from zos.reflect.executor import LayerExecutor
from zos.reflect.loader import LayerLoader
from zos.salience.ledger import SalienceLedger

MODEL_SECONDS = 0.05
CONCURRENCY = 8
TARGET_CPU_MS = 5.0
TARGET_OVER_IDEAL = 1.5
SERVER = 1
START = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
LAYER = """
name: bench
category: channel
max_targets: 10000
nodes:
  - {type: fetch_messages}
  - {type: llm_call, prompt: reflect/channel.md.j2}
  - {type: store_insight}
"""


class SlowModel(ModelClient):
    """The offline model, answering after 50 ms."""

    async def ask(self, request: Any) -> Any:
        """Wait as for a provider, then answer."""
        await asyncio.sleep(MODEL_SECONDS)
        return await super().ask(request)


class TimedDigest:
    """What the model itself does, and the processor time that it took."""

    seconds = 0.0

    def __call__(self, request: Any) -> Any:
        """Answer, in a thread that does nothing else meanwhile."""
        begun = time.thread_time()
        try:
            return answer_offline(request)
        finally:
            self.seconds += time.thread_time() - begun


def talk(channels: int) -> list[Event]:
    """Return six messages by two people in each channel."""
    people = [Author(11, "ada", "Ada"), Author(12, "bo", "Bo")]
    events: list[Event] = [ServerSeen(SERVER, "Bench", START)]
    for place in range(1_000, 1_000 + channels):
        events.append(ChannelSeen(place, SERVER, f"room-{place}", ChannelKind.TEXT, START))
        events += [
            MessageCreated(
                id=place * 1_000 + index,
                server_id=SERVER,
                channel_id=place,
                author=people[index % 2],
                created_at=START + timedelta(seconds=index),
                content=f"I planted {index + 3} beans in bed {place} on Tuesday, who waters them?",
            )
            for index in range(6)
        ]
    return events


async def measure(targets: int, folder: Path) -> dict[str, float]:
    """Run and return the figures."""
    config = Config.model_validate(
        {
            "data_dir": folder,
            "privacy": {"consent": "opt_out"},
            "reflect": {"target_concurrency": CONCURRENCY},
        }
    )
    clock = SimulatedClock(START + timedelta(hours=1))
    database = Database(config)
    await database.connect()
    ledger = SalienceLedger(database, config)
    await Recorder(database, ledger, ConsentStore(database, config), config).record(talk(targets))
    llm = SlowModel(config, db=database, clock=clock)
    executor = LayerExecutor(
        database, ledger, TemplateEngine(None, folder / "self.md"), llm, config, clock=clock
    )
    layer = LayerLoader(None).parse(LAYER)
    topics = [str(TopicKey.channel(SERVER, place)) for place in range(1_000, 1_000 + targets)]
    await executor.execute_layer(layer, topics[:CONCURRENCY])  # warms caches
    set_aside_what_stays()  # as `zos serve` does when it is ready
    model = TimedDigest()
    wall, cpu = time.perf_counter(), time.process_time()
    with patch("zos.llm.client.answer_offline", model):
        run = await executor.execute_layer(layer, topics[CONCURRENCY:])
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    assert run.insights_created == targets - CONCURRENCY, run
    await llm.close()
    await database.close()
    ideal = (targets - CONCURRENCY) / CONCURRENCY * MODEL_SECONDS
    return {
        "targets": targets - CONCURRENCY,
        "ideal_seconds": round(ideal, 3),
        "wall_seconds": round(wall, 3),
        "wall_over_ideal": round(wall / ideal, 2),
        "cpu_ms_per_target": round((cpu - model.seconds) / (targets - CONCURRENCY) * 1000, 2),
        "cpu_ms_of_the_model": round(model.seconds / (targets - CONCURRENCY) * 1000, 2),
    }


def main() -> int:
    """Print the figures as one JSON line, and whether they are good."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--targets", type=int, default=200)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    with tempfile.TemporaryDirectory(prefix="zos-bench-") as folder:
        wanted = parser.parse_args().targets + CONCURRENCY
        with fast_runner() as runner:
            found = runner.run(measure(wanted, Path(folder)))
    print(json.dumps(found))
    is_good = (
        found["cpu_ms_per_target"] <= TARGET_CPU_MS
        and found["wall_over_ideal"] <= TARGET_OVER_IDEAL
    )
    verdict = "reached" if is_good else "missed"
    print(f"target {TARGET_CPU_MS:g} ms CPU and {TARGET_OVER_IDEAL:g} x the ideal: {verdict}")
    return 0 if is_good else 1


if __name__ == "__main__":
    raise SystemExit(main())
