"""APScheduler's job store, with JSON rows in Zos's own database.

In: jobs from APScheduler. Out: the same jobs after a restart. A row that is not one of ours (a
planted pickle, a newer version's job) is parked: renamed so that it is never due, kept byte for
byte, and reported. It is never executed and never deleted.

The engine is synchronous, as APScheduler wants it, and gives up on a lock after 50 ms: the timer
tries again a second later, and the event loop stands still for no longer than that.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import structlog
from apscheduler.job import Job
from apscheduler.jobstores.base import ConflictingIdError, JobLookupError
from apscheduler.jobstores.sqlalchemy import SQLAlchemyJobStore
from sqlalchemy import URL, Connection, Engine, Row, create_engine, event, make_url, select
from sqlalchemy.exc import IntegrityError, OperationalError

from zos.db.failures import explained
from zos.scheduler.jobs.codec import UnreadableJobError, decode, encode

log = structlog.get_logger(__name__)

BUSY_TIMEOUT_SECONDS = 0.05
PARKED = "parked:"
_ID_LENGTH = 191
_LIMIT_POSTGRES = "SET lock_timeout = 50; SET statement_timeout = 2000"


@dataclass(frozen=True, slots=True)
class ParkedJob:
    """A row that could not be read, as it is kept."""

    row_id: str
    was: str


def job_engine(path_or_url: str) -> Engine:
    """Open a synchronous engine on the database: a SQLite file's path, or a URL."""
    url = make_url(path_or_url if "://" in path_or_url else f"sqlite:///{path_or_url}")
    if url.get_backend_name() != "sqlite":
        return _postgres_engine(url)
    engine = create_engine(
        url.set(drivername="sqlite"), connect_args={"timeout": BUSY_TIMEOUT_SECONDS}
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # transactions begin where `begin` says, not by guess
        connection.execute("PRAGMA synchronous=NORMAL")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN")

    return engine


def _postgres_engine(url: URL) -> Engine:
    engine = create_engine(
        url.set(drivername="postgresql+psycopg"),
        pool_size=1,
        pool_pre_ping=True,
        connect_args={"connect_timeout": 2},
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: object) -> None:
        # Not parameters of the start, which poolers refuse.
        connection.execute(_LIMIT_POSTGRES)
        connection.commit()  # else they would be taken back with the transaction

    return engine


class JsonJobStore(SQLAlchemyJobStore):  # type: ignore[misc]  # APScheduler ships no types
    """Keeps layers' jobs in `apscheduler_jobs`.

    Args:
        path_or_url: The database: a SQLite file's path, or a SQLite or PostgreSQL URL.
    """

    def __init__(self, path_or_url: str) -> None:
        super().__init__(engine=job_engine(path_or_url))
        self._open: Connection | None = None

    def start(self, scheduler: object, alias: str) -> None:
        """Make the table where a migration has not.

        Raises:
            DatabaseError: If the database is locked or gone.
        """
        try:
            super().start(scheduler, alias)
        except OperationalError as error:
            raise explained(error.orig, str(self.engine.url)) from error

    @property
    def file(self) -> Path | None:
        """The SQLite file, or None on PostgreSQL."""
        url = self.engine.url
        return Path(url.database) if url.get_backend_name() == "sqlite" else None

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Do everything within the block in one transaction; within another block: in that one.

        Raises:
            DatabaseError: If the database is locked or gone.
        """
        if self._open is not None:
            yield self._open
            return
        try:
            with self.engine.begin() as self._open:
                yield self._open
        except OperationalError as error:
            raise explained(error.orig, str(self.engine.url)) from error
        finally:
            self._open = None

    def lookup_job(self, job_id: str) -> Job | None:
        """Return a job, or None."""
        found = self._get_jobs(self.jobs_t.c.id == job_id)
        return found[0] if found else None

    def get_next_run_time(self) -> datetime | None:
        """Return the earliest fire of all jobs, or None."""
        column = self.jobs_t.c.next_run_time
        query = select(column).where(column.is_not(None)).order_by(column).limit(1)
        with self.transaction() as connection:
            earliest = connection.execute(query).scalar()
        try:
            return _moment(earliest)
        except UnreadableJobError:
            self._get_jobs()  # parks it
            return self.get_next_run_time()

    def add_job(self, job: Job) -> None:
        """Store a new job.

        Raises:
            ConflictingIdError: If there is one of that id.
        """
        try:
            with self.transaction() as connection, connection.begin_nested():
                connection.execute(self.jobs_t.insert().values(id=job.id, **_columns(job)))
        except IntegrityError:
            raise ConflictingIdError(job.id) from None

    def update_job(self, job: Job) -> None:
        """Store a job's new state.

        Raises:
            JobLookupError: If there is none of that id.
        """
        statement = self.jobs_t.update().where(self.jobs_t.c.id == job.id).values(**_columns(job))
        self._change_one(statement, job.id)

    def remove_job(self, job_id: str) -> None:
        """Remove a job.

        Raises:
            JobLookupError: If there is none of that id.
        """
        self._change_one(self.jobs_t.delete().where(self.jobs_t.c.id == job_id), job_id)

    def remove_all_jobs(self) -> None:
        """Remove every job, but not what is parked."""
        with self.transaction() as connection:
            connection.execute(self.jobs_t.delete().where(~self._is_parked()))

    def parked(self) -> list[ParkedJob]:
        """Return the rows that could not be read."""
        query = select(self.jobs_t.c.id).where(self._is_parked()).order_by(self.jobs_t.c.id)
        with self.transaction() as connection:
            ids = connection.execute(query).scalars().all()
        return [ParkedJob(row_id, row_id.split(":", 2)[2]) for row_id in ids]

    def _get_jobs(self, *conditions: Any) -> list[Job]:
        """Return jobs by their next fire; park the rows among them that cannot be read."""
        table = self.jobs_t.c
        query = select(table.id, table.next_run_time, table.job_state).order_by(table.next_run_time)
        with self.transaction() as connection:
            rows = connection.execute(query.where(~self._is_parked(), *conditions)).all()
            return self._readable(connection, rows)

    def _readable(self, connection: Connection, rows: Sequence[Row[Any]]) -> list[Job]:
        jobs = []
        for row in rows:
            try:
                jobs.append(self._job(row))
            except UnreadableJobError as error:
                self._park(connection, row.id, str(error))
        return jobs

    def _job(self, row: Row[Any]) -> Job:
        job = Job.__new__(Job)
        job.__setstate__(decode(row.id, row.job_state, _moment(row.next_run_time)))
        job._scheduler = self._scheduler  # noqa: SLF001 - as every job store must
        job._jobstore_alias = self._alias  # noqa: SLF001 - as every job store must
        return job

    def _park(self, connection: Connection, row_id: str, reason: str) -> None:
        kept_as = f"{PARKED}{secrets.token_hex(4)}:{row_id}"[:_ID_LENGTH]
        moved = self.jobs_t.update().where(self.jobs_t.c.id == row_id)
        connection.execute(moved.values(id=kept_as, next_run_time=None))
        log.error("job_parked", job=row_id, kept_as=kept_as, reason=reason)

    def _is_parked(self) -> Any:
        return self.jobs_t.c.id.startswith(PARKED, autoescape=True)

    def _change_one(self, statement: Any, job_id: str) -> None:
        with self.transaction() as connection:
            if connection.execute(statement).rowcount == 0:
                raise JobLookupError(job_id)


def _columns(job: Job) -> dict[str, object]:
    fire = job.next_run_time
    return {
        "next_run_time": None if fire is None else fire.timestamp(),
        "job_state": encode(job.__getstate__()),
    }


def _moment(seconds: float | None) -> datetime | None:
    """Return the time that a column holds.

    Raises:
        UnreadableJobError: If it holds something else: SQLite stores anything in any column.
    """
    try:
        return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
    except (TypeError, ValueError, OverflowError, OSError) as error:
        raise UnreadableJobError(f"{seconds!r} is not a time.") from error
