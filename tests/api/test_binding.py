"""Where the API listens, and where it refuses to."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from zos.api.binding import bind, local_url
from zos.config.model import ApiConfig
from zos.core.errors import ConfigError, ServiceError


@contextmanager
def bound(**settings: Any) -> Iterator[tuple[socket.socket, str]]:
    config = ApiConfig.model_validate({"port": 0, **settings})
    listening = bind(config)
    try:
        yield listening, local_url(listening, config)
    finally:
        listening.close()


@pytest.fixture
def tls(tmp_path: Path) -> dict[str, Path]:
    files = {"tls_certificate": tmp_path / "certificate.pem", "tls_key": tmp_path / "key.pem"}
    for path in files.values():
        path.touch()
    return files


def test_by_default_only_this_machine_reaches_it() -> None:
    with bound() as (listening, url):
        host, port = listening.getsockname()
        assert host == "127.0.0.1"
        assert url == f"http://127.0.0.1:{port}"


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.1.2.3"])
def test_every_loopback_address_will_do(host: str) -> None:
    with bound(host=host) as (_, url):
        assert url.startswith("http://127.")


def test_ipv6_will_do() -> None:
    if not socket.has_ipv6:
        pytest.skip("this machine has no IPv6")
    with bound(host="::1") as (_, url):
        assert url.startswith("http://[::1]:")


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
def test_an_address_for_others_is_refused_without_protection(host: str) -> None:
    with (
        pytest.raises(ConfigError, match=r"reachable from other machines.*tls_certificate"),
        bound(host=host),
    ):
        pass


@pytest.mark.parametrize(("host", "local"), [("0.0.0.0", "127.0.0.1"), ("::", "[::1]")])
def test_behind_a_proxy_it_may_listen_to_others(host: str, local: str) -> None:
    with bound(host=host, trusted_proxy=True) as (listening, url):
        assert url == f"http://{local}:{listening.getsockname()[1]}"


def test_with_tls_it_may_listen_to_others(tls: dict[str, Path]) -> None:
    with bound(host="0.0.0.0", **tls) as (_, url):
        assert url.startswith("https://127.0.0.1:")


@pytest.mark.parametrize("lonely", ["tls_certificate", "tls_key"])
def test_half_of_tls_is_refused(tls: dict[str, Path], lonely: str) -> None:
    with pytest.raises(ConfigError, match="belong together"), bound(**{lonely: tls[lonely]}):
        pass


def test_a_missing_tls_file_is_named(tls: dict[str, Path]) -> None:
    tls["tls_key"].unlink()
    with pytest.raises(ConfigError, match=r"There is no TLS file .*key\.pem"), bound(**tls):
        pass


def test_a_taken_port_is_told_in_one_sentence() -> None:
    with (
        bound() as (listening, _),
        pytest.raises(ServiceError, match=r"Port \d+ of 127\.0\.0\.1 is taken.*Stop it, or set"),
        bound(port=listening.getsockname()[1]),
    ):
        pass


@pytest.mark.parametrize("host", ["no such name", "256.1.1.1", "a" * 300])
def test_an_address_that_is_none_is_refused(host: str) -> None:
    with pytest.raises(ConfigError, match=r"is no address of this machine"), bound(host=host):
        pass


def test_an_address_of_another_machine_is_refused() -> None:
    with (
        pytest.raises(ConfigError, match="cannot be listened on"),
        bound(host="192.0.2.1", trusted_proxy=True),
    ):
        pass
