"""What the tests of the developer's tools share: the checkout, and `./dev` as a module."""

from __future__ import annotations

import sys
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def checkout() -> Path:
    return ROOT


def load_dev(path: Path) -> ModuleType:
    """Load the command `path` as a module; the folder it stands in is its checkout."""
    spec = spec_from_loader("dev", SourceFileLoader("dev", str(path)))
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def dev() -> ModuleType:
    return load_dev(ROOT / "dev")


@pytest.fixture
def dev_elsewhere(tmp_path: Path) -> Iterator[ModuleType]:
    """`./dev` in a checkout of its own that has nothing but locks and a project file."""
    (tmp_path / "dev").write_bytes((ROOT / "dev").read_bytes())
    (tmp_path / "pyproject.toml").write_text("[project]\n")
    (tmp_path / "requirements").mkdir()
    for name in ("dev", "runtime"):
        (tmp_path / "requirements" / f"{name}.txt").write_text("click==8.5.1\n")
    before = sys.dont_write_bytecode
    sys.dont_write_bytecode = True
    yield load_dev(tmp_path / "dev")
    sys.dont_write_bytecode = before
