"""The command line beside a running service: it asks the service, and says the same either way."""

from __future__ import annotations

from typing import Any

import pytest
from tests.acceptance.service.conftest import Place, serve, topics
from tests.recent_chat import channel_key

KILN = channel_key(101)


async def test_a_trigger_is_carried_out_by_the_service(place: Place) -> None:
    service = await serve(place)
    done = await place.run("reflect", "trigger", "nightly", *topics())
    assert done.code == 0, done.err
    assert done.out.splitlines()[:2] == ["Layer executed: success", "  Insights created: 1"]
    ((owner,),) = place.rows("SELECT owner FROM layer_run")
    assert owner == service.described["owner"]
    assert (await service.stop()).code == 0


async def test_a_trigger_without_waiting_says_which_run_it_is(place: Place) -> None:
    service = await serve(place)
    done = await place.run("reflect", "trigger", "nightly", "--no-wait", *topics())
    ((run_id,),) = place.rows("SELECT id FROM layer_run")
    assert done.code == 0
    assert f"run {run_id}" in done.out
    await service.stop()


async def test_errors_are_the_same_with_and_without_a_service(place: Place) -> None:
    commands = [
        ("reflect", "trigger", "nightyl"),
        ("reflect", "trigger", "nightly", "--topic", "nonsense"),
        ("reflect", "show", "01NOPE"),
        ("reflect", "pause", "nightyl"),
    ]
    without = [await place.run(*command) for command in commands]
    service = await serve(place)
    assert [await place.run(*command) for command in commands] == without
    assert {done.code for done in without} == {2}
    await service.stop()


@pytest.mark.parametrize(
    "command", [("jobs",), ("jobs", "nightly"), ("runs",), ("preview", "nightly", *topics())]
)
async def test_answers_are_the_same_with_and_without_a_service(
    place: Place, command: tuple[str, ...]
) -> None:
    await place.run("reflect", "trigger", "nightly", *topics())
    without = (await place.run("reflect", *command, "--json")).json
    service = await serve(place)
    assert timeless((await place.run("reflect", *command, "--json")).json) == timeless(without)
    await service.stop()


def timeless(answer: Any) -> Any:
    """Leave out what depends on the moment of asking."""
    if isinstance(answer, list):
        return [timeless(one) for one in answer]
    if isinstance(answer, dict):
        moments = {"outcomes_since", "at", "next_fires"}
        return {key: timeless(one) for key, one in answer.items() if key not in moments}
    return answer


async def test_a_pause_by_the_command_line_is_the_services_and_outlives_it(place: Place) -> None:
    service = await serve(place)
    paused = await place.run("reflect", "pause", "nightly", "--note", "moving", "--json")
    assert paused.json["paused"]["note"] == "moving"
    async with service.client() as http:
        assert (await http.get("/jobs/nightly")).json()["paused"]["note"] == "moving"
    await service.stop()
    second = await serve(place)
    async with second.client() as http:
        assert (await http.get("/jobs/nightly")).json()["paused"]["note"] == "moving"
    resumed = await place.run("reflect", "resume", "nightly", "--json")
    assert resumed.json["paused"] is None
    await second.stop()


async def test_what_a_killed_service_left_behind_does_not_stand_in_the_way(place: Place) -> None:
    service = await serve(place)
    await service.kill()
    assert place.runtime_file.exists()
    done = await place.run("reflect", "trigger", "nightly", *topics())
    assert done.code == 0, done.err
    doctor = await place.run("doctor")
    assert "was left by a service that did not end by itself" in doctor.out


async def test_a_replay_beside_a_service_is_refused(place: Place) -> None:
    service = await serve(place)
    done = await place.run("replay", "--from", "2020-01-01", "--to", "2020-01-02")
    assert (done.code, done.out) == (1, "")
    assert "already running on this database" in done.err
    await service.stop()


async def test_the_doctor_finds_the_service(place: Place) -> None:
    service = await serve(place)
    done = await place.run("doctor", "--json")
    levels = {one["subject"]: one["level"] for one in done.json}
    assert (done.code, levels["service"], levels["database"]) == (0, "ok", "ok")
    detail = next(one["detail"] for one in done.json if one["subject"] == "service")
    assert f"process {service.process.pid}" in detail
    await service.stop()


async def test_another_users_token_does_not_open_the_service(place: Place) -> None:
    service = await serve(place)
    (place.folder / "data" / "token").write_text("x" * 43)
    (place.folder / "data" / "token").chmod(0o600)
    done = await place.run("reflect", "jobs")
    assert (done.code, done.out) == (1, "")
    assert "token or key is missing or wrong" in done.err
    await service.stop()
