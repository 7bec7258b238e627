"""`./dev` works from anywhere, installs only when it must, and the documents name its verbs."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path
    from types import ModuleType

VERBS = ["setup", "demo", "check", "fix", "test", "bench", "lock", "docs"]


def run_dev(checkout: Path, cwd: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(checkout / "dev"), *arguments]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)


def mark_installed(dev: ModuleType, lock: str) -> None:
    dev.BIN.mkdir(parents=True, exist_ok=True)
    dev.PYTHON.touch()
    (dev.VENV / f".zos-{lock}").write_text(dev.digest(lock))


def locked_versions(checkout: Path, name: str) -> dict[str, str]:
    lock = (checkout / "requirements" / f"{name}.txt").read_text()
    return dict(re.findall(r"^([a-z0-9-]+)==(\S+)", lock, flags=re.MULTILINE))


def test_help_lists_every_verb_from_any_folder(checkout: Path, tmp_path: Path) -> None:
    result = run_dev(checkout, tmp_path, "--help")

    assert result.returncode == 0
    assert all(re.search(rf"^  {verb} +\S", result.stdout, re.MULTILINE) for verb in VERBS)


def test_no_verb_is_a_usage_error_that_shows_the_verbs(checkout: Path, tmp_path: Path) -> None:
    result = run_dev(checkout, tmp_path)

    assert result.returncode == 2
    assert "verbs:" in result.stdout


def test_an_unknown_verb_is_a_usage_error(checkout: Path, tmp_path: Path) -> None:
    result = run_dev(checkout, tmp_path, "chekc")

    assert result.returncode == 2
    assert "chekc" in result.stderr


def test_an_unknown_benchmark_is_refused_in_one_sentence(
    dev_elsewhere: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    mark_installed(dev_elsewhere, "dev")

    assert dev_elsewhere.main(["bench", "nonesuch"]) == 1
    assert capsys.readouterr().err == "./dev bench: No benchmark 'nonesuch': there are none.\n"


def test_an_old_python_is_told_so_in_one_sentence(
    dev: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(sys, "version_info", (3, 10, 13, "final", 0))
        code = dev.main(["setup"])

    assert code == 2
    assert "needs Python 3.11 or newer" in capsys.readouterr().err


def test_a_python_without_ensurepip_is_told_what_to_install(
    dev_elsewhere: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "ensurepip", None)

    assert dev_elsewhere.main(["setup"]) == 1
    assert "python3-venv" in capsys.readouterr().err


def test_a_missing_lock_is_named(
    dev_elsewhere: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    (dev_elsewhere.LOCKS / "dev.txt").unlink()

    assert dev_elsewhere.main(["setup"]) == 1
    assert "dev.txt is missing" in capsys.readouterr().err


def test_an_environment_of_the_same_lock_is_left_alone(
    dev_elsewhere: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    mark_installed(dev_elsewhere, "dev")

    assert dev_elsewhere.main(["setup"]) == 0
    assert "Installing" not in capsys.readouterr().out


@pytest.mark.parametrize("changed", ["requirements/dev.txt", "pyproject.toml"])
def test_a_changed_lock_or_project_file_makes_the_environment_stale(
    dev_elsewhere: ModuleType, changed: str
) -> None:
    mark_installed(dev_elsewhere, "dev")
    assert dev_elsewhere.is_current("dev")

    (dev_elsewhere.ROOT / changed).write_text("# other\n")

    assert not dev_elsewhere.is_current("dev")


def test_an_environment_for_the_demo_is_not_one_for_development(dev_elsewhere: ModuleType) -> None:
    mark_installed(dev_elsewhere, "runtime")

    assert dev_elsewhere.is_current("runtime")
    assert not dev_elsewhere.is_current("dev")


def test_a_failed_command_ends_the_verb_with_a_sentence(
    dev_elsewhere: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    dev_elsewhere.BIN.mkdir(parents=True)
    dev_elsewhere.PYTHON.symlink_to("/bin/false")

    assert dev_elsewhere.main(["setup"]) == 1
    assert "failed (1)" in capsys.readouterr().err
    assert not dev_elsewhere.is_current("dev")


def test_a_plain_test_run_is_parallel_and_one_with_arguments_is_as_told(dev: ModuleType) -> None:
    assert "-n" in dev.pytest_command()
    assert dev.pytest_command("tests/core", "-x")[-2:] == ("tests/core", "-x")
    assert "-n" not in dev.pytest_command("tests/core", "-x")


def test_every_dev_command_in_the_documents_exists(dev: ModuleType, checkout: Path) -> None:
    documents = [*checkout.glob("*.md"), *checkout.glob("docs/**/*.md")]
    named = {
        (document.name, verb)
        for document in documents
        for verb in re.findall(r"\./dev ([a-z]+)", document.read_text())
    }

    assert ("README.md", "demo") in named
    assert ("README.md", "test") in named
    assert {entry for entry in named if entry[1] not in dev.VERBS} == set()


def test_ci_runs_nothing_but_dev_verbs(dev: ModuleType, checkout: Path) -> None:
    script = checkout / ".ci" / "run"
    verbs = re.findall(r"^\./dev (\w+)", script.read_text(), flags=re.MULTILINE)

    assert script.stat().st_mode & 0o111
    assert verbs == ["setup", "check", "test", "test"]
    assert set(verbs) <= set(dev.VERBS)


@pytest.mark.parametrize("name", ["dev", "runtime"])
def test_every_locked_release_has_hashes_and_no_address(checkout: Path, name: str) -> None:
    lock = (checkout / "requirements" / f"{name}.txt").read_text()
    entries = re.split(r"^(?=[a-z0-9])", lock, flags=re.MULTILINE)[1:]

    assert len(entries) > 30
    assert [entry for entry in entries if "--hash=sha256:" not in entry] == []
    assert "://" not in lock


def test_the_runtime_lock_agrees_with_the_development_lock(checkout: Path) -> None:
    runtime, development = locked_versions(checkout, "runtime"), locked_versions(checkout, "dev")

    assert runtime.items() <= development.items()


def test_the_locks_hold_every_dependency_of_the_project(checkout: Path) -> None:
    project = tomllib.loads((checkout / "pyproject.toml").read_text())
    groups = project["dependency-groups"]
    extras = project["project"]["optional-dependencies"]
    runtime = [*project["project"]["dependencies"], *groups["build"]]
    development = [entry for entry in groups["dev"] if isinstance(entry, str)]
    optional = [entry for name, entries in extras.items() if name != "all" for entry in entries]

    def names(requirements: list[str]) -> set[str]:
        bare = (re.split(r"[\[<>=~! ]", requirement)[0] for requirement in requirements)
        return {re.sub(r"[._]", "-", name).lower() for name in bare}

    assert names(runtime) <= locked_versions(checkout, "runtime").keys()
    assert names([*development, *optional]) <= locked_versions(checkout, "dev").keys()


def test_the_extra_all_names_every_other_extra(checkout: Path) -> None:
    project = tomllib.loads((checkout / "pyproject.toml").read_text())
    extras = project["project"]["optional-dependencies"]
    named = re.findall(r"\w+", extras["all"][0])[1:]

    assert set(named) == extras.keys() - {"all"}
