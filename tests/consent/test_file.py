from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from zos.consent.file import read_consent_file
from zos.consent.store import ConsentRecord
from zos.core.consent import ConsentState
from zos.core.errors import ImportFileError


def written(folder: Path, text: str) -> Path:
    path = folder / "consent.json"
    path.write_text(text, encoding="utf-8")
    return path


async def test_entries_become_records_that_name_their_file(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        '[{"member_id": "309044288370490116", "consent": "granted", "at": "2026-08-24T18:02:11+02:00"},'
        ' {"member_id": 12, "consent": "denied", "at": "2026-08-25T00:00:00Z"}]',
    )

    records = await read_consent_file(path)

    assert records == [
        ConsentRecord(
            309044288370490116,
            ConsentState.GRANTED,
            datetime(2026, 8, 24, 16, 2, 11, tzinfo=UTC),
            "file:consent.json",
        ),
        ConsentRecord(
            12, ConsentState.DENIED, datetime(2026, 8, 25, tzinfo=UTC), "file:consent.json"
        ),
    ]


GOOD = '{"member_id": "1", "consent": "granted", "at": "2026-08-25T00:00:00Z"}'


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "JSON"),
        ('{"member_id": "1"}', "array"),
        ('[{"member_id": "1", "consent": "granted", "at": "2026-08-25"}', "JSON"),
        ('[{"member_id": "x", "consent": "granted", "at": "2026-08-25T00:00:00Z"}]', "'member_id'"),
        ('[{"member_id": "0", "consent": "granted", "at": "2026-08-25T00:00:00Z"}]', "'member_id'"),
        (
            f"[{GOOD}," + '{"member_id": "1", "consent": "perhaps", "at": "2026-08-25T00:00:00Z"}]',
            "entry 2, 'consent'",
        ),
        ('[{"member_id": "1", "consent": "granted", "at": "2026-08-25T00:00:00"}]', "'at'"),
        ('[{"member_id": "1", "consent": "granted"}]', "'at'"),
        (
            '[{"member_id": "1", "consent": "granted", "at": "2026-08-25T00:00:00Z", "name": "Ada"}]',
            "'name'",
        ),
    ],
)
async def test_a_wrong_file_is_refused_with_the_place(tmp_path: Path, text: str, told: str) -> None:
    path = written(tmp_path, text)

    with pytest.raises(ImportFileError) as refused:
        await read_consent_file(path)

    assert str(path) in refused.value.message
    assert told in refused.value.message
    assert "granted" in refused.value.hint


async def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    for path in (tmp_path / "none.json", tmp_path):
        with pytest.raises(ImportFileError, match="cannot be read"):
            await read_consent_file(path)


async def test_a_huge_file_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "huge.json"
    with path.open("wb") as sparse:
        sparse.truncate(65 * 1024 * 1024)

    with pytest.raises(ImportFileError, match="larger than 64 MiB"):
        await read_consent_file(path)
