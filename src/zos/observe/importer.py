"""`Importer`: archives into the store, whatever their size, each message once.

First every file is checked, whole and to the last message; then they are stored, a transaction a
batch. So one broken file refuses the whole call before anything is written. A call that is
interrupted leaves whole batches and where each file stopped; the next call goes on from there.
Nothing is booked here: see `zos.observe.booking`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING

from zos.consent.store import ConsentRecord
from zos.core.clock import Clock, SystemClock
from zos.core.errors import ImportFileError
from zos.insights.quarantine.store import record_consents
from zos.observe.archive import store as progress_store
from zos.observe.archive.check import CheckedFile, check, fingerprint
from zos.observe.archive.files import ArchiveFile, find_files
from zos.observe.archive.reader import ArchiveBatch, BatchReader, changed
from zos.observe.intake import Doorman, Taken, take_in
from zos.observe.messages.store import take_turn

if TYPE_CHECKING:
    from zos.config import Config
    from zos.consent.store import ConsentStore
    from zos.db.engine import Database


_NAMED_MAX = 10
"""So many broken files are named at once."""


class ImportStage(StrEnum):
    """What an import is at."""

    CHECKING = "checking"
    STORING = "storing"


class FileOutcome(StrEnum):
    """What became of a file."""

    IMPORTED = "imported"
    IN_ALREADY = "in_already"
    NO_ARCHIVE = "no_archive"


Progress = Callable[[ImportStage, str, int, int], None]
"""Is told the stage, the file, and of all files the bytes done and the bytes in all.

It is called from other threads, one at a time.
"""


@dataclass(frozen=True, slots=True)
class FileReport:
    """What an import took from one file, in counts; attributes as in `intake.Taken`."""

    name: str
    outcome: FileOutcome
    messages: int = 0
    known: int = 0
    edited: int = 0
    reactions: int = 0
    refused: int = 0
    awaiting_consent: int = 0

    def plus(self, taken: Taken) -> FileReport:
        """Return the report with a batch more."""
        return replace(
            self,
            messages=self.messages + len(taken.messages),
            known=self.known + taken.known,
            edited=self.edited + taken.edited,
            reactions=self.reactions + len(taken.reactions) + len(taken.counted),
            refused=self.refused + taken.refused,
            awaiting_consent=self.awaiting_consent + taken.awaiting_consent,
        )


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import did.

    Attributes:
        files: In the order in which they were taken.
        members: Members who were not known before.
        consents: Consents that changed something.
    """

    files: tuple[FileReport, ...] = field(default=())
    members: int = 0
    consents: int = 0

    def total(self, count: str) -> int:
        """Return the sum of one count of `FileReport` over all files."""
        return sum(getattr(file, count) for file in self.files)


