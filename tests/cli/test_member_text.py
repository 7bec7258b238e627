"""What `zos member` says of a life in which everything happened."""

from __future__ import annotations

from tests.conftest import EPOCH

from zos.cli.member_text import erasure_lines, known_lines
from zos.core.consent import ConsentMode
from zos.core.scopes import Scope
from zos.insights.model import InsightStatus, Method
from zos.members.model import (
    ConsentStanding,
    Erasure,
    Known,
    KnownInsight,
    KnownLine,
    MessageCounts,
    TopicStanding,
)

SILENT = ConsentStanding(
    ConsentMode.OPT_IN, None, allowed=False, recorded_at=None, recorded_by=None
)
WAITING = Erasure("01E", 11, EPOCH, "ann", None, {"messages": 3})


def insight(*lines: KnownLine, withheld: str = "", questions: tuple[str, ...] = ()) -> KnownInsight:
    return KnownInsight(
        id="01I",
        topic="user:11",
        title="Ann",
        server_id=None,
        layer="nightly",
        created_at=EPOCH,
        status=InsightStatus.ACTIVE,
        scope=Scope.PUBLIC,
        method=Method.MODEL,
        confidence=0.5,
        importance=0.5,
        roles=("about",),
        withheld=withheld,
        lines=lines,
        open_questions=questions,
    )


def test_everything_has_its_line() -> None:
    known = Known(
        id=11,
        name="ann",
        display_name="Ann",
        global_name="Annabel",
        is_bot=True,
        consent=SILENT,
        erasure=WAITING,
        servers=(),
        messages=MessageCounts.of(()),
        reactions_given=1,
        reactions_received=2,
        mentions=3,
        topics=(TopicStanding("user:11", "Ann", 2.5, 1, 0, EPOCH, None),),
        insights=(
            insight(KnownLine("Ann sings", (), (7,), ("01J",)), questions=("Why?",)),
            insight(withheld="It rests on direct messages."),
        ),
        insights_next=None,
        insights_total=2,
        model_calls=(),
        model_calls_total=0,
        disputes=(),
    )
    said = list(known_lines(known))
    for line in (
        "Member 11: Ann, Annabel, ann (bot)",
        "  May not be thought about: they said nothing (opt_in).",
        "    3 messages",
        "  Servers: none",
        "  Topic Ann (user:11): salience 2.5",
        "    – message 7 was deleted",
        "    – insight 01J",
        "  Open: Why?",
        "  Not shown: It rests on direct messages.",
    ):
        assert line in said, line


def test_an_erasure_says_what_stands_in_its_way() -> None:
    first = next(erasure_lines(WAITING))
    assert first.startswith("Not erased completely yet; asked for 2026-03-02 12:00 UTC by ann.")
