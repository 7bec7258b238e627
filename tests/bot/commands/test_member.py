"""`/zos`, typed by members of a local Discord and answered by a real service's objects."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace

import pytest
from tests.bot.commands.conftest import Commanded
from tests.fakes.discord.interactions import DEFERRED, MESSAGE, MODAL, Answer
from tests.fakes.discord.world import SERVER
from tests.insights.conftest import NOON, World

from zos.bot.commands.answering import WENT_WRONG
from zos.bot.commands.export import exported
from zos.bot.commands.member_text import choice_of, known_lines
from zos.config.model import DiscordConfig
from zos.core.consent import ConsentMode, ConsentState
from zos.core.errors import DatabaseError
from zos.core.topics import TopicKey
from zos.members.model import Erasure, KnownLine, SourceMessage
from zos.members.rights import Members

ANN, BEN = 11, 12


async def use(commanded: Commanded, name: str, who: int = ANN, **options: object) -> Answer:
    """Type a command; it is answered in time, to the one who typed it, within Discord's limit."""
    answer = await commanded.use(who, f"zos {name}", **options)
    assert answer.kind == DEFERRED
    assert answer.is_ephemeral
    assert len(answer.text) <= 2_000
    assert answer.payload["allowed_mentions"] == {"parse": []}
    return answer


async def noted(commanded: Commanded, *texts: str) -> str:
    """Let Ann say something, and an insight about her rest on it."""
    said = commanded.discord.world.say(ANN, "I grow *beans* on the roof")
    await commanded.settled()
    world = World(commanded.database)
    topic = TopicKey.user(ANN, SERVER)
    return await world.learn(*(texts or ("Ann grows beans",)), topic=topic, message_ids=[said])


async def test_a_yes_and_a_no_take_effect_at_once(commanded: Commanded) -> None:
    async with commanded.listening():
        await noted(commanded)
        yes = await use(commanded, "opt-in")
        assert yes.text.splitlines() == ["You may be thought about."]
        no = await use(commanded, "opt-out")
        assert no.text.splitlines() == [
            "You are not thought about.",
            "Notes with you in them are out of sight: 1.",
            "What you wrote is still stored; `/zos forget-me` erases it.",
        ]
        assert "shown again: 1." in (await use(commanded, "opt-in")).text
        standing = await commanded.services.members.standing(ANN)
        assert (standing.state, standing.recorded_by) == (ConsentState.GRANTED, "member")


async def test_where_a_role_decides_a_yes_alone_is_not_enough(commanded: Commanded) -> None:
    privacy = commanded.config.privacy.model_copy(update={"consent": ConsentMode.ROLE})
    commanded.config = commanded.config.model_copy(update={"privacy": privacy})
    async with commanded.listening():
        assert "Here a role decides" in (await use(commanded, "opt-in")).text


async def test_a_stranger_is_told_that_nothing_is_known(commanded: Commanded) -> None:
    async with commanded.listening():
        for name in ("me", "export"):
            assert (await use(commanded, name, BEN)).text == "Zos knows nothing about you."
        assert await offered(commanded, BEN, "") == []
        asked = await commanded.use(BEN, "zos forget-me")
        answer = await commanded.discord.interactions.submit(BEN, asked.modal, "forget me")
        assert answer.text == "Zos knows nothing about you."


async def test_all_that_is_known_is_shown_with_links(commanded: Commanded) -> None:
    async with commanded.listening():
        await use(commanded, "opt-in")
        await noted(commanded)
        shown = (await use(commanded, "me")).text
        assert "Stored: 1 messages (0 in private)" in shown
        assert "- Ann grows beans ([you](<https://discord.com/channels/" in shown


async def test_what_does_not_fit_comes_as_a_file(commanded: Commanded) -> None:
    async with commanded.listening():
        await noted(commanded, *(f"Ann grows beans of kind {n}" for n in range(40)))
        answer = await use(commanded, "me")
        assert answer.text.splitlines()[-1].startswith("… and ")
        assert "of kind 39" in answer.files["about-you.md"].decode()


async def test_an_export_is_a_file_packed_if_it_must_be(commanded: Commanded) -> None:
    async with commanded.listening():
        await noted(commanded)
        answer = await use(commanded, "export")
        found = json.loads(answer.files["zos-export.json"])
        assert [one["text"] for one in found["messages"]] == ["I grow *beans* on the roof"]
        members, size = commanded.services.members, len(answer.files["zos-export.json"])
        packed = await exported(members, ANN, size - 1)
        assert packed.file_name == "zos-export.json.gz"
        assert json.loads(gzip.decompress(packed.content))["id"] == str(ANN)
        assert not (await exported(members, ANN, 100)).file_name


