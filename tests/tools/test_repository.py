"""What is committed belongs to everyone: no registry's address, no path of somebody's machine."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

# Written in two parts, so that this file passes its own test.
REGISTRY_HOSTS = [
    "pypi" + ".org",
    "pythonhosted" + ".org",
    "npmjs" + ".org",
    "npmjs" + ".com",
    "yarnpkg" + ".com",
    "deb.debian" + ".org",
]
MACHINE_PATH = re.compile(rb"(?<![\w./:-])/(?:root|work|Users|tmp/\w+|home/(?!zos\b)\w+)/[.\w]")


@pytest.fixture(scope="module")
def committed(checkout: Path) -> list[Path]:
    git = shutil.which("git")
    if git is None or not (checkout / ".git").exists():
        pytest.skip("needs a git checkout")
    listing = subprocess.run([git, "ls-files", "-z"], cwd=checkout, capture_output=True, check=True)
    paths = (checkout / name for name in listing.stdout.decode().split("\0") if name)
    return [path for path in paths if path.is_file()]


def test_no_committed_file_names_a_registry_host(committed: list[Path]) -> None:
    hosts = [host.encode() for host in REGISTRY_HOSTS]
    found = {path for path in committed if any(host in path.read_bytes() for host in hosts)}

    assert found == set()


def test_no_committed_file_names_a_path_of_somebodys_machine(committed: list[Path]) -> None:
    found = {
        f"{path.name}: {match.group().decode()}"
        for path in committed
        for match in MACHINE_PATH.finditer(path.read_bytes())
    }

    assert found == set()


@pytest.mark.parametrize("path", ["root/.cache", "home/ada/x", "work/main", "Users/ada/x"])
def test_a_path_of_a_machine_is_recognised(path: str) -> None:
    assert MACHINE_PATH.search(f'in "/{path}", or'.encode())


@pytest.mark.parametrize("line", ["https://example.org/root/a", "/home/zos/data", "src/work/a.py"])
def test_a_harmless_path_is_left_alone(line: str) -> None:
    assert not MACHINE_PATH.search(line.encode())
