"""`/zos-admin`, typed by members of a local Discord and answered by a real service's objects."""

from __future__ import annotations

import asyncio

import pytest
from tests.bot.commands.conftest import OPERATOR, ROLE, Commanded
from tests.fakes.discord.interactions import DEFERRED, MESSAGE

from zos.access.principal import Origin, Role
from zos.bot.commands import answering
from zos.bot.commands.answering import WENT_WRONG
from zos.bot.commands.operator import is_operator
from zos.config.model import DiscordConfig
from zos.core.errors import DatabaseError
from zos.reflect.runs.model import RunRequest
from zos.reflect.states import Trigger

LAYER = "nightly-channel-reflection"
MEMBER = 12


async def test_every_command_answers_its_operator_alone(commanded: Commanded) -> None:
    expected = {
        "status": "Discord: connected, 1 server",
        "jobs": f"**{LAYER}**: next <t:",
        "runs": "There are no runs yet.",
        "costs": "No model was called in this time.",
    }
    async with commanded.listening():
        for name, words in expected.items():
            answer = await commanded.use(OPERATOR, f"zos-admin {name}")
            assert answer.kind == DEFERRED
            assert answer.is_ephemeral
            assert words in answer.text, name
            assert len(answer.text) <= 2_000
            assert answer.payload["allowed_mentions"] == {"parse": []}


async def test_a_layer_is_triggered_paused_and_resumed(commanded: Commanded) -> None:
    async with commanded.listening():
        triggered = await commanded.use(OPERATOR, "zos-admin trigger", layer=LAYER)
        assert f"**{LAYER}**" in triggered.text
        runs = await commanded.use(OPERATOR, "zos-admin runs", layer=LAYER)
        assert "(manual)" in runs.text
        note = "moving *house* @everyone"
        paused = await commanded.use(OPERATOR, "zos-admin pause", layer=LAYER, note=note, hours=2.0)
        assert f"{LAYER} is paused until <t:" in paused.text
        jobs = await commanded.use(OPERATOR, "zos-admin jobs")
        assert "paused by discord:11: moving \\*house\\* @\u200beveryone until <t:" in jobs.text
        await commanded.use(OPERATOR, "zos-admin resume", layer=LAYER)
        jobs = await commanded.use(OPERATOR, "zos-admin jobs")
        assert "paused" not in jobs.text


async def test_what_operators_change_is_recorded(commanded: Commanded) -> None:
    async with commanded.listening():
        for command in ("trigger", "pause", "resume", "trigger"):
            await commanded.use(OPERATOR, f"zos-admin {command}", layer=LAYER)
        await commanded.use(OPERATOR, "zos-admin pause", layer="nothing")
        await commanded.use(OPERATOR, "zos-admin jobs")
        await commanded.use(MEMBER, "zos-admin pause", layer=LAYER)
        page = await commanded.services.audit.page()
    assert {(one.name, one.origin, one.role) for one in page.items} == {
        (f"discord:{OPERATOR}", Origin.DISCORD, Role.OPERATOR)
    }
    assert [(one.action, one.target, one.status) for one in reversed(page.items)] == [
        ("trigger", LAYER, 200),
        ("pause", LAYER, 200),
        ("resume", LAYER, 200),
        ("trigger", LAYER, 200),
        ("pause", "nothing", 404),
    ]


async def test_a_run_is_called_off(commanded: Commanded) -> None:
    async with commanded.listening():
        services = commanded.services
        now = services.clock.now()
        request = RunRequest(LAYER, Trigger.MANUAL, "asked", now)
        run = await services.executor.runs.open(request, now=now)
        assert run is not None
        complete = commanded.discord.interactions.complete
        assert await complete(MEMBER, "zos-admin cancel", "run", "night") == []
        assert await complete(OPERATOR, "zos-admin cancel", "run", "night") == [run.id]
        assert await complete(OPERATOR, "zos-admin cancel", "run", "weekly") == []
        told = await commanded.use(OPERATOR, "zos-admin cancel", run=run.id, note="too dear")
        assert "cancelled (manual): cancelled by discord:11: too dear" in told.text
        again = await commanded.use(OPERATOR, "zos-admin cancel", run=run.id)
        assert "has ended already" in again.text
        assert await complete(OPERATOR, "zos-admin cancel", "run", "") == []
        (refused, done) = (await services.audit.page()).items
    assert (done.action, done.target, refused.status) == ("cancel_run", f"run {run.id}", 409)


