from __future__ import annotations

from typing import Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field

from zos.config.yaml_document import MAX_CHARACTERS, YamlDocument, YamlProblemsError


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Apple(Strict):
    kind: Literal["apple"]
    weight: int = 0


class Pear(Strict):
    kind: Literal["pear"]
    length: int = 0


class Basket(Strict):
    owner: str = Field("ana", pattern="^[a-z]+$", description="small letters only")
    fruits: list[Apple | Pear] = Field(default_factory=list)


class Tagged(Strict):
    fruits: dict[str, Apple | Pear] = Field(default_factory=dict)
    first: Apple | Pear | None = Field(None, discriminator="kind")


def problems(text: str, model: type[BaseModel] = Basket) -> list[str]:
    with pytest.raises(YamlProblemsError) as caught:
        YamlDocument(text).validate(model)
    return [f"{one.line}: {one.message}" for one in caught.value.problems]


def test_a_sound_document_becomes_its_model() -> None:
    text = "owner: bo\nfruits:\n  - {kind: apple, weight: 3}\n"
    assert YamlDocument(text).validate(Basket) == Basket(
        owner="bo", fruits=[Apple(kind="apple", weight=3)]
    )
    assert YamlDocument("").validate(Basket) == Basket()


def test_an_unknown_key_is_told_with_its_line_and_the_nearest_known_one() -> None:
    assert problems("\nownr: bo") == ["2: unknown key 'ownr'; did you mean 'owner'?"]
    assert problems("xyzzy: 1") == ["1: unknown key 'xyzzy'; known: fruits, owner"]


def test_an_unknown_key_within_a_tagged_union_is_compared_with_that_members_keys() -> None:
    found = problems("first:\n  kind: pear\n  lenght: 3", Tagged)
    assert found == ["3: unknown key 'lenght'; did you mean 'length'?"]


def test_a_missing_key_is_told_at_the_mapping_that_lacks_it() -> None:
    class Named(Strict):
        name: str

    class Box(Strict):
        inner: Named

    assert problems("", Named) == ["1: the key 'name' is missing"]
    assert problems("\ninner: {}", Box) == ["2: the key 'name' is missing"]


def test_an_unknown_tag_is_told_with_the_nearest_known_one() -> None:
    assert problems("first:\n  kind: peer", Tagged) == [
        "1: unknown type 'peer'; did you mean 'pear'?"
    ]


def test_what_does_not_fit_a_pattern_is_told_in_words() -> None:
    assert problems("owner: B o") == ["1: owner does not fit: small letters only"]


def test_problems_come_in_the_order_of_their_lines() -> None:
    text = "zz: 1\nfirst:\n  kind: apple\n  weight: much\nyy: 2"
    assert [one.split(":")[0] for one in problems(text, Tagged)] == ["1", "4", "5"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a: [1", "1: it is no YAML: "),
        ("a: 1\n---\nb: 2", "2: it is no YAML: but found another document"),
        ("- a", "1: it is no mapping of keys to values"),
        ("owner: a\nowner: b", "2: 'owner' stands here twice"),
        ("fruits:\n  - kind: a\n    kind: b", "3: 'kind' stands here twice"),
        ("a: &x 1\nb: *x", "2: aliases (*name) are not supported"),
        ("a: 2026-99-99", "1: month must be in 1..12"),
        ("{" * 5_000, "1: it is nested too deeply"),
        ("#" * (MAX_CHARACTERS + 1), "1: it is longer than 256 KiB"),
        ("a: !!python/name:os.system x", "1: it is no YAML: could not determine a constructor"),
    ],
)
def test_what_is_no_document_is_told_with_its_line(text: str, problem: str) -> None:
    with pytest.raises(YamlProblemsError) as caught:
        YamlDocument(text)
    (one,) = caught.value.problems
    assert f"{one.line}: {one.message}".startswith(problem)


def test_all_problems_stand_in_the_errors_text() -> None:
    with pytest.raises(
        YamlProblemsError, match=r"line 1: unknown key 'a'.*; line 2: unknown key 'b'"
    ):
        YamlDocument("a: 1\nb: 2").validate(Basket)


def test_lines_are_found_as_deep_as_the_document_goes() -> None:
    document = YamlDocument("fruits:\n\n  - kind: apple\n    weight: 1\n")
    assert document.line_of(("fruits", 0, "apple", "weight")) == 4
    assert document.line_of(("fruits", 7, "weight")) == 1
    assert document.line_of(("nothing",)) == 1
    assert YamlDocument("").line_of(("nothing",)) == 1
