"""The configuration that `zos init` writes: complete, valid, and nothing but defaults."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from zos.config import load_config
from zos.config.template import ACTIVE, commented_yaml


def load(folder: Path, text: str) -> tuple[object, set[str]]:
    path = folder / "zos.yaml"
    path.write_text(text, encoding="utf-8")
    loaded = load_config(path, {})
    return loaded.config, {key for key, origin in loaded.origins.items() if origin != "default"}


def test_the_file_is_valid_and_changes_nothing(tmp_path: Path) -> None:
    defaults, _ = load(tmp_path, "")
    written, given = load(tmp_path, commented_yaml())
    assert written == defaults
    assert given == ACTIVE


def test_every_line_can_be_uncommented_and_says_the_default(tmp_path: Path) -> None:
    defaults, _ = load(tmp_path, "")
    uncommented = re.sub(r"(?m)^( *)#(?=\w+:)", r"\1", commented_yaml())
    written, given = load(tmp_path, uncommented)
    assert written == defaults
    assert given == set(load_config(tmp_path / "zos.yaml", {}).origins)


def test_any_single_line_can_be_uncommented(tmp_path: Path) -> None:
    defaults, _ = load(tmp_path, "")
    lines = commented_yaml().splitlines()
    commented = [number for number, line in enumerate(lines) if re.match(r" *#\w+:", line)]
    assert len(commented) > 60
    for number in commented:
        chosen = [*lines[:number], lines[number].replace("#", "", 1), *lines[number + 1 :]]
        assert load(tmp_path, "\n".join(chosen))[0] == defaults


@pytest.mark.parametrize(
    "expected",
    [
        "data_dir: data\n",
        "  consent: opt_in  # opt_in, opt_out, role\n",
        "  #pool_size: 8  # 2 to 100\n",
        "    #user: 100.0  # above 0\n",
        "  #busy_timeout_seconds: 5.0  # above 0, up to 60\n",
        "  #warm_above: 1.0  # 0 or more\n",
        "  # SQLite: wait for another writer\n",
        "# When layers run.\nscheduler:\n",
        "      #model: digest\n",
        "  #token: null\n",
    ],
)
def test_a_key_says_its_meaning_default_and_range(expected: str) -> None:
    assert expected in commented_yaml()


def test_no_line_is_too_long_to_read() -> None:
    assert max(map(len, commented_yaml().splitlines())) <= 110
