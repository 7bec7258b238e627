"""The command line beside a running service: it asks the service, and says the same either way."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from tests.acceptance.conftest import Home, until
from tests.fakes.model_server import ModelServer, Reply

from zos.db.tables import model_call


async def test_a_trigger_is_carried_out_by_the_service_and_waited_for_or_not(home: Home) -> None:
    await home.serve()
    topic, other = home.topics[:2]
    done = await home.run("reflect", "trigger", "nightly", "--topic", topic)
    assert done.code == 0, done.err
    assert done.out.splitlines()[:2] == ["Layer executed: success", "  Insights created: 1"]
    (waited,) = await home.runs()
    assert waited.owner == home.service.owner

    left = await home.ask("reflect", "trigger", "nightly", "--no-wait", "--topic", other)
    assert left.code == 0
    _, run = await home.until_ended(2)
    assert f"run {run.id}" in left.out
    assert (run.owner, run.status) == (home.service.owner, "success")


async def test_the_command_line_says_the_same_with_and_without_a_service(home: Home) -> None:
    home.write_layer(schedule="0 3 * * *")
    topic = ("--topic", home.topics[0])
    wrong = [
        ("trigger", "nightyl"),
        ("trigger", "nightly", "--topic", "nonsense"),
        ("show", "01NOPE"),
        ("pause", "nightyl"),
    ]
    assert (await home.ask("reflect", "trigger", "nightly", *topic)).code == 0
    (run,) = await home.runs()
    right = [
        ("jobs",),
        ("jobs", "nightly"),
        ("runs",),
        ("show", run.id),
        ("preview", "nightly", *topic),
        ("trigger", "nightly", "--dry-run", *topic),
    ]

    async def answers() -> list[Any]:
        return [
            *[await home.ask("reflect", *command) for command in wrong],
            *[timeless((await home.ask("reflect", *one, "--json")).json) for one in right],
        ]

    without = await answers()
    await home.serve()
    assert await answers() == without
    assert {one.code for one in without[: len(wrong)]} == {2}
    assert [one.id for one in await home.runs()] == [run.id]


def timeless(answer: Any) -> Any:
    """Leave out what depends on the moment of asking."""
    if isinstance(answer, list):
        return [timeless(one) for one in answer]
    if isinstance(answer, dict):
        moments = {"outcomes_since", "at", "next_fires"}
        return {key: timeless(one) for key, one in answer.items() if key not in moments}
    return answer


async def test_a_pause_by_the_command_line_is_the_services_and_outlives_it(home: Home) -> None:
    service = await home.serve()
    until = "2999-12-01T09:00+01:00"
    pause = ("reflect", "pause", "nightly", "--note", "moving", "--until", until, "--json")
    paused = (await home.ask(*pause)).json["paused"]
    assert paused["note"] == "moving"
    assert datetime.fromisoformat(paused["until"]) == datetime.fromisoformat(until)
    kept = (await home.job())["paused"]
    assert (kept["note"], kept["by"]) == ("moving", paused["by"])
    assert (await service.stop()).code == 0
    await home.serve()
    assert (await home.job())["paused"] == kept
    assert (await home.ask("reflect", "resume", "nightly", "--json")).json["paused"] is None
    assert (await home.job())["paused"] is None


async def test_a_run_of_the_service_is_called_off_by_the_command_line(
    home: Home, server: ModelServer
) -> None:
    good, server.default = server.default, Reply(hang=True)
    await home.serve()
    run_id = await home.trigger(topics=home.topics[:1])
    await until(lambda: bool(server.requests))
    done = await home.ask("reflect", "cancel", run_id, "--note", "too dear")
    assert done.out == "Cancelled a run of nightly: 0 of 1 topics were done.\n"
    (run,) = await home.runs()
    assert run.status == "cancelled"
    assert run.reason.startswith("cancelled by ")
    assert run.reason.endswith(": too dear")
    assert [row.outcome for row in await home.rows(model_call)] == ["lost"]
    again = await home.ask("reflect", "cancel", run_id)
    assert (again.code, "has ended already: cancelled." in again.err) == (2, True)
    server.default = good
    next_run = await home.ask("reflect", "trigger", "nightly", "--topic", home.topics[0])
    assert (next_run.code, next_run.out.splitlines()[0]) == (0, "Layer executed: success")


async def test_the_doctor_knows_the_living_from_the_dead(home: Home) -> None:
    service = await home.serve()
    examined = await home.run("doctor", "--json")
    found = {one["subject"]: one for one in examined.json}
    assert (examined.code, found["service"]["level"], found["database"]["level"]) == (0, "ok", "ok")
    assert f"process {service.pid}" in found["service"]["detail"]

    replay = await home.ask("replay", "--from", "2020-01-01", "--to", "2020-01-02")
    assert (replay.code, replay.out) == (1, "")
    assert "already running on this database" in replay.err

    token = home.service.token_path
    mine = token.read_text()
    token.write_text("x" * 43)
    refused = await home.ask("reflect", "jobs")
    assert (refused.code, refused.out) == (1, "")
    assert "is missing or wrong" in refused.err
    token.write_text(mine)

    await service.kill()
    assert home.runtime_file.exists()
    assert "was left by a service that did not end by itself" in (await home.ask("doctor")).out
    done = await home.ask("reflect", "trigger", "nightly", "--topic", home.topics[0])
    assert done.code == 0, done.err
