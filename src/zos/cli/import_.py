"""`zos import`: archives into the store, and with `--book` their salience into the ledger."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from zos.cli.context import App, pass_app
from zos.cli.history import book_option, show_booked, unbooked_as_json
from zos.cli.output import json_option, progress, show_json, show_line
from zos.cli.recording import recorded_here
from zos.core.clock import SystemClock

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zos.observe.booking import BookedHistory, HistoryBooker
    from zos.observe.importer import ImportReport

_COUNTS = ("messages", "known", "edited", "reactions", "refused", "awaiting_consent")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the command did; `unbooked` are the times of the first and last event not in the ledger."""

    report: ImportReport
    booked: BookedHistory | None
    unbooked: tuple[datetime, datetime] | None


@click.command("import")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--consent",
    "consent_path",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help='Also record consents: a JSON list of {"member_id", "consent", "at"}.',
)
@book_option
@json_option
@pass_app
def import_(
    app: App, paths: tuple[Path, ...], consent_path: Path | None, book: bool, as_json: bool
) -> None:
    """Import DiscordChatExporter JSON: files, folders of them, .zip files.

    Each message comes in once, however often it is imported. Every file is checked before anything
    is stored: one broken file refuses the whole call. An import that is interrupted goes on where
    it stopped when it is run again.
    """
    from zos.observe.archive.files import find_files

    find_files(paths)  # nothing is made, not even a database, for a wrong path

    async def work() -> Outcome:
        return await run_import(app, paths, consent_path, book=book)

    try:
        outcome = app.run(work)
    except KeyboardInterrupt:
        click.echo("What is in so far stays: run it again to go on from there.", err=True)
        raise
    if as_json:
        show_json(_as_json(outcome))
    else:
        _show(outcome)


async def run_import(
    app: App, paths: Sequence[Path], consent_path: Path | None, *, book: bool
) -> Outcome:
    """Import, and book if asked to."""
    from zos.consent.file import read_consent_file
    from zos.consent.store import ConsentStore
    from zos.observe.booking import HistoryBooker
    from zos.observe.importer import Importer, ImportStage
    from zos.salience.ledger import SalienceLedger

    records = [] if consent_path is None else await read_consent_file(consent_path)
    target = ", ".join(path.name or str(path) for path in paths)
    if consent_path is not None:
        target = f"{len(records):,} consents of {consent_path.name}, and {target}"
    async with app.database() as database, recorded_here(database, "import", target):
        consents = ConsentStore(database, app.config)
        with progress("Importing") as bar:

            def tell(stage: ImportStage, _file: str, done: int, total: int) -> None:
                bar(done + (total if stage is ImportStage.STORING else 0), 2 * total)

            importer = Importer(database, consents, app.config)
            report = await importer.import_paths(paths, consents=records, progress=tell)
        ledger = SalienceLedger(database, app.config)
        booker = HistoryBooker(database, ledger, consents, app.config)
        booked = await _book(booker) if book else None
        return Outcome(report, booked, await booker.unbooked_range())


async def _book(booker: HistoryBooker) -> BookedHistory:
    now = SystemClock().now()
    total = await booker.unbooked_count(now)
    with progress("Booking") as bar:
        return await booker.book_until(now, lambda so_far: bar(so_far.messages, total))


def _as_json(outcome: Outcome) -> dict[str, object]:
    report = outcome.report
    return {
        **{count: report.total(count) for count in _COUNTS},
        "members": report.members,
        "consents": report.consents,
        "booked": None if outcome.booked is None else asdict(outcome.booked),
        "unbooked": unbooked_as_json(outcome.unbooked),
        "files": report.files,
    }


def _show(outcome: Outcome) -> None:
    from zos.observe.importer import FileOutcome

    report = outcome.report
    count = {name: f"{report.total(name):,}" for name in _COUNTS}
    taken = sum(file.outcome is FileOutcome.IMPORTED for file in report.files)
    show_line(
        f"Imported {taken:,} of {len(report.files):,} files: {count['messages']} new messages, "
        f"{count['known']} known, {count['reactions']} reactions, {report.members:,} new members."
    )
    known = sum(file.outcome is FileOutcome.IN_ALREADY for file in report.files)
    if known:
        show_line(f"{known:,} files were in already.")
    for file in report.files:
        if file.outcome is FileOutcome.NO_ARCHIVE:
            show_line(f"Left out {file.name}: it is no DiscordChatExporter file.")
    for name, said in (
        ("edited", "known messages had a newer text, which they have now"),
        ("refused", "messages stay out: they were deleted, or their authors erased"),
        ("awaiting_consent", "direct messages stay out until their authors consent"),
    ):
        if report.total(name):
            show_line(f"{count[name]} {said}.")
    if report.consents:
        show_line(f"Recorded {report.consents:,} consents.")
    show_booked(outcome.booked, outcome.unbooked)