async def test_an_erasure_wants_words_to_be_typed(commanded: Commanded) -> None:
    interactions = commanded.discord.interactions
    async with commanded.listening():
        await noted(commanded)
        asked = await commanded.use(ANN, "zos forget-me")
        assert asked.kind == MODAL
        assert "forget me" in json.dumps(asked.modal, ensure_ascii=False)
        kept = await interactions.submit(ANN, asked.modal, "yes")
        assert (kept.kind, kept.is_ephemeral) == (MESSAGE, True)
        assert kept.text.startswith("Nothing was erased")
        asked = await commanded.use(ANN, "zos forget-me")
        done = await interactions.submit(ANN, asked.modal, "  Forget  ME ")
        assert done.is_ephemeral
        assert done.text.startswith("From now on nothing of yours")
        assert "is under way" in (await use(commanded, "me")).text
        assert await commanded.services.members.finish_erasures() == 1
        receipt = (await use(commanded, "me")).text
        assert "You were erased" in receipt
        assert "- 1 messages" in receipt
        assert "was erased" in (await use(commanded, "opt-in")).text
        asked = await commanded.use(ANN, "zos forget-me")
        again = await interactions.submit(ANN, asked.modal, "forget me")
        assert again.text.startswith("You were erased already")
        commanded.discord.world.say(ANN, "I am still here")
        await commanded.settled()
        assert await commanded.texts() == {}


async def test_what_goes_wrong_after_the_words_is_told(
    commanded: Commanded, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_arguments: object) -> Erasure:
        raise RuntimeError("a bug")

    async with commanded.listening():
        asked = await commanded.use(ANN, "zos forget-me")
        monkeypatch.setattr(Members, "ask_to_forget", broken)
        answer = await commanded.discord.interactions.submit(ANN, asked.modal, "forget me")
        assert answer.text == WENT_WRONG


async def offered(commanded: Commanded, who: int, typed: str) -> list[str]:
    return await commanded.discord.interactions.complete(who, "zos dispute", "insight", typed)


async def test_a_member_disputes_what_is_noted_about_them(
    commanded: Commanded, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with commanded.listening():
        insight = await noted(commanded)
        await use(commanded, "opt-in")
        assert await offered(commanded, ANN, "BEANS") == [insight]
        assert await offered(commanded, ANN, "tomatoes") == []
        answer = await use(commanded, "dispute", insight=insight, text="Not any more.")
        assert answer.text.startswith("It is under review")
        known = await commanded.services.members.known(ANN)
        assert [(one.text, one.disputed_by) for one in known.disputes] == [
            ("Not any more.", "member")
        ]
        assert "You disputed" in (await use(commanded, "me")).text
        refused = await use(commanded, "dispute", BEN, insight=insight, text="Nor me.")
        assert "There is no insight" in refused.text

        async def away(*_arguments: object, **_options: object) -> None:
            raise DatabaseError("The database is away.")

        monkeypatch.setattr(Members, "known", away)
        assert await offered(commanded, ANN, "") == []


async def test_members_have_their_commands_where_there_are_no_operators(
    commanded: Commanded,
) -> None:
    nobody = DiscordConfig()
    async with commanded.listening(
        operators=nobody.operators, operator_roles=nobody.operator_roles
    ):
        await commanded.until_published(1)
        (group,) = commanded.discord.interactions.published
        assert group["name"] == "zos"
        names = {one["name"] for one in group["options"]}
        assert names == {"opt-in", "opt-out", "me", "export", "forget-me", "dispute"}


async def test_words_of_others_stay_words(commanded: Commanded) -> None:
    async with commanded.listening():
        await noted(commanded, "Ann says @everyone **look**")
        known = await commanded.services.members.known(ANN, private=True)
    (one,) = known.insights
    text = "\n".join(known_lines(known))
    assert "@everyone" not in text
    assert "**look**" not in text
    assert choice_of(one) == (f"{one.title}: Ann says @everyone **look**", one.id)
    source = SourceMessage(1, None, 2, "c", NOON, False, None, "https://discord.com/1")
    line = KnownLine("a", (source,) * 7, (1, 2), ())
    changed = replace(known, insights=(replace(one, lines=(line,), withheld="Why."),))
    said = known_lines(changed)[-1]
    assert said.endswith("and 2 more, 2 deleted)")
    assert "- not shown: Why." in known_lines(changed)
