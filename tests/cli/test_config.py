"""`zos config check` and `zos config show`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.cli.conftest import Zos


def test_a_valid_configuration_is_said_to_be(zos: Zos, own_folder: Path) -> None:
    assert "is valid. There is no file" in zos("config", "check").stdout
    (own_folder / "zos.yaml").write_text("log: {level: debug}")
    assert zos("config", "check").stdout == "The configuration zos.yaml is valid.\n"
    assert json.loads(zos("config", "check", "--json").stdout) == {
        "valid": True,
        "path": "zos.yaml",
    }


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("lgo: {}", "zos.yaml:1: unknown key 'lgo'; did you mean 'log'?"),
        ("database: {url: 'mysql://x/y'}", "database.url names 'mysql'."),
        ("a: [", "zos.yaml:1: it is no YAML"),
    ],
)
def test_an_invalid_one_is_explained_and_exits_with_2(
    text: str, said: str, zos: Zos, own_folder: Path
) -> None:
    (own_folder / "zos.yaml").write_text(text)
    for form in ([], ["--json"]):
        result = zos("config", "check", *form)
        assert result.exit_code == 2
        assert said in result.stderr
        assert result.stdout == ""


def test_a_file_that_is_not_there_exits_with_2(zos: Zos) -> None:
    result = zos("--config", "none.yaml", "config", "check")
    assert result.exit_code == 2
    assert "none.yaml cannot be read: No such file" in result.stderr


def test_every_value_is_shown_with_where_it_is_from_and_secrets_are_not(
    zos: Zos, own_folder: Path
) -> None:
    (own_folder / "zos.yaml").write_text("log:\n  level: debug\n")
    arguments = ("config", "show")
    environ = {"ZOS_DISCORD__TOKEN": "s3cret"}
    table = zos(*arguments, **environ).stdout
    rows = {line.split()[0]: line.split()[1:] for line in table.splitlines()}
    assert rows["log.level"] == ["debug", "zos.yaml:2"]
    assert rows["discord.token"] == ["********", "env", "ZOS_DISCORD__TOKEN"]
    assert rows["api.port"] == ["8730", "default"]

    shown = json.loads(zos(*arguments, "--json", **environ).stdout)
    assert {"key": "log.level", "value": "debug", "origin": "zos.yaml:2"} in shown
    assert {"key": "api.port", "value": 8730, "origin": "default"} in shown
    assert [row["key"] for row in shown] == [key for key in rows if key != "key"]
    assert "s3cret" not in table + str(shown)
