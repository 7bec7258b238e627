"""`zos doctor`: each thing that can stand in the way, and what to do about it."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from tests.cli.conftest import Zos

from zos.access.runtime import RunningService, announce
from zos.config import Config
from zos.core.ids import new_ulid
from zos.reflect.runs.owner import this_process
from zos.scheduler.lock import ServiceLock
from zos.service.doctor import machine

PROFILE = "models:\n  profiles:\n    default: {{provider: openai, model: {model}, {more}}}\n"

SENDING = """\
name: sends
category: channel
nodes:
  - type: fetch_messages
  - {type: llm_call, prompt: reflect/channel.md.j2}
  - type: store_insight
  - {type: output, destination: log}
"""


@pytest.fixture
def store(zos: Zos, own_folder: Path) -> Path:
    """A folder with an empty store, and `zos.yaml` that says nothing."""
    (own_folder / "zos.yaml").write_text("data_dir: data\n")
    assert zos("db", "migrate").exit_code == 0
    return own_folder / "data" / "zos.db"


def examined(zos: Zos) -> dict[str, dict[str, Any]]:
    """Return the worst finding of each subject."""
    order = ["ok", "warning", "problem"]
    found: dict[str, dict[str, Any]] = {}
    for one in json.loads(zos("doctor", "--json").stdout):
        known = found.get(one["subject"])
        if known is None or order.index(known["level"]) < order.index(one["level"]):
            found[one["subject"]] = one
    return found


def change(store: Path, statement: str, *values: object) -> None:
    with closing(sqlite3.connect(store)) as connection, connection:
        connection.execute(statement, values)


@pytest.mark.usefixtures("store")
def test_where_all_is_well_it_only_misses_the_service(zos: Zos) -> None:
    result: Result = zos("doctor")
    assert result.exit_code == 0, result.stderr
    marks = [line[0] for line in result.stdout.splitlines() if not line.startswith(" ")]
    assert marks.count("!") == 1
    assert "✗" not in marks
    assert "! service: No service runs: no layer fires.\n  → Start it with `zos serve`." in (
        result.stdout
    )
    subjects = {"disk", "permissions", "time zones", "api", "model default", "database", "clock"}
    assert subjects | {"job store", "slots", "layers"} < set(examined(zos))


def test_without_a_store_it_says_so_makes_none_and_exits_with_1(zos: Zos, own_folder: Path) -> None:
    result = zos("doctor")
    assert result.exit_code == 1
    assert "✗ database: There is no database at" in result.stdout
    assert "→ Make one with `zos db migrate`." in result.stdout
    assert list(own_folder.iterdir()) == []


def test_a_store_of_a_newer_zos_is_told(zos: Zos, store: Path) -> None:
    change(store, "UPDATE alembic_version SET version_num = '9999'")
    found = examined(zos)["database"]
    assert (found["level"], "made by a newer Zos (9999)" in found["detail"]) == ("problem", True)


def test_a_store_without_a_schema_wants_a_migration(zos: Zos, store: Path) -> None:
    store.unlink()
    sqlite3.connect(store).close()
    found = examined(zos)["database"]
    assert (found["level"], found["advice"]) == (
        "warning",
        "Run `zos db migrate`; `zos serve` does it too.",
    )


def test_a_file_that_is_no_database_is_told(zos: Zos, store: Path) -> None:
    for file in store.parent.glob("zos.db*"):
        file.unlink()
    store.write_bytes(b"no database" * 1000)
    assert examined(zos)["database"]["level"] == "problem"


def test_folders_and_tokens_that_others_may_read_are_told(zos: Zos, store: Path) -> None:
    store.parent.chmod(0o755)
    token = store.parent / "token"
    token.write_text("t" * 43)
    token.chmod(0o644)
    found = examined(zos)
    assert found["permissions"]["advice"] == f"Run `chmod 700 {store.parent}`."
    assert found["token"]["level"] == "problem"


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize(
    ("model", "more", "said"),
    [
        ("gpt-4o-mini", "sdk_retries: 0", "key"),
        ("nobody-knows-it", "api_key: k, base_url: 'http://127.0.0.1:1'", "price"),
    ],
)
def test_a_profile_that_cannot_be_asked_is_told(
    zos: Zos, own_folder: Path, model: str, more: str, said: str
) -> None:
    (own_folder / "zos.yaml").write_text(
        "data_dir: data\n" + PROFILE.format(model=model, more=more)
    )
    found = examined(zos)["model default"]
    assert found["level"] == "problem"
    assert said in found["detail"]
    assert found["advice"]


@pytest.mark.usefixtures("store")
def test_a_profile_that_can_be_asked_tells_its_price(zos: Zos, own_folder: Path) -> None:
    more = "api_key: k, price: {input_per_million_usd: 3, output_per_million_usd: 9}"
    (own_folder / "zos.yaml").write_text(
        "data_dir: data\n" + PROFILE.format(model="own", more=more)
    )
    found = examined(zos)["model default"]
    assert (found["level"], found["detail"]) == ("ok", "openai:own, $3.00 per million tokens in.")


def test_half_of_tls_is_told(zos: Zos, store: Path, own_folder: Path) -> None:
    assert store.exists()
    (own_folder / "zos.yaml").write_text("data_dir: data\napi: {tls_key: key.pem}\n")
    assert examined(zos)["api"]["level"] == "problem"


def test_a_clock_behind_the_records_is_told(zos: Zos, store: Path) -> None:
    later = datetime.now(UTC) + timedelta(hours=2)
    micros = int(later.timestamp()) * 1_000_000
    change(
        store,
        "INSERT INTO layer_run (id, layer, trigger, slot_count, status, reason, created_at, clock_at,"
        " targets_total, targets_done, insights_created, tokens_in, tokens_out, cost_microusd)"
        " VALUES (?, 'nightly', 'manual', 1, 'success', '', ?, ?, 0, 0, 0, 0, 0, 0)",
        new_ulid(later),
        micros,
        micros,
    )
    found = examined(zos)["clock"]
    assert found["level"] == "problem"
    assert "s behind the newest recorded run" in found["detail"]


def test_layer_files_and_stored_jobs_that_are_broken_are_told(
    zos: Zos, store: Path, own_folder: Path
) -> None:
    (own_folder / "layers").mkdir()
    (own_folder / "layers" / "broken.yaml").write_text("name: [")
    (own_folder / "layers" / "sends.yaml").write_text(SENDING)
    job = "INSERT INTO apscheduler_jobs (id, next_run_time, job_state) VALUES (?, ?, x'00')"
    change(store, job, "parked:ab:layer:x", None)
    change(store, job, "layer:nightly-user-reflection", 1_700_000_000.0)
    found = examined(zos)
    assert found["layer file"]["level"] == "problem"
    assert found["job store"]["level"] == "problem"
    sends = found["layer sends"]
    assert (sends["level"], sends["advice"]) == ("warning", "Set output.log if it should.")
    overdue = found["layer nightly-user-reflection"]
    assert (overdue["level"], overdue["advice"]) == (
        "warning",
        "Start the service: it catches up within the grace time.",
    )


NIGHTLY = "layer:nightly-user-reflection"
STORED = (
    b'{"function":"zos.scheduler.jobs.entry:reflect","layer":"nightly-user-reflection",'
    b'"trigger":{"schedule":"0 3 * * *","timezone":"UTC","offset_seconds":0}}'
)


def stored(store: Path, row: str, state: bytes, fire: float | None = 4e9) -> None:
    change(store, "INSERT INTO apscheduler_jobs VALUES (?, ?, ?)", row, fire, state)


def running(store: Path) -> None:
    now = datetime.now(UTC)
    service = RunningService(1, this_process(), now, "http://127.0.0.1:1", store.parent / "token")
    announce(store.parent / "zos.db.runtime.json", service)


def test_jobs_that_differ_from_the_layers_are_a_problem_while_a_service_runs(
    zos: Zos, store: Path
) -> None:
    stored(store, NIGHTLY, STORED.replace(b"0 3", b"0 5"))
    stored(store, "layer:gone", STORED.replace(b"nightly-user-reflection", b"gone"))
    found = examined(zos)["job store"]
    assert (found["level"], "the next start mends that" in found["detail"]) == ("ok", True)
    running(store)
    told = [one for one in json.loads(zos("doctor", "--json").stdout) if one["level"] == "problem"]
    details = {one["detail"] for one in told if one["subject"] == "job store"}
    assert {
        "Layer nightly-channel-reflection has a schedule and no job.",
        (
            "The job of layer nightly-user-reflection fires by 0 5 * * * in UTC, "
            "its file says 0 3 * * * in UTC."
        ),
        "There is a job of gone, and no layer of that name with a schedule.",
    } < details
    assert {one["advice"] for one in told if one["subject"] == "job store"} == {
        "Send the service SIGHUP, or restart it: it brings jobs in line with the layers."
    }


def test_jobs_that_are_as_the_layers_ask_are_well(zos: Zos, store: Path) -> None:
    running(store)
    for name, schedule in (
        *((f"nightly-{one}-reflection", b"0 3 * * *") for one in ("user", "channel", "dyad")),
        ("nightly-emoji-reflection", b"0 3 * * *"),
        ("nightly-subject-reflection", b"0 4 * * *"),
        *((f"{one}-synthesis", b"30 3 * * *") for one in ("user", "dyad")),
        ("weekly-self-reflection", b"0 4 * * 0"),
    ):
        state = STORED.replace(b"nightly-user-reflection", name.encode())
        stored(store, f"layer:{name}", state.replace(b"0 3 * * *", schedule))
    found = examined(zos)["job store"]
    assert (found["level"], found["detail"]) == (
        "ok",
        "Its 8 jobs are those that the layers ask for.",
    )


def test_a_job_that_is_stopped_and_a_row_that_is_none_are_told(zos: Zos, store: Path) -> None:
    stored(store, NIGHTLY, STORED, None)
    stored(store, "backdoor", b"cos")
    found = examined(zos)
    assert found["layer nightly-user-reflection"]["detail"].startswith("Its job is stopped")
    assert found["job store"]["level"] == "problem"
    assert "The row backdoor is no job of Zos" in found["job store"]["detail"]


def promised(store: Path, since: datetime, zone: str = "UTC") -> None:
    change(
        store,
        "INSERT INTO layer_state (layer, registered_at, schedule, timezone, failures_in_row,"
        " insights_since_run, generation) VALUES ('nightly-user-reflection', ?, '0 * * * *', ?, 0, 0, 0)",
        int(since.timestamp()) * 1_000_000,
        zone,
    )


def test_slots_without_an_outcome_are_told(zos: Zos, store: Path) -> None:
    since = datetime.now(UTC).replace(minute=30) - timedelta(hours=5)
    promised(store, since)
    first = since.replace(minute=0) + timedelta(hours=1)
    found = examined(zos)["layer nightly-user-reflection"]
    assert found["level"] == "warning"
    assert f"slots since {first:%Y-%m-%d %H:%M} UTC without an outcome" in found["detail"]
    assert found["advice"].startswith("Start the service")
    running(store)
    assert examined(zos)["layer nightly-user-reflection"]["level"] == "problem"


def test_a_year_of_slots_without_an_outcome_is_counted_up_to_a_bound(zos: Zos, store: Path) -> None:
    promised(store, datetime.now(UTC) - timedelta(days=365))
    assert "1000 slots or more" in examined(zos)["layer nightly-user-reflection"]["detail"]


def test_a_promise_in_a_zone_that_is_gone_is_told(zos: Zos, store: Path) -> None:
    promised(store, datetime.now(UTC), "Nowhere/At")
    found = examined(zos)["time zones"]
    assert (found["level"], "Nowhere/At" in found["detail"]) == ("problem", True)


def test_a_layers_folder_that_cannot_be_listed_is_told(
    zos: Zos, store: Path, own_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert store.exists()
    layers = own_folder / "layers"
    layers.mkdir()
    (own_folder / "zos.yaml").write_text("data_dir: data\nreflect: {layers_dir: layers}\n")
    list_folder = Path.iterdir

    def refuse(folder: Path) -> Iterator[Path]:
        if folder.name == layers.name:
            raise PermissionError(13, "Permission denied")
        return list_folder(folder)

    monkeypatch.setattr(Path, "iterdir", refuse)
    found = examined(zos)["layers"]
    assert found["level"] == "problem"
    assert "cannot be read" in found["detail"]


def test_a_layer_that_is_paused_or_fails_is_told(zos: Zos, store: Path) -> None:
    assert zos("reflect", "pause", "user-synthesis", "--note", "moving").exit_code == 0
    change(
        store,
        "INSERT INTO layer_state (layer, registered_at, failures_in_row, insights_since_run, generation)"
        " VALUES ('dyad-synthesis', 0, 3, 0, 0)",
    )
    found = examined(zos)
    assert "moving" in found["layer user-synthesis"]["detail"]
    assert (
        found["layer user-synthesis"]["advice"] == "`zos reflect resume user-synthesis` ends that."
    )
    assert found["layer dyad-synthesis"]["detail"] == "Its last 3 runs failed."


def test_a_running_service_makes_an_overdue_job_a_problem(zos: Zos, store: Path) -> None:
    running(store)
    job = "INSERT INTO apscheduler_jobs (id, next_run_time, job_state) VALUES (?, ?, x'00')"
    change(store, job, "layer:nightly-user-reflection", 1_700_000_000.0)
    found = examined(zos)
    assert found["service"]["detail"] == "It runs as process 1, at http://127.0.0.1:1."
    assert found["layer nightly-user-reflection"]["level"] == "problem"


def test_a_service_that_holds_the_lock_without_a_runtime_file_is_told(
    zos: Zos, store: Path
) -> None:
    lock = ServiceLock(store)
    lock.acquire()
    try:
        found = examined(zos)["service"]
    finally:
        lock.release()
    assert found["level"] == "problem"
    assert "is missing" in found["advice"]


def test_what_a_dead_service_left_is_told(zos: Zos, store: Path) -> None:
    (store.parent / "zos.db.runtime.json").write_text("{}")
    assert "did not end by itself" in examined(zos)["service"]["detail"]


def test_it_changes_nothing(zos: Zos, store: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in store.parent.iterdir()}
    zos("doctor")
    after = {path: path.stat().st_mtime_ns for path in store.parent.iterdir()}
    assert {path.name for path in after} - {path.name for path in before} <= {
        "zos.db-shm",
        "zos.db-wal",
    }
    assert all(after[path] == time for path, time in before.items() if path in after)


def test_scarce_room_is_told(own_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for free, level in ((50 * 1024**2, "problem"), (500 * 1024**2, "warning"), (1024**4, "ok")):
        usage = shutil._ntuple_diskusage(0, 0, free)
        monkeypatch.setattr("shutil.disk_usage", lambda _path, usage=usage: usage)
        assert machine.disk(own_folder / "not" / "there").level.value == level


def test_a_zone_that_the_machine_does_not_know_is_told(own_folder: Path) -> None:
    config = Config.model_construct(
        scheduler=Config(data_dir=own_folder).scheduler.model_copy(
            update={"timezone": "Nowhere/At"}
        )
    )
    assert machine.zones(config).level.value == "problem"


@pytest.mark.usefixtures("store")
def test_discord_is_looked_at_only_if_asked_to(zos: Zos) -> None:
    assert "discord" not in {
        line.split()[1].rstrip(":") for line in zos("doctor").stdout.splitlines()
    }
    done = zos("doctor", "--discord")
    assert done.exit_code == 1
    assert "✗ discord: There is no bot token." in done.stdout
