"""The grammar of topic keys: parsing and printing are inverse, and nothing else is let through."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from zos.core.errors import TopicKeyError
from zos.core.topics import BudgetGroup, TopicCategory, TopicKey, subject_name

MAX_ID = 2**63 - 1
ids = st.integers(1, MAX_ID)
pairs = st.lists(ids, min_size=2, max_size=2, unique=True)
# Words of many scripts: composed and decomposed, cased and caseless, with marks and without.
words = st.text(st.characters(codec="utf-8"), min_size=1, max_size=80)
names = words.filter(lambda text: any(char.isalnum() for char in text))


def _dyad(pair: list[int], server_id: int | None) -> TopicKey:
    return TopicKey.dyad(pair[0], pair[1], server_id)


def _named(server_id: int, name: str) -> TopicKey:
    try:
        return TopicKey.subject(server_id, name)
    except TopicKeyError:
        assume(False)
        raise


keys = st.one_of(
    st.builds(TopicKey.user, ids, st.none() | ids),
    st.builds(_dyad, pairs, st.none() | ids),
    st.builds(TopicKey.self_topic, st.none() | ids),
    st.builds(TopicKey.channel, ids, ids),
    st.builds(TopicKey.thread, ids, ids),
    st.builds(TopicKey.user_in_channel, ids, ids, ids),
    st.builds(
        lambda server, channel, pair: TopicKey.dyad_in_channel(server, channel, *pair),
        ids,
        ids,
        pairs,
    ),
    st.builds(TopicKey.emoji, ids, ids),
    st.builds(TopicKey.role, ids, ids),
    st.builds(_named, ids, names),
)


@given(keys)
def test_parsing_what_was_printed_gives_the_same_key(key: TopicKey) -> None:
    assert TopicKey.parse(str(key)) == key


@given(st.text(max_size=60) | st.from_regex(r"(server:\d{1,3}:)?\w+(:[0-9a-z]{0,3}){0,4}"))
@example("server")
@example("server:1")
@example("server:1:")
@example("")
def test_any_text_is_a_canonical_key_or_is_refused_in_one_sentence(text: str) -> None:
    refusal = None
    try:
        assert str(TopicKey.parse(text)) == text
    except TopicKeyError as error:
        refusal = error
    if refusal is not None:
        assert refusal.message.endswith(".")
        assert "\n" not in str(refusal)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("user:0", "'0' where a Discord id belongs"),
        ("user:01", "'01' where a Discord id belongs"),
        ("user:-1", "'-1' where a Discord id belongs"),
        ("user:٣", "where a Discord id belongs"),
        (f"user:{MAX_ID + 1}", "where a Discord id belongs"),
        ("user:1:2", "needs 1 ids"),
        ("user", "needs 1 ids"),
        ("dyad:1", "needs 2 ids"),
        ("dyad:2:1", "not canonical. Write 'dyad:1:2'"),
        ("dyad:7:7", "two different members"),
        ("server:1:dyad_in_channel:5:9:8", "Write 'server:1:dyad_in_channel:5:8:9'"),
        ("channel:1", "needs a server. Write 'server:<id>:channel:1'"),
        ("subject:tea", "needs a server"),
        ("server:x:user:1", "'x' where a Discord id belongs"),
        ("server:1:planet:1", "no known category. Known: user, dyad"),
        ("self:me", "Write 'self:zos'"),
        ("server:1:subject:Green Tea", "Write 'server:1:subject:green-tea'"),
        ("server:1:subject:", "no letters or digits"),
        (" user:1", "no known category"),
    ],
)
def test_a_malformed_key_is_refused_with_its_reason(text: str, reason: str) -> None:
    with pytest.raises(TopicKeyError) as caught:
        TopicKey.parse(text)
    assert reason in str(caught.value)


@given(words)
@example("ΐ" + "x")
@example("İstanbul")
@example("ﬁn ẞ")
@example("ǰaz")  # folding its case takes it apart
def test_a_subjects_name_is_stable_and_short(text: str) -> None:
    try:
        name = subject_name(text)
    except TopicKeyError:
        return
    assert subject_name(name) == name
    assert unicodedata.is_normalized("NFKC", name)
    assert 1 <= len(name) <= 60
    assert not set(name) & set(": \n")


@given(words)
def test_spelling_in_another_case_or_normal_form_names_the_same_subject(text: str) -> None:
    try:
        name = subject_name(text)
    except TopicKeyError:
        return
    assert subject_name(unicodedata.normalize("NFD", text)) == name
    assert subject_name(f"  {text}!") == name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Green   Tea", "green-tea"),
        ("C++", "c++"),
        ("node.js", "node.js"),
        ("C#", "c#"),
        ("to-do_list", "to-do_list"),
        ("a - b", "a-b"),
        ("…really?", "really"),
        ("हिन्दी", "हिन्दी"),
        ("x" * 59 + " y", "x" * 59),
    ],
)
def test_a_subjects_name_keeps_what_makes_it_readable(text: str, name: str) -> None:
    assert subject_name(text) == name


@pytest.mark.parametrize("text", ["", " ", "🎉", "++", "\u0301", ":"])
def test_a_name_without_letters_or_digits_is_no_subject(text: str) -> None:
    with pytest.raises(TopicKeyError, match="no letters or digits"):
        TopicKey.subject(1, text)


@given(st.lists(keys, max_size=8))
def test_keys_sort_as_their_text_does(some: list[TopicKey]) -> None:
    assert [str(key) for key in sorted(some)] == sorted(map(str, some))


@pytest.mark.parametrize(
    ("key", "group"),
    [
        ("user:1", BudgetGroup.GLOBAL),
        ("dyad:1:2", BudgetGroup.GLOBAL),
        ("self:zos", BudgetGroup.SELF),
        ("server:9:self:zos", BudgetGroup.SELF),
        ("server:9:user:1", BudgetGroup.SOCIAL),
        ("server:9:dyad:1:2", BudgetGroup.SOCIAL),
        ("server:9:user_in_channel:5:1", BudgetGroup.SOCIAL),
        ("server:9:dyad_in_channel:5:1:2", BudgetGroup.SOCIAL),
        ("server:9:channel:5", BudgetGroup.SPACES),
        ("server:9:thread:5", BudgetGroup.SPACES),
        ("server:9:subject:tea", BudgetGroup.SEMANTIC),
        ("server:9:role:3", BudgetGroup.SEMANTIC),
        ("server:9:emoji:4", BudgetGroup.CULTURE),
    ],
)
def test_every_kind_of_topic_spends_from_its_group(key: str, group: BudgetGroup) -> None:
    assert TopicKey.parse(key).group is group


def test_every_category_is_covered_by_the_grammar() -> None:
    samples = {
        "user:1",
        "dyad:1:2",
        "self:zos",
        *(f"server:9:{rest}" for rest in ("channel:5", "thread:5", "subject:tea")),
        *(f"server:9:{rest}" for rest in ("role:3", "emoji:4", "user_in_channel:5:1")),
        "server:9:dyad_in_channel:5:1:2",
    }
    assert {TopicKey.parse(text).category for text in samples} == set(TopicCategory)


@pytest.mark.parametrize(
    ("key", "members", "channel"),
    [
        ("user:1", (1,), None),
        ("server:9:dyad:1:2", (1, 2), None),
        ("server:9:user_in_channel:5:1", (1,), 5),
        ("server:9:dyad_in_channel:5:1:2", (1, 2), 5),
        ("server:9:channel:5", (), 5),
        ("server:9:thread:6", (), 6),
        ("server:9:subject:tea", (), None),
        ("self:zos", (), None),
    ],
)
def test_a_key_knows_whom_it_is_about_and_where(
    key: str, members: tuple[int, ...], channel: int | None
) -> None:
    parsed = TopicKey.parse(key)
    assert parsed.members == members
    assert parsed.channel_id == channel
