"""The port that all workers share."""

from __future__ import annotations

import errno
import os
import socket

from stampede.core.errors import EnvironmentFault, UsageError
from stampede.service.setup import BACKLOG


def listen(host: str, port: int) -> socket.socket:
    """A socket on which connections queue from now on; port 0: any free one.

    Raises:
        UsageError: there is no such host.
        EnvironmentFault: the port cannot be had.
    """
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    except (socket.gaierror, UnicodeError):
        raise UsageError(f"--host {host} is no address of this machine: 127.0.0.1, say, or 0.0.0.0 for all") from None
    try:
        return socket.create_server(address, family=family, backlog=BACKLOG)
    except OSError as error:
        raise _refused(host, port, error) from None


def url_of(listening: socket.socket) -> str:
    """Where it is reached."""
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _refused(host: str, port: int, error: OSError) -> EnvironmentFault:
    if error.errno == errno.EADDRINUSE:
        return EnvironmentFault(f"port {port} of {host} is taken: give another --port, or 0 for any that is free")
    if error.errno == errno.EADDRNOTAVAIL:
        return EnvironmentFault(f"{host} is no address of this machine: give another --host")
    return EnvironmentFault(
        f"cannot listen on port {port} of {host}: {os.strerror(error.errno or 0)}: give another --port"
    )
