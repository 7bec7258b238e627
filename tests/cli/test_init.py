"""`zos init` writes a folder to start from, whole or not at all, and never over anything unasked."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.cli.conftest import Zos

from zos.cli.init import write_all
from zos.reflect.self_concept.file import shipped_text

FILES = ("zos.yaml", "layers/README.md", "prompts/README.md", "data/self-concept.md")


def tree(folder: Path) -> dict[str, str]:
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return {str(path.relative_to(folder)): path.read_text() for path in files}


def test_it_writes_a_valid_configuration_and_places_for_ones_own(
    zos: Zos, own_folder: Path
) -> None:
    result = zos("init")
    assert result.exit_code == 0
    assert set(tree(own_folder)) == set(FILES)
    for name in FILES:
        assert f"Wrote {name}\n" in result.stdout
    assert "then run `zos serve`" in result.stdout
    assert zos("config", "check").exit_code == 0
    assert shipped_text() in (own_folder / "data" / "self-concept.md").read_text()
    assert (own_folder / "data").stat().st_mode & 0o777 == 0o700


def test_the_folders_that_it_made_are_the_ones_in_force(zos: Zos, own_folder: Path) -> None:
    zos("init", "deep/inside")
    shown = zos("--config", "deep/inside/zos.yaml", "config", "show").stdout
    assert f"{own_folder}/deep/inside/layers" in shown
    assert f"{own_folder}/deep/inside/prompts" in shown
    assert f"{own_folder}/deep/inside/data " in shown


def test_the_next_step_names_the_file_that_was_written(zos: Zos) -> None:
    assert "`zos --config x/zos.yaml serve`" in zos("init", "x").stdout


@pytest.mark.parametrize("name", FILES)
def test_whatever_is_there_is_left_alone_unless_forced(
    name: str, zos: Zos, own_folder: Path
) -> None:
    (own_folder / name).parent.mkdir(exist_ok=True)
    (own_folder / name).write_text("mine")
    before = tree(own_folder)
    result = zos("init")
    assert result.exit_code == 2
    assert f"{name} is there already. Nothing was written" in result.stderr
    assert tree(own_folder) == before

    (own_folder / "layers").mkdir(exist_ok=True)
    (own_folder / "layers" / "my-layer.yaml").write_text("mine too")
    assert zos("init", "--force").exit_code == 0
    assert "mine" not in (own_folder / name).read_text().split()
    assert (own_folder / "layers" / "my-layer.yaml").read_text() == "mine too"
    assert set(tree(own_folder)) == {*FILES, "layers/my-layer.yaml"}


def test_a_failure_midway_leaves_everything_as_it_was(zos: Zos, own_folder: Path) -> None:
    (own_folder / "zos.yaml").write_text("mine")
    (own_folder / "prompts" / "README.md").mkdir(parents=True)
    result = zos("init", "--force")
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: ")
    assert "Traceback" not in result.stderr
    assert tree(own_folder) == {"zos.yaml": "mine"}
    assert {path.name for path in own_folder.iterdir()} == {"zos.yaml", "prompts"}


def test_an_interrupt_midway_leaves_everything_as_it_was(own_folder: Path) -> None:
    class Interrupting(dict[Path, str]):
        def items(self):  # type: ignore[no-untyped-def]  # noqa: ANN202
            yield own_folder / "new" / "a", "text"
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_all(Interrupting())
    assert list(own_folder.iterdir()) == []


def test_a_folder_that_is_a_file_is_a_wrong_request(zos: Zos, own_folder: Path) -> None:
    (own_folder / "x").write_text("")
    result = zos("init", "x")
    assert result.exit_code == 2
    assert "is a file" in result.stderr


def test_a_folder_below_a_file_cannot_be_made(zos: Zos, own_folder: Path) -> None:
    (own_folder / "x").write_text("")
    result = zos("init", "x/y")
    assert result.exit_code == 1
    assert result.stderr == "Error: x/y: Not a directory.\n"
