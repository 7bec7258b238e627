"""The import contracts bite: each is broken on purpose, in a miniature of the package."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

LEGAL = {
    "core/clock.py": "import datetime",
    "config.py": "import zos.core.clock",
    "db/engine.py": "import sqlalchemy",
    "salience/ledger.py": "import sqlalchemy, zos.db.engine",
    "llm/client.py": "def call():\n    import pydantic_ai",
    "reflect/nodes/one.py": "import zos.llm.client",
    "reflect/nodes/two.py": "import zos.llm.client",
    "scheduler/jobs.py": "import apscheduler",
    "views/runs.py": "import sqlalchemy",
    "bot/client.py": "import discord, zos.views.runs",
    "api/routes.py": "import zos.views.runs",
    "service.py": "import zos.bot.client, zos.api.routes, zos.scheduler.jobs",
    "cli/main.py": "import zos.service",
}
VIOLATIONS = [
    ("salience/rules.py", "import zos.llm.client", "A room imports only rooms below it here"),
    ("api/bad.py", "import zos.bot.client", "A room imports only rooms below it here"),
    ("newroom.py", "", "A room imports only rooms below it here"),
    ("core/bad.py", "import pydantic", "core stands on the standard library alone"),
    ("reflect/nodes/one.py", "import zos.reflect.nodes.two", "Nodes do not import each other"),
    ("api/bad.py", "import discord", "discord.py only in bot"),
    ("views/bad.py", "from apscheduler.job import Job", "APScheduler only in scheduler"),
    ("reflect/bad.py", "def f():\n    import pydantic_ai", "Model libraries only in llm"),
    ("api/bad.py", "import sqlalchemy", "SQL only in db, views, and files named for their store"),
    (
        "salience/rules.py",
        "import sqlite3",
        "SQL only in db, views, and files named for their store",
    ),
]


def lint_imports(checkout: Path, folder: Path, files: dict[str, str]) -> str:
    """Write a package of `files`, check it against the project's contracts, return the report."""
    for name, source in files.items():
        path = folder / "zos" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source + "\n")
        for package in path.relative_to(folder).parents[:-1]:
            (folder / package / "__init__.py").touch()
    shutil.copy(checkout / "pyproject.toml", folder)
    script = Path(sys.executable).parent / "lint-imports"
    command = [sys.executable, str(script), "--no-cache"]
    # Not measured: the tracer's greenlets and the linter's threads together have run for ever.
    inherited = {key: one for key, one in os.environ.items() if not key.startswith("COV")}
    result = subprocess.run(
        command,
        cwd=folder,
        env={**inherited, "PYTHONPATH": str(folder), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return result.stdout + result.stderr


def broken(report: str) -> set[str]:
    return set(re.findall(r"^(.+) BROKEN", report, flags=re.MULTILINE))


def test_a_package_that_keeps_the_rules_passes(checkout: Path, tmp_path: Path) -> None:
    report = lint_imports(checkout, tmp_path, LEGAL)

    assert broken(report) == set()
    assert "0 broken" in report


@pytest.mark.parametrize(("name", "source", "contract"), VIOLATIONS)
def test_a_breach_breaks_its_contract_and_no_other(
    checkout: Path, tmp_path: Path, name: str, source: str, contract: str
) -> None:
    report = lint_imports(checkout, tmp_path, {**LEGAL, name: source})

    assert broken(report) == {contract}, report
