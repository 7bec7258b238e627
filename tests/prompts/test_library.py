from __future__ import annotations

from pathlib import Path

import pytest

from zos.core.errors import PromptError
from zos.prompts.library import SYSTEM_VARIABLES, PromptLibrary


def write(folder: Path, name: str, text: str) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")


def problems(library: PromptLibrary) -> list[str]:
    return [str(one) for one in library.problems]


def test_every_shipped_prompt_is_sound() -> None:
    library = PromptLibrary(None)
    assert not library.problems
    assert "reflect/user.md.j2" in library.names
    for name in library.names:
        library.environment.get_template(name)


def test_the_shipped_system_prompt_is_the_same_for_all_topics() -> None:
    assert PromptLibrary(None).variables("system.md.j2") <= SYSTEM_VARIABLES


def test_an_operators_prompt_replaces_the_shipped_one_of_its_path(tmp_path: Path) -> None:
    write(tmp_path, "reflect/user.md.j2", "mine")
    write(tmp_path, "own.md.j2", "{{ messages }}")
    write(tmp_path, "notes.txt", "not a prompt")
    write(tmp_path, ".hidden.j2", "not a prompt")
    library = PromptLibrary(tmp_path)
    assert library.source("reflect/user.md.j2") == "mine"
    assert library.source("own.md.j2") == "{{ messages }}"
    assert library.source("reflect/dyad.md.j2") == PromptLibrary(None).source("reflect/dyad.md.j2")
    assert {".hidden.j2", "notes.txt"}.isdisjoint(library.names)


def test_a_folder_that_does_not_exist_means_shipped_prompts(tmp_path: Path) -> None:
    assert PromptLibrary(tmp_path / "none").names == PromptLibrary(None).names


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            "one\n{{ mesages }}",
            "reflect/user.md.j2:2: unknown name 'mesages'; did you mean 'messages'?",
        ),
        ("{{ xyzzy }}", "reflect/user.md.j2:1: unknown name 'xyzzy'; known: insights"),
        ("\n\n{{ messages", "reflect/user.md.j2:3: "),
        ("\n{{ messages.x() }}", "reflect/user.md.j2:2: no call in a prompt"),
        (
            "\n{% include 'reflect/answr.md.j2' %}",
            "reflect/user.md.j2:2: there is no prompt 'reflect/answr.md.j2'; did you mean 'reflect/answer.md.j2'?",
        ),
        ("x" * 70_000, "reflect/user.md.j2: it is longer than 64 KiB"),
    ],
)
def test_a_broken_prompt_is_reported_and_the_shipped_one_stays(
    tmp_path: Path, text: str, problem: str
) -> None:
    write(tmp_path, "reflect/user.md.j2", text)
    library = PromptLibrary(tmp_path)
    assert len(problems(library)) == 1
    assert problems(library)[0].startswith(problem)
    assert library.source("reflect/user.md.j2") == PromptLibrary(None).source("reflect/user.md.j2")


def test_a_prompt_that_breaks_keeps_its_last_good_version(tmp_path: Path) -> None:
    write(tmp_path, "own.md.j2", "good")
    library = PromptLibrary(tmp_path)
    write(tmp_path, "own.md.j2", "{{ bad")
    library.reload()
    assert library.source("own.md.j2") == "good"
    assert len(library.problems) == 1
    (tmp_path / "own.md.j2").unlink()
    library.reload()
    assert library.source("own.md.j2") is None
    assert not library.problems


def test_a_prompt_that_is_no_text_is_reported(tmp_path: Path) -> None:
    (tmp_path / "own.md.j2").write_bytes(b"\xff\xfe")
    assert problems(PromptLibrary(tmp_path)) == ["own.md.j2: it is not UTF-8 text"]


def test_a_prompt_that_cannot_be_opened_is_reported(tmp_path: Path) -> None:
    (tmp_path / "own.md.j2").symlink_to(tmp_path / "gone")
    assert problems(PromptLibrary(tmp_path))[0].startswith("own.md.j2: it cannot be read: ")


def test_a_prompt_that_includes_a_broken_one_is_broken_too(tmp_path: Path) -> None:
    write(tmp_path, "a.j2", "{% include 'b.j2' %}")
    write(tmp_path, "b.j2", "{{ bad")
    library = PromptLibrary(tmp_path)
    assert [one.name for one in library.problems] == ["b.j2", "a.j2"]
    assert library.source("a.j2") is None


class Unlistable(type(Path())):  # type: ignore[misc]
    """A folder that exists and may not be read, also for the superuser."""

    def iterdir(self) -> object:
        raise PermissionError(13, "Permission denied")


def test_a_folder_that_cannot_be_listed_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(PromptError, match="cannot be read: Permission denied"):
        PromptLibrary(Unlistable(tmp_path))


def test_the_sources_of_a_prompt_include_what_it_includes(tmp_path: Path) -> None:
    write(tmp_path, "a.j2", "{% include 'b.j2' %}")
    write(tmp_path, "b.j2", "{% include 'c.j2' %}{{ now }}")
    write(tmp_path, "c.j2", "{{ messages }}")
    library = PromptLibrary(tmp_path)
    assert list(library.sources(["a.j2"])) == ["a.j2", "b.j2", "c.j2"]
    assert library.variables("a.j2") == {"messages", "now"}
    assert not library.sources(["nothing.j2"])


def test_prompts_that_include_each_other_end(tmp_path: Path) -> None:
    write(tmp_path, "a.j2", "{% include 'b.j2' %}")
    write(tmp_path, "b.j2", "{% include 'a.j2' %}")
    assert list(PromptLibrary(tmp_path).sources(["a.j2"])) == ["a.j2", "b.j2"]
