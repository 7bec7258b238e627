"""From what people say on Discord to the digest that they read there, and its end: one process, Discord's protocol."""

from __future__ import annotations

from typing import Any

from tests.acceptance.conftest import MakeHome, until
from tests.fakes.discord.server import TOKEN, Fault, local_discord
from tests.fakes.discord.world import HALL, ROOM, SERVER, Json, World

from zos.db.tables import message, outbox

NODES: list[dict[str, Any]] = [
    {"type": "fetch_messages", "lookback_hours": 87_600},
    {"type": "llm_call", "prompt": "reflect/channel.md.j2"},
    {"type": "store_insight"},
    {"type": "output", "destination": f"discord:{HALL}", "heading": "Last night"},
]
ADA, BEN, CLEO = 11, 12, 13
TALK = (
    (ADA, "I have repaired the kiln with Ben, it reaches 1,240 degrees again."),
    (BEN, "The kiln is free on Saturday from 10, I have 14 bowls to fire."),
    (CLEO, "Who has the key of the kiln room on Saturday?"),
    (ADA, "I bring the key of the kiln room at 9:30, and the glaze that we mixed."),
    (BEN, "@everyone please label your bowls, we lost three in March."),
)


def talk(world: World) -> list[int]:
    said: list[int] = []
    for who, text in TALK:
        answered = said[-1] if said else None
        said.append(world.say(who, text, reply_to=answered))
    return said


def in_the_hall(world: World) -> list[Json]:
    return [one for one in world.messages.values() if one["channel_id"] == str(HALL)]


async def test_what_is_said_on_discord_comes_back_as_one_digest_and_goes_with_a_member(
    make_home: MakeHome,
) -> None:
    async with local_discord() as discord:
        home = await make_home(
            models={},
            discord={"token": TOKEN},
            privacy={"consent": "opt_out"},
            output={"discord_channels": [HALL]},
        )
        home.write_layer(schedule=None, nodes=NODES)
        service = await home.serve(discord=discord)
        await until(discord.gateway.ready.is_set)
        said = talk(discord.world)

        async def heard() -> bool:
            is_stored = {*said} <= {row.id for row in await home.rows(message)}
            return is_stored and not (await home.ready())["discord"]["catching_up"]

        await until(heard)
        discord.faults += [Fault(429)]
        discord.lost_answers = 1  # written, and answered with 503: nobody knows
        await home.trigger(topics=[f"server:{SERVER}:channel:{ROOM}"])

        async def delivered() -> bool:
            return [row.delivered_at is not None for row in await home.rows(outbox)] == [True]

        await until(delivered)
        digests = [one["content"] for one in in_the_hall(discord.world)]
        forgotten = await home.ask("member", "forget", str(ADA), "--yes", "--json")
        assert forgotten.code == 0, forgotten.err

        async def is_counted() -> bool:
            shown = await home.ask("member", "show", str(ADA), "--json")
            return "outgoing_texts_taken_back" in shown.json["erasure"]["receipt"]

        await until(is_counted)
        assert in_the_hall(discord.world) == []
        ended = await service.stop()
        assert ended.code == 0, ended.err

        (run,) = await home.runs()
        assert (run.status.value, run.insights_created) == ("success", 1)
        written = [one for one in discord.requests if one[0] == "POST" and "messages" in one[1]]
        assert len(written) == 3
        told = discord.posted[0]
        assert discord.posted == [told, told]
        assert told["allowed_mentions"] == {"parse": []}
        assert told["enforce_nonce"] is True
        text = told["content"]
        assert text.startswith("**Last night**\n• ")
        assert len(text) <= 2_000
        assert f"(<https://discord.com/channels/{SERVER}/{ROOM}/{said[0]}>)" in text
        assert "@everyone" not in text
        assert digests == [text]
        assert service.log("scheduler_stopped")
        assert [one["state"] for one in service.log("discord_state")] == [
            "connecting",
            "connected",
            "off",
        ]
        assert not [line for line in ended.err.splitlines() if '"level": "error"' in line]
        assert discord.gateway.lines == []