async def test_an_interaction_told_twice_triggers_once(commanded: Commanded) -> None:
    async with commanded.listening():
        await commanded.use(OPERATOR, "zos-admin trigger", layer=LAYER)
        session = next(iter(commanded.discord.gateway.sessions.values()))
        commanded.discord.world.dispatch = lambda _kind, _data: None
        told = [one for one in session.told if "INTERACTION_CREATE" in one]
        assert session.line is not None
        session.line.send(told[-1])
        await commanded.settled()
        await asyncio.sleep(0.2)
        page = await commanded.services.runs.page(layer=LAYER)
    assert len(page.items) == 1


async def test_a_mistake_is_told_in_one_sentence(commanded: Commanded) -> None:
    async with commanded.listening():
        answer = await commanded.use(OPERATOR, "zos-admin trigger", layer="nightly-chanel")
    assert answer.text.startswith("There is no layer")


async def test_what_goes_wrong_is_told_and_logged(
    commanded: Commanded, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(_now: object) -> None:
        raise RuntimeError("a bug")

    async with commanded.listening():
        monkeypatch.setattr(type(commanded.services.jobs), "all", lambda _self, now: broken(now))
        answer = await commanded.use(OPERATOR, "zos-admin jobs")
    assert answer.text == WENT_WRONG


async def test_a_store_that_is_away_is_told(
    commanded: Commanded, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(_now: object) -> None:
        raise DatabaseError("The database is away.")

    async with commanded.listening():
        monkeypatch.setattr(type(commanded.services.jobs), "all", lambda _self, now: away(now))
        answer = await commanded.use(OPERATOR, "zos-admin jobs")
    assert answer.text == "The database is away."


async def test_what_takes_too_long_is_given_up(
    commanded: Commanded, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def endless(_now: object) -> None:
        await asyncio.Event().wait()

    defaults = answering.answer.__kwdefaults__
    assert defaults is not None
    monkeypatch.setitem(defaults, "seconds", 0.05)
    async with commanded.listening():
        monkeypatch.setattr(type(commanded.services.jobs), "all", lambda _self, now: endless(now))
        answer = await commanded.use(OPERATOR, "zos-admin jobs")
    assert "takes too long" in answer.text


async def test_everybody_else_is_refused_and_offered_nothing(commanded: Commanded) -> None:
    async with commanded.listening():
        for name in ("status", "jobs", "runs", "costs"):
            answer = await commanded.use(MEMBER, f"zos-admin {name}")
            assert answer.kind == MESSAGE
            assert answer.is_ephemeral
            assert "Only Zos's operators" in answer.text
        await commanded.use(MEMBER, "zos-admin pause", layer=LAYER)
        page = await commanded.services.jobs.get(LAYER, commanded.services.clock.now())
        assert page.paused is None
        complete = commanded.discord.interactions.complete
        assert await complete(MEMBER, "zos-admin trigger", "layer", "night") == []
        assert LAYER in await complete(OPERATOR, "zos-admin trigger", "layer", "Channel")


async def test_a_role_makes_an_operator_and_a_private_conversation_knows_no_roles(
    commanded: Commanded,
) -> None:
    world = commanded.discord.world
    world.make_role(ROLE, "keepers")
    world.hold(MEMBER, ROLE)
    async with commanded.listening():
        assert "connected" in (await commanded.use(MEMBER, "zos-admin status")).text
        private = await commanded.use(MEMBER, "zos-admin status", private=True)
        assert "Only Zos's operators" in private.text
        own = await commanded.use(OPERATOR, "zos-admin status", private=True)
        assert "connected" in own.text


def test_who_an_operator_is() -> None:
    settings = DiscordConfig(operators=frozenset({1}), operator_roles=frozenset({5}))
    assert is_operator(settings, 1, [])
    assert is_operator(settings, 2, [4, 5])
    assert not is_operator(settings, 5, [1])
    assert not is_operator(DiscordConfig(), 1, [5])


async def test_commands_are_published_only_when_they_have_changed(commanded: Commanded) -> None:
    interactions = commanded.discord.interactions
    async with commanded.listening():
        await commanded.until_published(1)
        assert "zos-admin" in [one["name"] for one in interactions.published]
        await commanded.discord.gateway.invalidate()
        await commanded.settled()
    async with commanded.listening():
        await commanded.settled()
    assert interactions.publishings == 1
    async with commanded.listening(operators=frozenset(), operator_roles=frozenset()):
        await commanded.until_published(2)
    assert "zos-admin" not in [one["name"] for one in interactions.published]


async def test_commands_that_cannot_be_published_cost_nothing_else(commanded: Commanded) -> None:
    commanded.discord.interactions.refusals += [403]
    async with commanded.listening():
        commanded.discord.world.say(MEMBER, "still heard")
        await commanded.settled()
        await commanded.assert_true()
        assert not commanded.discord.interactions.publishings
    async with commanded.listening():
        await commanded.until_published(1)
