"""The recipe for encrypted backups in `docs/reference/privacy.md`: the very commands, run."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.insights.conftest import World

from zos.config import Config
from zos.db.engine import Database

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "privacy.md"
WORDS = "the marrow seeds are in the blue drawer"
needs_gpg = pytest.mark.skipif(shutil.which("gpg") is None, reason="GnuPG is not installed")


def commands(name: str) -> str:
    """The commands of the page that are marked as `name`."""
    found = re.search(rf"<!-- tested: {name} -->\n```sh\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert found is not None, name
    return found[1]


@dataclass
class Machine:
    """A folder to work in, and a key ring."""

    folder: Path
    ring: Path

    def run(self, script: str) -> subprocess.CompletedProcess[bytes]:
        environ = {
            "GNUPGHOME": str(self.ring),
            "HOME": str(self.folder),
            "PASSPHRASE": "correct horse",
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "ZOS_DATA_DIR": str(self.folder / "data"),
        }
        return subprocess.run(
            ["bash", "-eu", "-c", script],
            cwd=self.folder,
            env=environ,
            capture_output=True,
            check=False,
        )

    def succeed(self, script: str) -> None:
        done = self.run(script)
        assert done.returncode == 0, done.stderr.decode()


@pytest.fixture
def machines(tmp_path: Path, sqlite_template: Path) -> Iterator[tuple[Machine, Machine]]:
    """The server with a message in its database, and the machine where the secret key is."""
    made = []
    for name in ("server", "home"):
        (tmp_path / name).mkdir()
        # A key ring's socket has a short path.
        made.append(Machine(tmp_path / name, Path(tempfile.mkdtemp(prefix="zos-gpg-"))))
    data = made[0].folder / "data"
    data.mkdir()
    shutil.copyfile(sqlite_template, data / "zos.db")
    asyncio.run(say(data))
    yield made[0], made[1]
    for one in made:
        one.run("gpgconf --kill all")
        shutil.rmtree(one.ring, ignore_errors=True)


async def say(data: Path) -> None:
    database = Database(Config(data_dir=data))
    await database.connect()
    await World(database).say(WORDS)
    await database.close()


@needs_gpg
def test_a_backup_is_read_only_by_who_has_the_secret_key(
    machines: tuple[Machine, Machine],
) -> None:
    server, home = machines
    home.succeed(commands("key"))
    shutil.copy(home.folder / "zos-backup.pub", server.folder)
    server.succeed(commands("backup"))
    sealed = server.folder / "zos.db.gpg"
    assert WORDS.encode() not in sealed.read_bytes()
    assert not [*Path("/dev/shm").glob("tmp.*/zos.db")], "the plain copy is gone"

    assert server.run(commands("restore")).returncode != 0
    assert not (server.folder / "zos.db").exists()

    shutil.copy(sealed, home.folder)
    home.succeed(commands("restore"))
    with closing(sqlite3.connect(home.folder / "zos.db")) as restored:
        assert restored.execute("SELECT content FROM message").fetchall() == [(WORDS,)]
        assert restored.execute("PRAGMA integrity_check").fetchone() == ("ok",)

    (home.folder / "zos.db").unlink()
    changed = bytearray(sealed.read_bytes())
    changed[len(changed) // 2] ^= 1
    (home.folder / "zos.db.gpg").write_bytes(changed)
    assert home.run(commands("restore")).returncode != 0
