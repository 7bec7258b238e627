"""What holds of every digest, whatever is said in the window."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from zos.llm.digest import digest
from zos.llm.digest.lines import bare, named
from zos.llm.digest.words import clean
from zos.llm.output import Reflection
from zos.llm.request import Material, MaterialItem

START = datetime(2026, 3, 2, tzinfo=UTC)
NAMES = ("ada", "bo", "cleo: “I”", "dé—“x” said: “y”", "<chat_1>", "<chat_2>", "helperbot", "”", "")
VOCABULARY = (
    *(
        [
            "raised",
            "beds",
            "slugs",
            "compost",
            "kale",
            "garden",
            "frost",
            "I",
            "we",
            "my",
            "the",
            "a",
            "and",
            "is",
            "are",
            "on",
            "in",
            "3",
            "12",
            "2024",
        ]
    ),
    *(
        [
            "Saturday",
            "tomorrow",
            "<chat_1>",
            "<chat_9>",
            "<@123>",
            "@everyone",
            "https://a.example/?q=1",
            "```",
            "”",
            "“",
            '"',
            "\n",
        ]
    ),
    *(
        [
            "bo:",
            "ada",
            "said:",
            "“no”",
            "?",
            "?!",
            "what",
            "when",
            "why",
            "do",
            "you",
            "\u202e",
            "\u200b",
            "�",
            "ß",
            "ﬀ",
            "日本語",
            "🌱",
            "m1",
            "i1",
            "[m2]",
        ]
    ),
)
QUOTED = re.compile(r"^(?:.*?: )?(?:Left open by )?(?P<who>[^“]*): “(?P<words>[^“”]*)”$")

sentences = st.lists(st.sampled_from(VOCABULARY), max_size=14).map(" ".join)
texts = st.one_of(sentences, sentences, st.text(max_size=60))


@st.composite
def materials(draw: st.DrawFn, prefix: str = "m") -> Material:
    items: list[MaterialItem] = []
    for number in range(draw(st.integers(0, 24))):
        speaker = draw(st.sampled_from(NAMES))
        earlier = st.sampled_from([item.ref for item in items]) if items else st.none()
        items.append(
            MaterialItem(
                ref=f"{prefix}{number}",
                speaker=speaker,
                quotable=not speaker.startswith("<") and draw(st.booleans()),
                is_bot=speaker == "helperbot",
                at=START + timedelta(minutes=7 * number),
                text=draw(texts),
                reply_to=draw(st.one_of(st.none(), earlier)),
                mentions=tuple(draw(st.lists(st.sampled_from(NAMES), max_size=2))),
            )
        )
    return Material("#garden", tuple(items), tuple(draw(st.lists(st.just("kale"), max_size=1))))


@given(materials())
def test_the_same_window_gives_the_same_digest(material: Material) -> None:
    assert digest(material) == digest(material)


@given(materials())
def test_it_passes_the_validation_that_models_must_pass(material: Material) -> None:
    found = digest(material)
    if isinstance(found, str):
        assert found
        return
    filled = found.model_dump_json().encode("utf-8", "surrogatepass")
    valid = Reflection.model_validate_json(filled, context={"refs": material.refs})
    assert valid.statements
    assert valid.valence is None, "a digest feels nothing"
    assert all("\n" not in statement.text for statement in valid.statements)


@given(materials())
def test_it_quotes_only_what_may_be_quoted_and_word_for_word(material: Material) -> None:
    found = digest(material)
    if isinstance(found, str):
        return
    by_ref = {item.ref: item for item in material.items}
    for statement in found.statements:
        assert statement.text.count("“") == statement.text.count("”") <= 1
        if "“" not in statement.text:
            continue
        quote = QUOTED.match(statement.text)
        assert quote is not None
        words = quote["words"].removesuffix(" …")
        assert any(
            item.quotable
            and not item.is_bot
            and named(item.speaker) in statement.text
            and bare(clean(item.text)).startswith(words)
            for item in (by_ref[ref] for ref in statement.sources)
        ), statement.text


@given(materials())
def test_it_never_speaks_of_those_without_consent(material: Material) -> None:
    found = digest(material)
    if not isinstance(found, str):
        assert "<chat_" not in found.model_dump_json()


@given(st.lists(st.sampled_from(("m", "i")), min_size=3, max_size=12), st.booleans())
def test_words_that_may_not_be_quoted_never_appear(kinds: list[str], one_kind: bool) -> None:
    """Every item says words of its own, so that any of them in the digest has been quoted."""
    items = tuple(
        MaterialItem(
            ref=f"{kinds[0] if one_kind else kind}{number}",
            speaker="ada" if number % 2 else "<chat_1>",
            quotable=bool(number % 2),
            is_bot=False,
            at=START + timedelta(minutes=number),
            text=f"I keep canary{chr(97 + number)} and feather{chr(97 + number)} warm, would you {number}?",
        )
        for number, kind in enumerate(kinds)
    )
    found = digest(Material("#garden", items))
    shown = found if isinstance(found, str) else found.model_dump_json()
    for number, item in enumerate(items):
        if not item.quotable:
            assert f"canary{chr(97 + number)}" not in shown
            assert f"feather{chr(97 + number)}" not in shown


@given(materials(prefix="i"))
def test_digests_of_insights_pass_validation_and_repeat_only_what_may_be_repeated(
    material: Material,
) -> None:
    found = digest(material)
    if isinstance(found, str):
        return
    filled = found.model_dump_json().encode("utf-8", "surrogatepass")
    Reflection.model_validate_json(filled, context={"refs": material.refs})
    by_ref = {item.ref: item for item in material.items}
    assert all(by_ref[ref].quotable for statement in found.statements for ref in statement.sources)
