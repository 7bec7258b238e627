from __future__ import annotations

from pathlib import Path

import pytest

from zos.core.errors import PromptError
from zos.prompts.engine import TemplateEngine


def engine(folder: Path, **prompts: str) -> TemplateEngine:
    for name, text in prompts.items():
        (folder / f"{name}.j2").write_text(text, "utf-8")
    return TemplateEngine(folder, folder / "self-concept.md")


def test_it_renders_the_same_text_for_the_same_data(tmp_path: Path) -> None:
    templates = engine(tmp_path, a="{{ topic.title }} at {{ now }}\n")
    data = {"topic": {"title": "#garden"}, "now": "noon"}
    assert templates.render("a.j2", **data) == "#garden at noon"
    assert templates.render("a.j2", **data) == templates.render("a.j2", **data)


def test_an_unknown_prompt_is_an_error_with_the_nearest_name(tmp_path: Path) -> None:
    with pytest.raises(
        PromptError, match=r"'reflect/usr.md.j2'; did you mean 'reflect/user.md.j2'"
    ):
        engine(tmp_path).render("reflect/usr.md.j2")


def test_an_error_names_the_prompt_and_its_line_even_when_included(tmp_path: Path) -> None:
    templates = engine(tmp_path, a="one\n{% include 'b.j2' %}", b="\n\n{{ topic.nothing }}")
    with pytest.raises(PromptError, match=r"^b\.j2:3: .*nothing"):
        templates.render("a.j2", topic={})


def test_too_much_of_anything_is_an_error(tmp_path: Path) -> None:
    templates = engine(
        tmp_path,
        a="{% for x in messages %}{% for y in messages %}{% endfor %}{% endfor %}",
        b="{% include 'b.j2' %}",
        c="{{ messages|round }}",
    )
    with pytest.raises(PromptError, match=r"^a\.j2:1: it repeats more than"):
        templates.render("a.j2", messages="x" * 1_000)
    with pytest.raises(PromptError, match=r"^b\.j2:1: maximum recursion"):
        templates.render("b.j2")
    with pytest.raises(PromptError, match=r"^c\.j2:1: "):
        templates.render("c.j2", messages="x")


def test_a_changed_prompt_is_rendered_after_a_reload(tmp_path: Path) -> None:
    templates = engine(tmp_path, a="old")
    assert templates.render("a.j2") == "old"
    (tmp_path / "a.j2").write_text("new", "utf-8")
    assert templates.render("a.j2") == "old"
    templates.library.reload()
    assert templates.render("a.j2") == "new"
