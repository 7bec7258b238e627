"""The service within this process, on both databases; as a real process: tests/acceptance."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select, update
from tests.recent_chat import channel_key, write_chat, write_consents

from zos.access.runtime import RunningService, find_service, runtime_path
from zos.config import Config
from zos.consent.file import read_consent_file
from zos.core.consent import ConsentState
from zos.core.errors import (
    ConfigError,
    ConsentError,
    LayerNotFoundError,
    NotFoundError,
    UsageError,
)
from zos.db.engine import Database
from zos.db.tables import layer_run, message, outbox
from zos.observe.importer import Importer
from zos.reflect.states import RunStatus
from zos.service.operator import Operator, operator
from zos.service.services import build_services
from zos.service.serving import _unless, serve

KILN = channel_key(101)
ANN = 11
LAYER = """\
name: nightly
category: channel
schedule: 0 3 * * *
nodes:
  - type: fetch_messages
  - type: llm_call
    prompt: reflect/channel.md.j2
  - type: store_insight
  - type: output
    destination: log
"""
LIMIT_SECONDS = 60


@pytest.fixture
def configured(config: Config, tmp_path: Path) -> Config:
    """A configuration with one layer of its own, `nightly`, and any free port."""
    layers = tmp_path / "layers"
    layers.mkdir()
    (layers / "nightly.yaml").write_text(LAYER)
    return config.model_copy(
        update={
            "api": config.api.model_copy(update={"port": 0}),
            "output": config.output.model_copy(update={"log": True}),
            "reflect": config.reflect.model_copy(update={"layers_dir": layers}),
        }
    )


@asynccontextmanager
async def serving(config: Config) -> AsyncIterator[RunningService]:
    """Serve for the length of a block, and stop as an operator would."""
    ready: asyncio.Future[RunningService] = asyncio.get_running_loop().create_future()
    task = asyncio.create_task(serve(config, lambda described, _link: ready.set_result(described)))
    try:
        async with asyncio.timeout(LIMIT_SECONDS):
            while not (ready.done() or task.done()):  # noqa: ASYNC110 - either of the two
                await asyncio.sleep(0.01)
            if not ready.done():
                await task
        yield ready.result()
    finally:
        if not task.done():
            os.kill(os.getpid(), signal.SIGTERM)
        async with asyncio.timeout(LIMIT_SECONDS):
            await task


async def talk(config: Config, folder: Path, *, book: bool = False) -> None:
    """Import a conversation of the last hours, and book it if asked to."""
    now = datetime.now(UTC)
    exports, consents = write_chat(folder, now), write_consents(folder, now)
    async with build_services(config) as services:
        importer = Importer(services.database, services.consents, config)
        records = await read_consent_file(consents)
        await importer.import_paths([exports], consents=records)
        if book:
            await services.booker.book_until(now)


async def rows(config: Config, query: Any) -> list[Any]:
    database = Database(config)
    await database.connect()
    async with database.read() as connection:
        found = list(await connection.execute(query))
    await database.close()
    return found


async def until(condition: Callable[[], Any]) -> None:
    async with asyncio.timeout(LIMIT_SECONDS):
        while not await condition():  # noqa: ASYNC110 - the service sets no event
            await asyncio.sleep(0.05)


async def test_it_is_ready_once_layers_fire_and_gone_once_it_is_stopped(configured: Config) -> None:
    async with serving(configured) as service:
        assert find_service(configured) == service
        assert (service.pid, service.token_path.name) == (os.getpid(), "token")
        token = service.token_path.read_text().strip()
        async with httpx.AsyncClient(base_url=service.url, trust_env=False) as http:
            http.headers["Authorization"] = f"Bearer {token}"
            assert (await http.get("/readyz")).json()["ready"] is True
    assert find_service(configured) is None
    assert not runtime_path(configured).exists()


async def test_it_books_what_was_imported_before_layers_fire(
    configured: Config, tmp_path: Path
) -> None:
    await talk(configured, tmp_path)
    unbooked = select(message.c.id).where(message.c.booked.is_(False))
    assert await rows(configured, unbooked)
    async with serving(configured):
        assert await rows(configured, unbooked) == []


async def test_the_operators_hand_is_the_services(configured: Config, tmp_path: Path) -> None:
    await talk(configured, tmp_path)
    async with serving(configured), operator(configured) as asked:
        assert asked.is_remote
        await run_through(asked)
        await go_for(asked, ANN)


async def test_without_a_service_it_is_this_processs(configured: Config, tmp_path: Path) -> None:
    await talk(configured, tmp_path, book=True)
    async with operator(configured) as asked:
        assert not asked.is_remote
        await run_through(asked)
        await go_for(asked, ANN)


async def run_through(asked: Operator) -> None:
    """Do all that an operator can do, and see that it was done."""
    assert "nightly" in {job.layer for job in (await asked.jobs()).jobs}
    preview = await asked.preview("nightly", [KILN])
    assert [target.topic for target in preview.targets] == [KILN]
    opened = await asked.trigger("nightly", [KILN], by="ann")
    assert opened.reason == "asked for by ann"
    seen: list[tuple[int, int]] = []
    ended = await asked.wait(opened.id, lambda done, total: seen.append((done, total)))
    assert (ended.status, ended.insights_created) == (RunStatus.SUCCESS, 1)
    assert seen[-1] == (1, 1)
    assert (await asked.run(opened.id)).targets_by_status == {"success": 1}
    page = await asked.runs(layer="nightly", statuses=[RunStatus.SUCCESS], limit=5)
    assert [run.id for run in page.items] == [opened.id]
    until_then = datetime.now(UTC) + timedelta(days=1)
    paused = await asked.pause("nightly", by="ann", note="moving", until=until_then)
    assert paused.paused is not None
    assert (paused.paused.by, paused.paused.note, paused.paused.until) == (
        "ann",
        "moving",
        until_then,
    )
    assert (await asked.resume("nightly", by="ann")).paused is None
    assert (await asked.job("nightly")).paused is None
    with pytest.raises(LayerNotFoundError, match="Did you mean 'nightly'"):
        await asked.trigger("nightyl", [], by="ann")
    with pytest.raises(NotFoundError):
        await asked.run("01NOPE")


async def go_for(asked: Operator, member_id: int) -> None:
    """Use all of a member's rights, to the last; the answers are the same wherever the work is done."""
    changed = await asked.set_consent(member_id, ConsentState.DENIED, by="ann")
    assert (changed.member_id, changed.standing.allowed, changed.standing.recorded_by) == (
        member_id,
        False,
        "ann",
    )
    with pytest.raises(UsageError, match="1 to 1,000 characters"):
        await asked.dispute(member_id, "01NOPE", " ", by="ann")
    with pytest.raises(NotFoundError, match="01NOPE"):
        await asked.dispute(member_id, "01NOPE", "No.", by="ann")
    with pytest.raises(NotFoundError, match="Nothing is known about member 999"):
        await asked.forget(999, by="ann", progress=lambda _done, _total: None)
    seen: list[tuple[int, int]] = []
    async with asyncio.timeout(LIMIT_SECONDS):
        receipt = await asked.forget(
            member_id, by="ann", progress=lambda done, total: seen.append((done, total))
        )
    assert receipt.completed_at is not None
    assert (receipt.requested_by, receipt.receipt["messages"]) == ("ann", 4)
    assert {total for _, total in seen} == {4}
    with pytest.raises(ConsentError, match="was erased"):
        await asked.set_consent(member_id, ConsentState.GRANTED, by="ann")


