from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from zos.access.files import write_private
from zos.access.token import OperatorToken, make_token, read_token, token_path
from zos.config import Config
from zos.core.errors import ConfigError


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "token"


def test_the_token_stands_in_the_data_folder(tmp_path: Path) -> None:
    assert token_path(Config(data_dir=tmp_path)) == tmp_path / "token"


def test_the_first_start_makes_a_token_that_only_its_owner_may_read(path: Path) -> None:
    make_token(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert len(path.read_text().strip()) >= 43
    assert [entry.name for entry in path.parent.iterdir()] == ["token"]


def test_a_later_start_keeps_the_token(path: Path) -> None:
    first = make_token(path).reveal()
    assert make_token(path).reveal() == first
    assert read_token(path).matches(first)


def test_processes_that_start_at_once_get_the_same_token(path: Path) -> None:
    with ThreadPoolExecutor(16) as pool:
        made = {token.reveal() for token in pool.map(make_token, [path] * 64)}
    assert len(made) == 1


def test_a_file_system_without_hard_links_will_do(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr("os.link", refuse)
    first = make_token(path).reveal()
    assert not write_private(path, "another", replace=False)
    assert make_token(path).reveal() == first
    assert [entry.name for entry in path.parent.iterdir()] == ["token"]


@pytest.mark.parametrize("given", ["", "x", "y" * 43, "ü" * 43])
def test_another_text_is_not_the_token(path: Path, given: str) -> None:
    assert not make_token(path).matches(given)


def test_a_token_does_not_show_itself() -> None:
    assert "s3cret" not in f"{OperatorToken('s3cret')} {OperatorToken('s3cret')!r}"


def test_making_a_token_logs_nothing(path: Path) -> None:
    with capture_logs() as logs:
        make_token(path)
    assert logs == []


def test_a_token_file_that_others_may_read_is_closed_to_them_with_a_warning(path: Path) -> None:
    secret = make_token(path).reveal()
    path.chmod(0o644)
    with capture_logs() as logs:
        assert read_token(path).matches(secret)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [entry["event"] for entry in logs] == ["token_file_was_open_to_others"]
    assert secret not in str(logs)


@pytest.mark.parametrize("content", [b"", b"\n", b"short\n"])
def test_a_file_without_a_token_is_refused_with_the_next_step(path: Path, content: bytes) -> None:
    path.parent.mkdir()
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=r"holds no token.*Delete it"):
        make_token(path)


def test_a_file_that_is_not_text_is_refused(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"\xff" * 50)
    with pytest.raises(ConfigError, match="it is not text"):
        make_token(path)


def test_a_missing_token_file_is_refused_with_the_next_step(path: Path) -> None:
    with pytest.raises(ConfigError, match=r"cannot be read: No such file.*Run as the user"):
        read_token(path)


def test_a_folder_that_cannot_be_made_is_refused_with_the_next_step(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ConfigError, match=r"cannot be written: .*Check data_dir"):
        make_token(tmp_path / "file" / "token")