class Importer:
    """Imports archives.

    Args:
        db: The open store.
        consents: Who was erased, and whose direct messages may be stored.
        config: `observe.batch_size` bounds a transaction.
        clock: Dates the progress.
    """

    def __init__(
        self,
        db: Database,
        consents: ConsentStore,
        config: Config,
        *,
        clock: Clock | None = None,
    ) -> None:
        self._db = db
        self._consents = consents
        self._batch_size = config.observe.batch_size
        self._clock = clock or SystemClock()

    async def import_paths(
        self,
        paths: Sequence[Path],
        *,
        consents: Sequence[ConsentRecord] = (),
        progress: Progress | None = None,
    ) -> ImportReport:
        """Import files, folders and .zip files.

        Args:
            paths: What to import, in this order; within a folder, in order of names.
            consents: To be recorded before the first message is stored.
            progress: Is told how far it is.

        Raises:
            ImportFileError: If any file is broken; nothing of the call was stored then.
        """
        files = await asyncio.to_thread(find_files, paths)
        meter = _Meter(files, progress)
        checked = await self._check_all(files, meter)
        async with self._db.write() as connection:
            await take_turn(self._db, connection)
            settled = await record_consents(self._db, connection, self._consents, consents)
        before = await self._count_members()
        reports = [
            await self._import(one, meter)
            if isinstance(one, CheckedFile)
            else FileReport(file.name, one)
            for file, one in zip(files, checked, strict=True)
        ]
        members = await self._count_members() - before
        return ImportReport(tuple(reports), members=members, consents=settled.recorded)

    async def _check_all(
        self, files: Sequence[ArchiveFile], meter: _Meter
    ) -> list[CheckedFile | FileOutcome]:
        checked: list[CheckedFile | FileOutcome] = []
        broken: list[ImportFileError] = []
        for file in files:
            try:
                checked.append(await self._check(file, meter))
            except ImportFileError as error:
                broken.append(error)
        if broken:
            raise _refusal(broken, len(files))
        return checked

    async def _check(self, file: ArchiveFile, meter: _Meter) -> CheckedFile | FileOutcome:
        digest = await asyncio.to_thread(fingerprint, file)
        if await self._is_in(digest):
            return FileOutcome.IN_ALREADY
        tell = meter.of(ImportStage.CHECKING, file)
        return await asyncio.to_thread(check, file, digest, tell) or FileOutcome.NO_ARCHIVE

    async def _is_in(self, digest: str) -> bool:
        async with self._db.read() as connection:
            known = await progress_store.progress_of(connection, digest)
        return known is not None and known.is_complete

    async def _import(self, checked: CheckedFile, meter: _Meter) -> FileReport:
        if await self._is_in(checked.fingerprint):  # it has a twin in this call
            return FileReport(checked.file.name, FileOutcome.IN_ALREADY)
        if await asyncio.to_thread(checked.file.state) != checked.state:
            raise changed(checked.file)
        reader = await self._reader(checked)
        report = FileReport(checked.file.name, FileOutcome.IMPORTED)
        tell = meter.of(ImportStage.STORING, checked.file)
        upcoming = asyncio.create_task(asyncio.to_thread(reader.next))
        try:
            while (some := await asyncio.shield(upcoming)) is not None:
                # The next batch is read while this one is written.
                upcoming = asyncio.create_task(asyncio.to_thread(reader.next))
                report = report.plus(await self._store(checked, some))
                tell(some.bytes_read)
        finally:
            await asyncio.gather(upcoming, return_exceptions=True)
            reader.close()
        async with self._db.write() as connection:
            await progress_store.finish(connection, checked.fingerprint, self._clock.now())
        return report

    async def _reader(self, checked: CheckedFile) -> BatchReader:
        now = self._clock.now()
        async with self._db.write() as connection:
            key, name = checked.fingerprint, checked.file.name
            await progress_store.begin(self._db, connection, key, name, now)
            known = await progress_store.progress_of(connection, key)
        skip = known.messages_done if known is not None else 0
        return await asyncio.to_thread(
            BatchReader, checked, skip=skip, size=self._batch_size, now=now
        )

    async def _store(self, checked: CheckedFile, some: ArchiveBatch) -> Taken:
        async with self._db.write() as connection:
            await take_turn(self._db, connection)
            doorman = Doorman(
                await self._consents.view(connection), await self._consents.erased(connection)
            )
            taken = await take_in(self._db, connection, some.batch, doorman, booked=False)
            await progress_store.advance(
                connection,
                checked.fingerprint,
                done=some.done,
                new=len(taken.messages),
                awaiting_consent=taken.awaiting_consent,
            )
        return taken

    async def _count_members(self) -> int:
        async with self._db.read() as connection:
            return await progress_store.count_members(connection)


class _Meter:
    """Turns the bytes done of one file into those of all files."""

    def __init__(self, files: Sequence[ArchiveFile], progress: Progress | None) -> None:
        self._progress = progress
        sizes = [file.size_bytes for file in files]
        self._total = sum(sizes)
        self._before = dict(zip(files, accumulate(sizes, initial=0), strict=False))

    def of(self, stage: ImportStage, file: ArchiveFile) -> Callable[[int], None]:
        """Return what to tell the bytes done of `file`."""

        def tell(done: int) -> None:
            if self._progress is not None:
                self._progress(stage, file.name, self._before[file] + done, self._total)

        return tell


def _refusal(broken: Sequence[ImportFileError], files: int) -> ImportFileError:
    first = broken[0]
    if len(broken) == 1:
        return first
    others = " ".join(error.message for error in broken[1:_NAMED_MAX])
    return ImportFileError(
        first.message,
        hint=f"{len(broken)} of {files} files cannot be imported, so none was. {others}",
    )
