"""Metrics for Prometheus: what the scheduler did since this process started, and how it stands now.

In: the store, looked at when somebody asks. Out: the text format. The registry is our own, so that
two services in one process do not count together.
"""

from __future__ import annotations

import asyncio

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Info,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)

from zos import __version__
from zos.core.clock import Clock
from zos.db.engine import Database
from zos.views.changes import RunChange, RunWatch
from zos.views.counts import open_runs, target_outcomes

LATENESS_BUCKETS_SECONDS = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1_800, 3_600, 21_600)


disable_created_metrics()  # type: ignore[no-untyped-call]  # a time for every counter would double the answer's length


class Metrics:
    """Counts what becomes of runs.

    Args:
        database: The store.
        clock: The time.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._watch = RunWatch(database, clock.now())
        self._turn = asyncio.Lock()
        self._registry = CollectorRegistry()
        self._add_counters(self._registry)

    async def render(self) -> bytes:
        """Look at what has changed since the last time, and return everything in the text format.

        The first look only takes note of what there is: what comes after it is counted.

        Raises:
            DatabaseError: If the store cannot be read.
        """
        async with self._turn:
            changes = await self._watch.step(self._clock.now())
            ended = [change.run.id for change in changes if change.is_end]
            for outcome, targets in (await target_outcomes(self._database, ended)).items():
                self._targets.labels(outcome).inc(targets)
            for change in changes:
                self._count(change)
            for status, runs in (await open_runs(self._database)).items():
                self._open_runs.labels(status.value).set(runs)
            return generate_latest(self._registry)

    def _add_counters(self, registry: CollectorRegistry) -> None:
        ProcessCollector(registry=registry)
        Info("zos", "The program.", registry=registry).info({"version": __version__})

        def counter(name: str, text: str, *labels: str) -> Counter:
            return Counter(f"zos_{name}", text, labels, registry=registry)

        self._fires = counter("fires", "Slots, requests and thresholds.", "layer", "trigger")
        self._runs = counter("runs", "What became of them.", "layer", "outcome")
        self._targets = counter("targets", "Topics of ended runs.", "outcome")
        self._insights = counter("insights", "Insights stored.")
        self._tokens = counter("tokens", "Tokens of models.", "direction")
        self._cost = counter("cost_usd", "US dollars for models.")
        self._open_runs = Gauge(
            "zos_open_runs", "Runs that have not ended.", ["status"], registry=registry
        )
        self._lateness = Histogram(
            "zos_fire_lateness_seconds",
            "From when a fire was due to its record.",
            ["trigger"],
            buckets=LATENESS_BUCKETS_SECONDS,
            registry=registry,
        )
        self._wait = Histogram(
            "zos_run_wait_seconds",
            "From the record of a fire to the start of its run.",
            ["trigger"],
            buckets=LATENESS_BUCKETS_SECONDS,
            registry=registry,
        )

    def _count(self, change: RunChange) -> None:
        run, before = change.run, change.before
        if before is None:
            self._fires.labels(run.layer, run.trigger.value).inc(run.slot_count)
        if change.is_end:
            self._runs.labels(run.layer, run.status.value).inc(run.slot_count)
        if change.is_start and run.lateness_seconds is not None:
            self._lateness.labels(run.trigger.value).observe(run.lateness_seconds)
        if change.is_start and run.wait_seconds is not None:
            self._wait.labels(run.trigger.value).observe(run.wait_seconds)
        self._insights.inc(run.insights_created - (before.insights_created if before else 0))
        self._tokens.labels("in").inc(run.tokens_in - (before.tokens_in if before else 0))
        self._tokens.labels("out").inc(run.tokens_out - (before.tokens_out if before else 0))
        self._cost.inc(max(0.0, run.cost_usd - (before.cost_usd if before else 0.0)))
