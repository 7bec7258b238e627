"""`run_demo`: the way from a sample community to insights, as an operator would go it.

In: a fresh folder. Out: a summary; the store stays in the folder.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from zos.config import Config
from zos.consent.file import read_consent_file
from zos.core.clock import SimulatedClock
from zos.demo.folder import demo_config
from zos.demo.reading import summarise
from zos.demo.sample import FIRST_DAY, LAST_DAY, archives, consent_file, deletions, sample
from zos.demo.summary import DemoSummary, Observed
from zos.observe.importer import Importer, ImportStage
from zos.observe.recorder import Recorder
from zos.service.replaying import replay
from zos.service.services import build_services

IMPORTING, REPLAYING = "Importing", "Replaying a fortnight"
_DAY_AFTER = datetime(2026, 9, 28, 12, tzinfo=UTC)
"""The demo's present: what the machine's clock says is of no matter to it."""

Progress = Callable[[str, int, int], None]
"""Is told the step, what is done of it, and of how much."""


async def run_demo(folder: Path, progress: Progress) -> DemoSummary:
    """Import the sample, replay a fortnight of it offline, and say what came of it.

    Args:
        folder: As `make_folder` made it.
        progress: Is told how far it is; also from other threads.
    """
    config = await asyncio.to_thread(demo_config, folder)
    observed = await _import(config, progress)
    report = await replay(
        config,
        FIRST_DAY,
        LAST_DAY,
        lambda done, total, _: progress(REPLAYING, done, total),
        present=SimulatedClock(_DAY_AFTER),
    )
    async with build_services(config) as services:
        return await summarise(services, folder, observed, report)


async def _import(config: Config, progress: Progress) -> Observed:
    with sample() as folder:
        async with build_services(config) as services:
            records = await read_consent_file(consent_file(folder))

            def tell(stage: ImportStage, _file: str, done: int, total: int) -> None:
                progress(
                    IMPORTING, done + (total if stage is ImportStage.STORING else 0), 2 * total
                )

            importer = Importer(services.database, services.consents, config)
            report = await importer.import_paths(archives(folder), consents=records, progress=tell)
            recorder = Recorder(services.database, services.ledger, services.consents, config)
            removed = await recorder.record(deletions(folder))
            return Observed(
                messages=report.total("messages") - removed.deleted,
                reactions=report.total("reactions"),
                rooms=len(report.files),
                members=report.members,
                consented=report.consents,
                deleted=removed.deleted,
            )
