"""Where the API listens: loopback, unless what stands between it and the network is encrypted.

In: the configuration's `api` section. Out: a bound socket, and the URL it is reached by on this machine.
"""

from __future__ import annotations

import errno
import socket
from ipaddress import IPv6Address, ip_address

from zos.config.model import ApiConfig
from zos.core.errors import ConfigError, ServiceError

_BACKLOG = 128


def bind(settings: ApiConfig) -> socket.socket:
    """Return a listening socket for the API.

    Raises:
        ConfigError: If the address is not one of this machine's, or is open to others without TLS or a proxy.
        ServiceError: If the port is taken.
    """
    check_tls_files(settings)
    family, address = _resolved(settings)
    if not ip_address(address[0]).is_loopback:
        _require_protection(settings)
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen(_BACKLOG)
    except OSError as error:
        listening.close()
        raise _explained(error, settings) from error
    return listening


def local_url(listening: socket.socket, settings: ApiConfig) -> str:
    """Return the URL at which this machine reaches `listening`."""
    host, port = listening.getsockname()[:2]
    address = ip_address(host)
    if address.is_unspecified:
        address = ip_address("::1" if isinstance(address, IPv6Address) else "127.0.0.1")
    shown = f"[{address}]" if isinstance(address, IPv6Address) else str(address)
    return f"{'http' if settings.tls_certificate is None else 'https'}://{shown}:{port}"


def check_tls_files(settings: ApiConfig) -> None:
    """Do nothing if the TLS files are both there, or neither is configured.

    Raises:
        ConfigError: Otherwise.
    """
    if (settings.tls_certificate is None) != (settings.tls_key is None):
        raise ConfigError(
            "api.tls_certificate and api.tls_key belong together.", hint="Set both or neither."
        )
    for path in (settings.tls_certificate, settings.tls_key):
        if path is not None and not path.is_file():
            raise ConfigError(f"There is no TLS file {path}.", hint="Check the section api.")


def _resolved(settings: ApiConfig) -> tuple[socket.AddressFamily, tuple[str, int]]:
    try:
        found = socket.getaddrinfo(settings.host, settings.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise ConfigError(
            f"api.host {settings.host!r} is no address of this machine.",
            hint="Write 127.0.0.1 for this machine only.",
        ) from error
    family, _, _, _, address = found[0]
    return family, (str(address[0]), int(address[1]))


def _require_protection(settings: ApiConfig) -> None:
    if settings.tls_certificate is None and not settings.trusted_proxy:
        raise ConfigError(
            f"api.host {settings.host} is reachable from other machines, unencrypted.",
            hint="Set api.tls_certificate and api.tls_key, or api.trusted_proxy behind a proxy with TLS, or 127.0.0.1.",
        )


def _explained(error: OSError, settings: ApiConfig) -> ConfigError | ServiceError:
    if error.errno == errno.EADDRINUSE:
        return ServiceError(
            f"Port {settings.port} of {settings.host} is taken by another program.",
            hint="Stop it, or set api.port (0: any free port).",
        )
    if error.errno == errno.EACCES:
        return ServiceError(
            f"Port {settings.port} may not be opened by this user.",
            hint="Set api.port to 1024 or more.",
        )
    return ConfigError(
        f"api.host {settings.host!r} cannot be listened on: {error.strerror}.",
        hint="Write 127.0.0.1 for this machine only.",
    )
