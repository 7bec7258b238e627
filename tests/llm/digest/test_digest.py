from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta

import pytest
from tests.llm.conftest import NOON, about, said

from zos.llm.digest import digest
from zos.llm.output import Reflection
from zos.llm.request import Material, MaterialItem

GARDEN = (
    ("ada", "Morning! The raised beds survived the frost, I lost two tomato seedlings."),
    ("bo", "My raised bed is still full of slugs, I counted 14 last night"),
    ("<chat_1>", "use beer traps for the slugs, works for me every year"),
    ("cleo", "Copper tape around the raised beds helped me with slugs in 2024"),
    ("ada", "I finished the compost bin on Sunday, it took 3 hours"),
    ("bo", "Has anybody grown oca in a pot?"),
)


def digested(material: Material) -> Reflection:
    found = digest(material)
    assert isinstance(found, Reflection)
    return found


def test_a_window_reads_as_lines_that_cite_their_messages() -> None:
    found = digested(about(*GARDEN))
    told = {statement.text: statement.sources for statement in found.statements}
    everyone = [f"m{number}" for number in range(1, 7)]
    assert told["6 messages from 4 people, on 2 March 2026."] == everyone
    slugs = next(text for text in told if text.startswith("3 people talked about slugs"))
    assert told[slugs] == ["m2", "m3", "m4"]
    beds = next(text for text in told if text.startswith("3 people talked about raised beds"))
    assert "(3 messages): ada: “Morning! The raised beds" in beds
    assert told["Left open by bo: “Has anybody grown oca in a pot?”"] == ["m6"]
    assert found.open_questions == ["Has anybody grown oca in a pot?"]
    assert found.subject in {"raised beds", "slugs"}


def test_a_short_window_has_few_quotes_and_few_faint_subjects() -> None:
    places = iter(("bothy", "hoop", "orchard", "pergola", "trellis", "verandah"))
    chat = [
        (who, f"I like my {thing} near the {next(places)}")
        for thing in ("kale", "oca", "chard")
        for who in ("ada", "bo")
    ]
    texts = [statement.text for statement in digested(about(*chat)).statements]
    assert sum("talked about" in text for text in texts) == 1
    assert sum(text.startswith(("ada: “", "bo: “")) for text in texts) == 2


def test_confidence_is_support() -> None:
    quiet = (("ada", "mhm"), ("bo", "yes")) * 5
    full, thin = digested(about(*GARDEN)), digested(about(*GARDEN, *quiet))
    assert full.confidence == 1.0
    assert thin.confidence == round(6 / 16, 2)


def test_more_people_and_messages_matter_more() -> None:
    small, large = digested(about(*GARDEN)), digested(about(*GARDEN, *GARDEN, ("dee", "hello")))
    assert 0 < small.importance < large.importance < 1


def test_novelty_is_the_share_of_unknown_subjects() -> None:
    assert digested(about(*GARDEN)).novelty == 1.0
    known = digested(about(*GARDEN, known_subjects=("raised-beds", "slugs")))
    assert known.novelty == 0.0
    assert known.subject == "raised-beds"
    alone = digested(about(*((("ada", text)) for _, text in GARDEN)))
    assert alone.novelty == 0.5, "one author makes no subject"


DRY = {
    "the window is empty": Material("#garden", ()),
    "no message by a person": Material("#garden", (said(1, "helper", "rain", is_bot=True),)),
    "only 2 of 4 messages have words": about(
        ("ada", "😀"), ("bo", "hi"), ("ada", "!!"), ("bo", "yo")
    ),
    "no subject that two people share, no two who met, and no words worth quoting": about(
        ("ada", "hi"), ("bo", "hello"), ("ada", "well")
    ),
    "no insight with a statement that may be repeated": Material(
        "Zos", (replace(said(1, "ada", "I grow kale in winter"), ref="i1", quotable=False),)
    ),
}


