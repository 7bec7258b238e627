from __future__ import annotations

import stat
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from tests.conftest import EPOCH

from zos.access.runtime import RunningService, announce, find_service, runtime_path, withdraw
from zos.config import Config
from zos.reflect.runs.owner import this_process

NAME_OF_THIS_PROCESS = "from zos.reflect.runs.owner import this_process; print(this_process())"


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return Config(data_dir=tmp_path / "data")


@pytest.fixture
def service(config: Config) -> RunningService:
    return RunningService(
        pid=4711,
        owner=this_process(),
        started_at=EPOCH,
        url="http://127.0.0.1:8730",
        token_path=config.data_dir / "token",
    )


def test_a_service_is_found_as_it_described_itself(config: Config, service: RunningService) -> None:
    announce(runtime_path(config), service)
    assert find_service(config) == service


def test_a_certificate_is_told_along(config: Config, service: RunningService) -> None:
    secured = replace(service, certificate_path=Path("/etc/zos/certificate.pem"))
    announce(runtime_path(config), secured)
    assert find_service(config) == secured


def test_the_runtime_file_stands_beside_the_database(tmp_path: Path) -> None:
    elsewhere = {"url": f"sqlite:///{tmp_path}/store/community.db"}
    config = Config.model_validate({"data_dir": tmp_path, "database": elsewhere})
    assert runtime_path(config) == tmp_path / "store" / "community.db.runtime.json"


def test_on_postgresql_it_stands_in_the_data_folder(tmp_path: Path) -> None:
    config = Config.model_validate(
        {"data_dir": tmp_path, "database": {"url": "postgresql://localhost/zos"}}
    )
    assert runtime_path(config) == tmp_path / "zos.runtime.json"


def test_only_its_owner_may_read_it(config: Config, service: RunningService) -> None:
    announce(runtime_path(config), service)
    assert stat.S_IMODE(runtime_path(config).stat().st_mode) == 0o600


def test_a_new_service_describes_itself_in_place_of_one_left_behind(
    config: Config, service: RunningService
) -> None:
    announce(runtime_path(config), replace(service, url="http://127.0.0.1:1"))
    announce(runtime_path(config), service)
    assert find_service(config) == service


def test_without_a_file_there_is_no_service(config: Config) -> None:
    assert find_service(config) is None


def test_what_a_dead_process_left_behind_is_no_service(
    config: Config, service: RunningService
) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", NAME_OF_THIS_PROCESS], capture_output=True, text=True, check=True
    )
    announce(runtime_path(config), replace(service, owner=ended.stdout.strip()))
    assert find_service(config) is None


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b'{"pid": 1}', b"\xff"])
def test_a_file_that_cannot_be_read_is_no_service(config: Config, content: bytes) -> None:
    config.data_dir.mkdir()
    runtime_path(config).write_bytes(content)
    assert find_service(config) is None
    withdraw(runtime_path(config))
    assert runtime_path(config).exists()


def test_a_service_that_stops_withdraws_its_own_file(
    config: Config, service: RunningService
) -> None:
    announce(runtime_path(config), service)
    withdraw(runtime_path(config))
    assert not runtime_path(config).exists()


def test_a_service_that_stops_leaves_the_file_of_its_successor(
    config: Config, service: RunningService
) -> None:
    announce(runtime_path(config), replace(service, owner="other-machine:boot:1:1"))
    withdraw(runtime_path(config))
    assert runtime_path(config).exists()
