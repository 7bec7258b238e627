"""Parts from elsewhere are what they say they are: version, licence, and the hash of every file."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("folder", ["src/zos/web/static/vendor", "tests/browser/vendor"])
def test_every_vendored_file_has_the_hash_that_is_written_down(folder: str) -> None:
    written = json.loads((_ROOT / folder / "vendored.json").read_text())
    there = {
        str(path.relative_to(_ROOT / folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in (_ROOT / folder).rglob("*")
        if path.is_file() and path.name != "vendored.json"
    }
    assert there == {
        f"{part}/{name}": digest
        for part, about in written.items()
        for name, digest in about["sha256"].items()
    }
    for about in written.values():
        assert about["version"]
        assert about["licence"]
        assert "LICENSE" in about["sha256"]


def test_no_vendored_script_names_a_source_map_or_an_address_to_load_from() -> None:
    for script in (_ROOT / "src/zos/web/static/vendor").rglob("*.js"):
        text = script.read_text()
        assert "sourceMappingURL" not in text
        assert "http://" not in text.replace("http://www.w3.org", "")
        assert "https://" not in text
