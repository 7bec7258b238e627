"""`zos reflect` without a running service. With one: tests/acceptance."""

from __future__ import annotations

import asyncio
import json
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.cli.conftest import Zos
from tests.recent_chat import channel_key, write_chat, write_consents
from tests.scheduler.layers import LAYER

from zos.config import Config
from zos.consent.file import read_consent_file
from zos.core.errors import StillRunningError
from zos.observe.importer import Importer
from zos.reflect.runs.model import RunRequest
from zos.reflect.states import Trigger
from zos.scheduler.lock import ServiceLock
from zos.service.services import build_services

KILN = channel_key(101)
SILENT = channel_key(999)


@pytest.fixture(scope="session")
def booked_community(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with a conversation of the last hours, imported and booked."""
    folder, now = tmp_path_factory.mktemp("booked"), datetime.now(UTC)
    exports, consents = write_chat(folder, now), write_consents(folder, now)

    async def fill() -> None:
        config = Config(data_dir=folder / "data")
        async with build_services(config) as services:
            importer = Importer(services.database, services.consents, config)
            records = await read_consent_file(consents)
            await importer.import_paths([exports], consents=records)
            await services.booker.book_until(now)

    asyncio.run(fill())
    return folder / "data"


@pytest.fixture
def community(booked_community: Path, own_folder: Path) -> Path:
    """The working folder with that community, and a layer `nightly` beside the shipped ones."""
    shutil.copytree(booked_community, own_folder / "data")
    (own_folder / "layers").mkdir()
    (own_folder / "zos.yaml").write_text("data_dir: data\n")
    write_layer(own_folder, "nightly")
    return own_folder


def write_layer(folder: Path, name: str, more: str = "schedule: 0 3 * * *") -> None:
    (folder / "layers" / f"{name}.yaml").write_text(LAYER.format(name=name, more=more))


def answer(zos: Zos, *arguments: str) -> Any:
    result = zos(*arguments, "--json")
    assert result.exit_code in {0, 3}, result.stderr
    return json.loads(result.stdout)


@pytest.mark.usefixtures("community")
def test_a_trigger_runs_the_layer_to_its_end_and_says_so(zos: Zos) -> None:
    result = zos("reflect", "trigger", "nightly", "--topic", KILN)
    assert result.exit_code == 0, result.stderr
    lines = result.stdout.splitlines()
    assert lines[:2] == ["Layer executed: success", "  Insights created: 1"]
    assert lines[2].startswith("  Run: ")


@pytest.mark.usefixtures("community")
def test_a_trigger_without_topics_selects_by_salience(zos: Zos) -> None:
    run = answer(zos, "reflect", "trigger", "nightly")
    assert (run["status"], run["trigger"]) == ("success", "manual")
    assert run["insights_created"] >= 1
    detail = answer(zos, "reflect", "show", run["id"])
    assert [one["chosen"] for one in detail["selection"]].count(True) == run["targets_total"]


@pytest.mark.usefixtures("community")
def test_a_trigger_with_nothing_to_do_says_why_and_exits_with_3(zos: Zos) -> None:
    zos("reflect", "trigger", "nightly")
    result = zos("reflect", "trigger", "nightly")
    assert result.exit_code == 3
    assert result.stdout.splitlines()[:3] == [
        "Layer executed: skipped",
        "  Insights created: 0",
        "  Reason: nothing selected",
    ]


def test_a_trigger_whose_topics_are_silent_is_dry_and_exits_with_0(
    zos: Zos, community: Path
) -> None:
    assert community.exists()
    result = zos("reflect", "trigger", "nightly", "--topic", SILENT)
    assert (result.exit_code, result.stdout.splitlines()[0]) == (0, "Layer executed: dry")


def test_a_trigger_that_fails_exits_with_1(zos: Zos, community: Path) -> None:
    (community / "zos.yaml").write_text(
        "data_dir: data\n"
        "models:\n  profiles:\n    default: {provider: openai, model: none, "
        'base_url: "http://127.0.0.1:1", api_key: k, sdk_retries: 0, '
        "price: {input_per_million_usd: 0, output_per_million_usd: 0}}\n"
        "reflect: {target_attempts: 1}\n"
    )
    result = zos("reflect", "trigger", "nightly", "--topic", KILN)
    assert (result.exit_code, result.stdout.splitlines()[0]) == (1, "Layer executed: failed")
    assert "1 of 1 targets failed" in result.stdout


@pytest.mark.usefixtures("community")
def test_an_unknown_layer_is_answered_with_the_nearest(zos: Zos) -> None:
    for command in ("trigger", "preview", "pause", "resume", "jobs"):
        result = zos("reflect", command, "nightyl")
        assert result.exit_code == 2
        assert result.stderr == "Error: There is no layer 'nightyl'. Did you mean 'nightly'?\n"


def test_a_disabled_layer_is_not_triggered(zos: Zos, community: Path) -> None:
    write_layer(community, "quiet", "enabled: false")
    result = zos("reflect", "trigger", "quiet")
    assert result.exit_code == 2
    assert "is disabled" in result.stderr


@pytest.mark.usefixtures("community")
def test_a_topic_that_is_no_key_leaves_no_run(zos: Zos) -> None:
    result = zos("reflect", "trigger", "nightly", "--topic", "channel:1")
    assert result.exit_code == 2
    assert "needs a server" in result.stderr
    assert answer(zos, "reflect", "runs")["items"] == []


@pytest.mark.usefixtures("community")
def test_without_a_service_nobody_could_go_on_with_a_run(zos: Zos) -> None:
    result = zos("reflect", "trigger", "nightly", "--no-wait")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "Leave --no-wait out" in result.stderr
    assert answer(zos, "reflect", "runs")["items"] == []


@pytest.mark.usefixtures("community")
@pytest.mark.parametrize(
    "command", [("preview", "nightly"), ("trigger", "nightly", "--dry-run")], ids=" ".join
)
def test_a_rehearsal_shows_prompts_and_cost_and_writes_nothing(
    zos: Zos, command: tuple[str, ...]
) -> None:
    found = answer(zos, "reflect", *command)
    assert found["targets"]
    (prompt,) = found["targets"][0]["prompts"]
    assert prompt["node"] == "llm_call"
    assert len(prompt["text"]) > 200
    assert found["estimated_tokens"] > 500
    assert found["estimated_cost_usd"] == 0.0
    assert answer(zos, "reflect", "runs")["items"] == []


@pytest.mark.usefixtures("community")
def test_a_rehearsal_is_readable(zos: Zos) -> None:
    text = zos("reflect", "preview", "nightly", "--topic", KILN).stdout
    assert f"== {KILN}" in text
    assert "-- llm_call (reflection), system" in text
    assert text.rstrip().endswith("Nothing was done.")
    silent = zos("reflect", "preview", "nightly", "--topic", SILENT).stdout
    assert "Nothing would be asked: " in silent


def test_jobs_tell_promises_and_what_became_of_them(zos: Zos, community: Path) -> None:
    write_layer(community, "berlin", "schedule: 0 3 * * *\ntimezone: Europe/Berlin")
    zos("reflect", "trigger", "nightly")
    lines = zos("reflect", "jobs").stdout.splitlines()
    start = lines.index("  Reflection: nightly")
    assert lines[start + 1].startswith("    Next run: 20")
    assert lines[start + 1].endswith("03:00 UTC")
    assert lines[start + 2] == "    Schedule: 0 3 * * * (At 03:00 every day, UTC)"
    assert lines[start + 3].startswith("    Last: success at ")
    berlin = lines[lines.index("  Reflection: berlin") + 1]
    assert berlin.split(" ", 6)[-1] in {"03:00 CET", "03:00 CEST"} or " 03:00 CE" in berlin
    assert "UTC)" in berlin
    weekly = lines.index("  Reflection: weekly-self-reflection")
    assert "    Also: after 10 insights of other layers, 0 so far" in lines[weekly:]


def test_one_job_is_told_with_its_next_ten_fires(zos: Zos, community: Path) -> None:
    write_layer(community, "manual", "")
    text = zos("reflect", "jobs", "nightly").stdout
    assert text.count("    Next run: ") == 10
    assert len(answer(zos, "reflect", "jobs", "nightly")["next_fires"]) == 10
    assert "    Next run: none" in zos("reflect", "jobs", "manual").stdout


def test_files_that_could_not_be_used_are_told_among_the_jobs(zos: Zos, community: Path) -> None:
    (community / "layers" / "broken.yaml").write_text("name: [")
    assert "Layer file broken.yaml:" in zos("reflect", "jobs").stdout
    assert answer(zos, "reflect", "jobs")["problems"]


@pytest.mark.usefixtures("community")
def test_a_pause_is_told_and_ends_with_a_resume(zos: Zos) -> None:
    result = zos("reflect", "pause", "nightly", "--note", "moving", "--until", "2099-01-01T00:00Z")
    assert result.exit_code == 0, result.stderr
    assert "until 2099-01-01 00:00 UTC: moving." in result.stdout
    assert result.stdout.startswith("Paused by ")
    assert "    Paused: by " in zos("reflect", "jobs", "nightly").stdout
    assert answer(zos, "reflect", "trigger", "nightly")["status"] == "success"
    assert answer(zos, "reflect", "jobs", "nightly")["paused"]["note"] == "moving"
    assert zos("reflect", "resume", "nightly").stdout.startswith("Resumed. Next run: 20")
    assert answer(zos, "reflect", "jobs", "nightly")["paused"] is None
    record = answer(zos, "access", "audit")
    assert [(one["origin"], one["action"], one["target"]) for one in reversed(record)] == [
        ("cli", "pause", "nightly"),
        ("cli", "trigger", "nightly"),
        ("cli", "resume", "nightly"),
    ]


def test_a_run_that_was_left_behind_is_called_off(zos: Zos, community: Path) -> None:
    run = left_behind(community)
    done = zos("reflect", "cancel", run, "--note", "too dear")
    assert done.stdout == "Cancelled a run of nightly: 0 of 0 topics were done.\n"
    shown = answer(zos, "reflect", "show", run)["run"]
    assert shown["status"] == "cancelled"
    assert shown["reason"].startswith("cancelled by ")
    assert shown["reason"].endswith(": too dear")
    again = zos("reflect", "cancel", run, "--json")
    assert (again.exit_code, again.stdout) == (2, "")
    assert "has ended already: cancelled." in again.stderr
    record = answer(zos, "access", "audit")
    assert [(one["action"], one["target"], one["status"]) for one in record] == [
        ("cancel_run", f"run {run}", 409),
        ("cancel_run", f"run {run}", 200),
    ]
    other = left_behind(community)
    assert answer(zos, "reflect", "cancel", other)["status"] == "cancelled"


def left_behind(community: Path) -> str:
    """A run that is queued, and that nobody works on."""

    async def leave() -> str:
        async with build_services(Config(data_dir=community / "data")) as services:
            now = services.clock.now()
            request = RunRequest("nightly", Trigger.MANUAL, "asked for by ann", now)
            run = await services.executor.runs.open(request, now=now)
            assert run is not None
            return run.id

    return asyncio.run(leave())


@pytest.mark.usefixtures("community")
@pytest.mark.parametrize("until", ["tomorrow", "2099-01-01"])
def test_a_pause_until_no_time_is_refused(zos: Zos, until: str) -> None:
    result = zos("reflect", "pause", "nightly", "--until", until)
    assert result.exit_code == 2
    assert "is not a time with its offset" in result.stderr


@pytest.mark.usefixtures("community")
def test_runs_are_listed_newest_first_in_pages(zos: Zos) -> None:
    assert zos("reflect", "runs").stdout == "No runs yet.\n"
    ids = [answer(zos, "reflect", "trigger", "nightly")["id"] for _ in range(3)]
    text = zos("reflect", "runs", "--limit", "2").stdout
    assert ids[2] in text
    assert ids[0] not in text
    assert f"Older ones: --before {ids[1]}" in text
    older = answer(zos, "reflect", "runs", "--before", ids[1])
    assert [run["id"] for run in older["items"]] == [ids[0]]
    skipped = answer(zos, "reflect", "runs", "--status", "skipped", "--layer", "nightly")
    assert [run["id"] for run in skipped["items"]] == [ids[2], ids[1]]


@pytest.mark.usefixtures("community")
def test_an_unknown_state_is_answered_with_those_there_are(zos: Zos) -> None:
    result = zos("reflect", "runs", "--status", "lost")
    assert result.exit_code == 2
    assert "'lost' is no state. States: queued, running" in result.stderr


@pytest.mark.usefixtures("community")
def test_a_run_is_shown_with_its_topics_and_what_was_not_chosen(zos: Zos) -> None:
    run = answer(zos, "reflect", "trigger", "nightly")
    text = zos("reflect", "show", run["id"]).stdout
    assert text.startswith("nightly: success\nmanual, slot –, started 20")
    assert KILN in text
    result = zos("reflect", "show", "01NOPE")
    assert (result.exit_code, result.stderr) == (
        2,
        "Error: There is no run 01NOPE. See `zos reflect runs`.\n",
    )


@pytest.mark.usefixtures("own_folder")
@pytest.mark.parametrize("command", [("jobs",), ("runs",), ("trigger", "x"), ("pause", "x")])
def test_without_a_database_every_command_says_so_and_makes_none(
    zos: Zos, own_folder: Path, command: tuple[str, ...]
) -> None:
    result = zos("reflect", *command)
    assert (result.exit_code, result.stdout) == (1, "")
    assert "There is no database at" in result.stderr
    assert list(own_folder.iterdir()) == []


def test_a_service_that_holds_the_lock_but_is_not_found_does_not_stop_reading(
    zos: Zos, community: Path
) -> None:
    lock = ServiceLock(community / "data" / "zos.db")
    lock.acquire()
    try:
        assert zos("reflect", "jobs").exit_code == 0
        with pytest.raises(StillRunningError):
            ServiceLock(community / "data" / "zos.db").acquire()
    finally:
        lock.release()
