"""People on a circle: everything is a link, nothing is markup of theirs, and one person can stand out."""

from __future__ import annotations

from datetime import UTC, datetime

from markupsafe import Markup

from zos.views.relationships import Person, Relationship, RelationshipGraph, people_of
from zos.web.charts.relationships import circle

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def drawn(*ties: tuple[str, str, float], person: int | None = None) -> Markup:
    names = sorted({name for first, second, _ in ties for name in (first, second)})
    ids = {name: number + 1 for number, name in enumerate(names)}
    told = tuple(
        Relationship(
            topic=f"server:1:dyad:{ids[first]}:{ids[second]}",
            people=(Person(ids[first], first), Person(ids[second], second)),
            strength=strength,
            salience=1.0,
            insight_count=0,
            last_activity_at=NOON,
        )
        for first, second, strength in ties
    )
    graph = RelationshipGraph(1, "Allotment", people_of(told), told, has_more=False)
    return circle(
        graph,
        tie_path=lambda tie: f"/topics/{tie.topic}",
        person_path=lambda one: f"/relationships?person={one}",
        person=person,
    )


def test_ties_lead_to_their_topics_and_people_to_their_ties() -> None:
    svg = drawn(("Ann", "Ben", 0.8), ("Ben", "Cat", 0.2))
    assert svg.count('href="/topics/server:1:dyad:') == 2
    assert svg.count('href="/relationships?person=') == 3
    assert "Ann and Ben: 80 % of the most" in svg
    assert 'class="tie tie-3"' in svg
    assert 'class="tie tie-1"' in svg
    assert svg == drawn(("Ann", "Ben", 0.8), ("Ben", "Cat", 0.2))


def test_the_strongest_is_the_thickest_and_lies_on_top() -> None:
    svg = drawn(("Ann", "Ben", 0.8), ("Ben", "Cat", 0.4))
    assert svg.index('stroke-width="3.5"') < svg.index('stroke-width="6"')


def test_the_ties_of_one_person_stand_out() -> None:
    svg = drawn(("Ann", "Ben", 0.8), ("Ben", "Cat", 0.2), person=1)
    assert svg.count(' on"') == 1
    assert svg.count(' off"') == 1
    assert svg.count('class="off"') == 1


def test_names_are_escaped_and_shortened() -> None:
    svg = drawn(("<script>alert(1)</script>", "Ben" * 20, 0.8))
    assert "<script>" not in svg
    assert "BenBenBenBenBen…" in svg
