"""How what was found is ordered."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from zos.insights.ranking import (
    COUNTED,
    MATCHES_READ,
    TERMS_USED,
    Text,
    Weights,
    best,
    conjunctions,
    scores,
    weights_of,
)

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
WORDS_ALONE = Weights(0.0, 0.0, 0.0)
COMMON = MATCHES_READ + 1


def text(key: int, **parts: object) -> Text:
    plain = Text(key, 40, None, None, NOON)
    return replace(plain, **parts)  # type: ignore[arg-type]


def ordered(found: dict[int, float]) -> list[int]:
    return sorted(found, key=lambda key: -found[key])


class TestWhatIsLookedFor:
    def test_rare_terms_alone(self) -> None:
        assert conjunctions({"a": 3, "b": 1, "c": MATCHES_READ}) == [("b",), ("a",), ("c",)]

    def test_common_terms_only_beside_others(self) -> None:
        counts = {"the": COUNTED, "rare": 5, "of": COMMON}
        assert conjunctions(counts) == [("rare",), ("rare", "of"), ("rare", "the"), ("of", "the")]

    def test_the_rarest_of_common_terms_alone_too(self) -> None:
        assert conjunctions({"b": COMMON, "a": COMMON}) == [("a",), ("a", "b")]
        assert conjunctions({"a": COUNTED}) == [("a",)]

    def test_nothing_that_is_nowhere(self) -> None:
        assert conjunctions({"a": 0, "b": 2}) == [("b",)]
        assert conjunctions({"a": 0}) == conjunctions({}) == []

    @given(st.dictionaries(st.text("abcdefgh", min_size=1), st.integers(0, COUNTED), max_size=16))
    def test_the_rarest_terms_in_few_lookups_each_bounded(self, counts: dict[str, int]) -> None:
        wanted = conjunctions(counts)
        known = {term for term in counts if counts[term]}
        used = {term for terms in wanted for term in terms}
        assert len(used) == min(len(known), TERMS_USED)
        assert used <= known
        assert len(wanted) <= TERMS_USED * (TERMS_USED + 1) // 2
        alone_and_common = [
            terms for terms in wanted if len(terms) == 1 and counts[terms[0]] > MATCHES_READ
        ]
        assert len(alone_and_common) <= 1


class TestWeights:
    def test_rarer_terms_weigh_more(self) -> None:
        weights = weights_of({"a": 1, "b": 100, "c": COUNTED, "d": 0})
        assert weights["a"] > weights["b"] > weights["c"] > 0
        assert "d" not in weights

    def test_the_best_hold_the_weightiest_terms_and_of_equals_the_newest(self) -> None:
        matches = {1: frozenset("a"), 2: frozenset("bc"), 3: frozenset("c"), 4: frozenset("c")}
        weights = {"a": 5.0, "b": 1.0, "c": 1.0}
        assert best(matches, weights, 3) == [1, 2, 4]


class TestScores:
    def test_who_comes_first_in_every_order_gets_1(self) -> None:
        texts = [text(1, importance=0.9), text(2, importance=0.2)]
        matches = {1: frozenset("ab"), 2: frozenset("a")}
        found = scores(texts, matches, {"a": 1.0, "b": 1.0}, Weights(1.0, 1.0, 1.0))
        assert found[1] == 1.0
        assert 0 < found[2] < 1
        assert scores([], {}, {}, WORDS_ALONE) == {}

    def test_of_two_texts_with_the_same_words_the_shorter_comes_first(self) -> None:
        matches = dict.fromkeys((1, 2), frozenset("a"))
        found = scores([text(1, length=90), text(2, length=10)], matches, {"a": 1.0}, WORDS_ALONE)
        assert ordered(found) == [2, 1]

    def test_a_neighbour_lends_its_words(self) -> None:
        texts = [text(1, after=2), text(2, before=1), text(3, before=2)]
        matches = {1: frozenset("a"), 2: frozenset("b"), 3: frozenset("b")}
        found = scores(texts, matches, {"a": 1.0, "b": 1.0}, WORDS_ALONE)
        assert found[1] == found[2] > found[3]

    def test_a_text_that_is_not_shown_lends_nothing(self) -> None:
        texts = [text(1, after=2), text(3)]
        matches = {1: frozenset("a"), 2: frozenset("b"), 3: frozenset("a")}
        found = scores(texts, matches, {"a": 1.0, "b": 1.0}, WORDS_ALONE)
        assert found[1] == found[3]

    def test_importance_confidence_and_recency_decide_between_equal_words(self) -> None:
        later = NOON + timedelta(days=1)
        plain = text(1, importance=0.5, confidence=0.5)
        matches = dict.fromkeys((1, 2), frozenset("a"))
        better = {
            "importance": replace(plain, key=2, importance=0.6),
            "confidence": replace(plain, key=2, confidence=0.6),
            "recency": replace(plain, key=2, at=later),
        }
        for name, one in better.items():
            beside = replace(WORDS_ALONE, **{name: 0.5})
            found = scores([plain, one], matches, {"a": 1.0}, beside)
            assert found[2] > found[1], name
            indifferent = scores([plain, one], matches, {"a": 1.0}, WORDS_ALONE)
            assert indifferent[2] == indifferent[1], name

    @given(
        st.lists(st.frozensets(st.sampled_from("abc"), min_size=1), min_size=1, max_size=30),
        st.permutations(range(30)),
    )
    def test_the_order_in_which_texts_are_given_does_not_matter(
        self, held: list[frozenset[str]], order: list[int]
    ) -> None:
        matches = dict(enumerate(held))
        texts = [text(key, length=10 + key % 7, before=key - 1, after=key + 1) for key in matches]
        shuffled = [texts[place] for place in order if place < len(texts)]
        weights = {"a": 0.5, "b": 1.0, "c": 3.0}
        found = scores(texts, matches, weights, Weights(0.3, 0.3, 0.3))
        assert scores(shuffled, matches, weights, Weights(0.3, 0.3, 0.3)) == found
        assert all(0 < score <= 1 + 1e-9 for score in found.values())