async def test_outgoing_texts_are_delivered(configured: Config, tmp_path: Path) -> None:
    await talk(configured, tmp_path)

    async def delivered() -> bool:
        return bool(
            await rows(configured, select(outbox).where(outbox.c.delivered_at.is_not(None)))
        )

    async with serving(configured):
        async with operator(configured) as asked:
            opened = await asked.trigger("nightly", [KILN], by="ann")
            await asked.wait(opened.id, lambda _done, _total: None)
        await until(delivered)


async def test_an_edit_of_the_self_concept_is_taken_in_while_it_runs(configured: Config) -> None:
    concept = configured.data_dir / "self-concept.md"
    async with serving(configured):
        assert "<!-- version " in concept.read_text()


async def test_what_cannot_be_announced_ends_the_service_with_its_reason(
    configured: Config,
) -> None:
    runtime_path(configured).mkdir(parents=True)
    with pytest.raises(ConfigError, match=r"runtime\.json cannot be written"):
        async with serving(configured):
            pass


async def test_work_is_done_unless_something_comes_first() -> None:
    event, done = asyncio.Event(), []

    async def work(seconds: float) -> None:
        await asyncio.sleep(seconds)
        done.append(seconds)

    assert await _unless(event, work(0))
    event.set()
    assert not await _unless(event, work(60))
    assert done == [0]


async def test_work_that_fails_fails() -> None:
    async def work() -> None:
        raise ConfigError("no")

    with pytest.raises(ConfigError, match="no"):
        await _unless(asyncio.Event(), work())


async def test_an_interrupted_run_is_not_waited_for(configured: Config, tmp_path: Path) -> None:
    await talk(configured, tmp_path, book=True)
    async with operator(configured) as asked:
        opened = await asked.trigger("nightly", [KILN], by="ann")
        await asked.wait(opened.id, lambda _done, _total: None)
        database = Database(configured)
        await database.connect()
        async with database.write() as connection:
            cut = update(layer_run).where(layer_run.c.id == opened.id)
            await connection.execute(cut.values(status=RunStatus.INTERRUPTED.value))
        await database.close()
        run = await asked.wait(opened.id, lambda _done, _total: None)
        assert run.status is RunStatus.INTERRUPTED
