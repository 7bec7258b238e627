"""`zos access`."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from tests.cli.conftest import Zos

from zos.access.runtime import RunningService, announce, runtime_path
from zos.config import Config
from zos.core.clock import SystemClock
from zos.reflect.runs.owner import this_process


@pytest.fixture(autouse=True)
def store(zos: Zos, own_folder: Path) -> Path:
    """An empty store in the test's folder."""
    assert zos("db", "migrate").exit_code == 0
    return own_folder / "data"


def test_a_key_is_shown_once_listed_and_revoked(zos: Zos) -> None:
    assert zos("access", "key", "list").stdout.startswith("There are no keys")
    made = zos("access", "key", "add", "grafana")
    assert (made.exit_code, made.stdout.startswith("zos_")) == (0, True)
    secret = made.stdout.strip()
    other = json.loads(
        zos("access", "key", "add", "ci", "--role", "operator", "--days", "30", "--json").stdout
    )
    assert other["expires_at"] is not None
    listed = zos("access", "key", "list").stdout
    assert re.search(r"grafana +viewer", listed)
    assert re.search(r"ci +operator", listed)
    assert secret not in listed + zos("access", "key", "list", "--json").stdout
    assert zos("access", "key", "revoke", "grafana").exit_code == 0
    assert zos("access", "key", "revoke", other["id"]).exit_code == 0
    assert json.loads(zos("access", "key", "list", "--json").stdout) == []


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        (("key", "add", "one"), "There is a key named 'one'."),
        (("key", "add", " "), "A name has 1 to 100 characters"),
        (("key", "add", "a\nb"), "A name has 1 to 100 characters"),
        (("key", "revoke", "two"), "There is no key 'two'."),
        (("session", "revoke", "01NOPE"), "There is no such session."),
    ],
)
def test_what_cannot_be_is_said_in_a_sentence(
    zos: Zos, command: tuple[str, ...], sentence: str
) -> None:
    zos("access", "key", "add", "one")
    result = zos("access", *command)
    assert (result.exit_code, result.stdout) == (2, "")
    assert sentence in result.stderr


def test_a_link_leads_to_the_service_that_runs(zos: Zos, store: Path) -> None:
    nowhere = zos("access", "link")
    assert (nowhere.exit_code, nowhere.stdout) == (1, "")
    assert "No service runs" in nowhere.stderr
    service = RunningService(
        1, this_process(), SystemClock().now(), "http://127.0.0.1:8730", store / "token"
    )
    announce(runtime_path(Config(data_dir=store)), service)
    made = zos("access", "link", "--role", "viewer", "--name", "ann")
    assert re.fullmatch(r"http://127\.0\.0\.1:8730/login\?code=[\w-]{43}\n", made.stdout)


def test_what_it_changes_is_recorded(zos: Zos) -> None:
    assert zos("access", "audit").stdout == "Nothing was changed yet.\n"
    zos("access", "key", "add", "one")
    zos("access", "key", "revoke", "one")
    zos("access", "key", "revoke", "none")
    page = zos("access", "audit", "--limit", "1").stdout
    assert re.search(r"operator +cli +revoke_key +none +404", page)
    cursor = page.split("--before ")[1].strip()
    _ended, older = json.loads(zos("access", "audit", "--before", cursor, "--json").stdout)
    assert (older["action"], older["target"]) == ("make_key", "one, viewer")
    assert zos("access", "audit", "--name", "nobody").stdout == "Nothing was changed yet.\n"


def test_nobody_is_logged_in(zos: Zos) -> None:
    assert zos("access", "session", "list").stdout == "Nobody is logged in.\n"
    assert json.loads(zos("access", "session", "list", "--json").stdout) == []
