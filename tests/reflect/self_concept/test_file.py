from __future__ import annotations

from pathlib import Path

import pytest
from tests.conftest import EPOCH

from zos.core.errors import ConfigError
from zos.db.engine import Database
from zos.reflect.self_concept.file import MAX_CHARACTERS, settle, shipped_text, write_file
from zos.reflect.self_concept.store import Origin, SelfConceptStore, add_version, withdraw


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "made" / "self-concept.md"


@pytest.fixture
def store(database: Database) -> SelfConceptStore:
    return SelfConceptStore(database)


async def edit(path: Path, text: str, replacement: str) -> None:
    path.write_text(path.read_text("utf-8").replace(text, replacement), "utf-8")


async def test_a_new_zos_begins_with_the_shipped_text(store: SelfConceptStore, path: Path) -> None:
    version = await settle(store, path, now=EPOCH)
    assert (version.content, version.origin) == (shipped_text(), Origin.SHIPPED)
    assert shipped_text() in path.read_text("utf-8")
    assert await settle(store, path, now=EPOCH) == version
    assert len(await store.latest(9)) == 1


async def test_a_file_from_before_the_first_start_is_taken_in(
    store: SelfConceptStore, path: Path
) -> None:
    path.parent.mkdir()
    path.write_text("I am our own Zos.\n", "utf-8")
    version = await settle(store, path, now=EPOCH)
    assert (version.content, version.origin) == ("I am our own Zos.", Origin.OPERATOR)


async def test_the_shipped_file_counts_as_shipped(store: SelfConceptStore, path: Path) -> None:
    path.parent.mkdir()
    path.write_text(shipped_text(), "utf-8")
    assert (await settle(store, path, now=EPOCH)).origin is Origin.SHIPPED


async def test_an_operators_edit_becomes_a_version(store: SelfConceptStore, path: Path) -> None:
    await settle(store, path, now=EPOCH)
    await edit(path, "I am Zos.", "I am Zos, and old.")
    version = await settle(store, path, now=EPOCH)
    assert version.origin is Origin.OPERATOR
    assert version.content.startswith("I am Zos, and old.")
    assert version.id in path.read_text("utf-8")


async def test_a_file_that_is_behind_is_written_anew(store: SelfConceptStore, path: Path) -> None:
    await settle(store, path, now=EPOCH)
    newer = await store.put("I have learned.", at=EPOCH, origin=Origin.MODEL)
    assert await settle(store, path, now=EPOCH) == newer
    assert path.read_text("utf-8").endswith("\n\nI have learned.\n")


async def test_an_operator_may_go_back_to_an_older_text(
    store: SelfConceptStore, path: Path
) -> None:
    first = await settle(store, path, now=EPOCH)
    await write_file(path, await store.put("I have learned.", at=EPOCH, origin=Origin.MODEL))
    await edit(path, "I have learned.", first.content)
    version = await settle(store, path, now=EPOCH)
    assert (version.content, version.origin) == (first.content, Origin.OPERATOR)


async def test_a_file_without_its_first_line_is_an_edit_if_it_differs(
    store: SelfConceptStore, path: Path
) -> None:
    version = await settle(store, path, now=EPOCH)
    path.write_text(version.content, "utf-8")
    assert await settle(store, path, now=EPOCH) == version
    path.write_text("Mine.", "utf-8")
    assert (await settle(store, path, now=EPOCH)).content == "Mine."


@pytest.mark.parametrize("gone", ["", "<!-- version X; -->\n\n"])
async def test_an_empty_or_missing_file_is_written_anew(
    store: SelfConceptStore, path: Path, gone: str
) -> None:
    version = await settle(store, path, now=EPOCH)
    path.write_text(gone, "utf-8")
    assert await settle(store, path, now=EPOCH) == version
    path.unlink()
    assert await settle(store, path, now=EPOCH) == version
    assert version.content in path.read_text("utf-8")


async def test_a_file_that_cannot_be_used_changes_nothing(
    store: SelfConceptStore, path: Path
) -> None:
    version = await settle(store, path, now=EPOCH)
    path.write_text("x" * (MAX_CHARACTERS + 1), "utf-8")
    with pytest.raises(ConfigError, match=r"has 12,001 characters"):
        await settle(store, path, now=EPOCH)
    path.write_bytes(b"\xff\xfe\xff")
    with pytest.raises(ConfigError, match="is not UTF-8 text"):
        await settle(store, path, now=EPOCH)
    path.unlink()
    path.mkdir()
    with pytest.raises(ConfigError, match="cannot be read: Is a directory"):
        await settle(store, path, now=EPOCH)
    assert await store.current() == version


async def test_a_file_that_cannot_be_written_is_an_error(
    store: SelfConceptStore, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("", "utf-8")
    version = await store.put("x", at=EPOCH, origin=Origin.OPERATOR)
    with pytest.raises(ConfigError, match="cannot be written"):
        await write_file(tmp_path / "file" / "self-concept.md", version)
    (tmp_path / "folder").mkdir()
    with pytest.raises(ConfigError, match="cannot be written"):
        await write_file(tmp_path / "folder", version)
    assert sorted(one.name for one in tmp_path.iterdir() if one.name.startswith(".")) == []


async def test_a_file_with_what_was_withdrawn_is_no_edit(
    store: SelfConceptStore, database: Database, path: Path
) -> None:
    await settle(store, path, now=EPOCH)
    async with database.write() as connection:
        told = f"{shipped_text()}\n\nI saw a nest."
        await add_version(connection, told, at=EPOCH, insight_ids=["lost"])
    await settle(store, path, now=EPOCH)
    await edit(path, "I saw a nest.", "I saw a nest.\nBe kind.")
    await settle(store, path, now=EPOCH)
    async with database.write() as connection:
        assert await withdraw(connection, ["lost"]) == 2
    version = await settle(store, path, now=EPOCH)
    assert version.content == f"{shipped_text()}\n\nBe kind."
    assert "nest" not in path.read_text("utf-8")
