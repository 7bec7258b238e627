"""`zos api`."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.conftest import Zos


def test_the_description_is_printed_or_written(zos: Zos, own_folder: Path) -> None:
    printed = json.loads(zos("api", "export-openapi").stdout)
    assert printed["openapi"].startswith("3.1")
    assert "/api/v1/jobs" in printed["paths"]
    assert zos("api", "export-openapi", "api.json").stdout == "Wrote api.json.\n"
    assert json.loads((own_folder / "api.json").read_text()) == printed


def test_a_file_that_cannot_be_written_is_named(zos: Zos) -> None:
    result = zos("api", "export-openapi", "no/such/folder.json")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == "Error: no/such/folder.json: No such file or directory.\n"