@pytest.mark.parametrize(("reason", "material"), DRY.items())
def test_a_window_without_anything_to_say_is_dry(reason: str, material: Material) -> None:
    assert digest(material) == reason


def test_a_long_window_names_its_first_and_last_day() -> None:
    items = about(*GARDEN).items
    later = replace(items[-1], at=NOON + timedelta(days=40))
    found = digested(Material("#garden", (*items[:-1], later)))
    assert "from 2 March 2026 to 11 April 2026" in found.statements[0].text


def test_a_line_cites_at_most_forty_messages_its_quote_among_them() -> None:
    lines = [(f"p{n % 7}", f"kale {'x' * n}") for n in range(120)]
    lines[61] = ("ada", "I picked kale before 7 on Monday, frost and all")
    found = digested(about(*lines))
    kale = next(one for one in found.statements if "talked about kale" in one.text)
    assert len(kale.sources) == 40
    assert "m62" in kale.sources
    assert {"m1", "m120"} <= set(found.statements[0].sources)


def test_two_people_who_met_are_named() -> None:
    met = [said(n, "ada", "mhm", mentions=("bo",)) for n in (1, 2)]
    once = Material("#garden", (*met, said(3, "bo", "ok")))
    assert digested(once).statements[1].text == "ada answered or mentioned bo twice."
    both = Material("#garden", (*met, said(3, "bo", "ok", mentions=("ada",))))
    assert (
        digested(both).statements[1].text == "ada and bo answered or mentioned each other 3 times."
    )


def test_recalled_insights_are_no_evidence_beside_messages() -> None:
    recalled = replace(said(9, "#garden", "Zos thinks that ada loves kale"), ref="i1")
    with_insight = Material("#garden", (recalled, *about(*GARDEN).items))
    assert digest(with_insight) == digest(about(*GARDEN))


def insight(number: int, topic: str, text: str) -> MaterialItem:
    return replace(said(number, topic, text), ref=f"i{number}")


def test_insights_that_agree_are_one_statement_with_all_their_sources() -> None:
    found = digested(
        Material(
            "Zos",
            (
                insight(1, "#garden", "3 people talked about slugs.\nada picked kale on Monday"),
                insight(2, "#kitchen", "bo cooked soup for the whole street"),
                insight(3, "#pond", "4 people talked about slugs"),
            ),
        )
    )
    told = {statement.text: statement.sources for statement in found.statements}
    assert told["#garden: 3 people talked about slugs."] == ["i1", "i3"]
    assert told["#kitchen: bo cooked soup for the whole street"] == ["i2"]
    assert found.confidence == 1.0
    assert found.open_questions == []


def test_only_the_weightiest_statements_of_many_insights_are_repeated() -> None:
    lone = [
        insight(n, "#misc", f"word{chr(97 + n)} likes thing{chr(97 + n)} very much")
        for n in range(1, 15)
    ]
    shared = [insight(n, "#pond", f"the newt pond overflowed near shed{n}") for n in range(20, 23)]
    found = digested(Material("Zos", (*lone, *shared)))
    assert len(found.statements) == 8
    assert any("newt pond" in statement.text for statement in found.statements)
    assert found.confidence < 1.0


def test_the_digest_is_the_same_in_every_process() -> None:
    program = (
        "from tests.llm.digest.test_digest import GARDEN\n"
        "from tests.llm.conftest import about\n"
        "from zos.llm.digest import digest\n"
        "print(digest(about(*GARDEN, *GARDEN)))\n"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(sys.path)},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(outputs) == 1


def test_a_digest_of_digests_names_its_topic_once() -> None:
    told = "ada: “I finished the compost bin on Sunday”"
    found = digested(
        Material("ada", (insight(1, "ada", told), insight(2, "ada", "bo: “mine too, at last”")))
    )
    assert [one.text for one in found.statements] == [told, "ada: bo: “mine too, at last”"]
