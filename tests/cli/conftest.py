"""Runs `stampede` as its users do, each time with a temporary folder of its own that must be empty afterwards."""

from __future__ import annotations

import contextlib
import json
import os
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from redis import Redis
from redis.exceptions import RedisError

from stampede.cli.app import run_app
from stampede.processes.redis_server import bundled_binary

PASSWORD = "geheim4711"
STAMPEDE = [sys.executable, "-m", "stampede"]
SETTINGS = {
    "STAMPEDE_REDIS_URL",
    "STAMPEDE_DATABASE_URL",
    "STAMPEDE_DATABASE_PASSWORD",
    "NO_COLOR",
    "FORCE_COLOR",
    "COLUMNS",
    "LINES",
    "TERM",
    "PYTHONUNBUFFERED",
}

ENDS_WITHIN_S = 60.0
HAPPENS_WITHIN_S = 30.0
GONE_WITHIN_S = 3.0
POLL_S = 0.005


TRIAL = re.compile(
    r"\[\d+(/\d+)?\] [^;]+: [\d,]+ DB hits?(, p99 [\d,]+ ms)?(, [\d,]+ failed)?(, INVALID)?; "
    r"\d+ (s|min \d\d s)(, about \d+ (s|min \d\d s) left)?\n"
)
"""What is said of a trial that has ended where no terminal is."""


@dataclass(frozen=True)
class Ended:
    """A command that has ended, `seconds` after its start. `err` is what it said but for the lines of `progress`."""

    code: int
    out: str
    err: str
    seconds: float
    progress: tuple[str, ...] = ()

    @classmethod
    def of(cls, code: int, out: str, err: str, seconds: float) -> Ended:
        """Tell the progress from the rest of standard error."""
        lines = err.splitlines(keepends=True)
        progress = tuple(line for line in lines if TRIAL.fullmatch(line))
        return cls(code, out, "".join(line for line in lines if not TRIAL.fullmatch(line)), seconds, progress)

    def line(self) -> str:
        """The only line on standard error."""
        lines = self.err.splitlines()
        assert len(lines) == 1, self.err
        assert "Traceback" not in lines[0]
        return lines[0]

    def complaint(self) -> str:
        """The only line on standard error, when nothing is on standard output."""
        assert self.out == ""
        return self.line()

    def json(self) -> Any:
        """Standard output, which is one JSON document and nothing else."""
        assert self.err == ""
        return json.loads(self.out)


class Command:
    """A running `stampede`, the leader of a process group as a shell would have it.

    On a terminal, `out` is all that the terminal showed. `limit` is a shell command to run first, as `ulimit`.
    """

    def __init__(
        self,
        words: tuple[object, ...],
        cwd: Path,
        *,
        terminal: bool = False,
        limit: str = "",
        **environment: str,
    ) -> None:
        # Short, because the path of a Unix socket may have some hundred bytes only.
        self.folder = Path(tempfile.mkdtemp(dir="/tmp", prefix="s"))
        command = [*STAMPEDE, *map(str, words)]
        inherited = {name: value for name, value in os.environ.items() if name not in SETTINGS}
        screen, theirs = os.openpty() if terminal else (None, None)
        self._screen = screen
        self._started = time.monotonic()
        self.process = subprocess.Popen(
            ["sh", "-c", f'{limit} && exec "$@"', "sh", *command] if limit else command,
            env={**inherited, "TMPDIR": str(self.folder), **environment},
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=theirs if terminal else subprocess.PIPE,
            stderr=theirs if terminal else subprocess.PIPE,
            text=not terminal,
            start_new_session=True,
        )
        if theirs is not None:
            os.close(theirs)
        self._leases: set[bytes] = set()
        self._lines: dict[str, Redis] = {}

    def ended(self) -> Ended:
        """Wait for the end."""
        if self._screen is not None:
            out, err = _read_all(self._screen), ""
        else:
            out, err = self.process.communicate(timeout=ENDS_WITHIN_S)
        return Ended.of(self.process.wait(ENDS_WITHIN_S), out, err, time.monotonic() - self._started)

    # -- what it is doing --------------------------------------------------------------------------------------

    def processes(self) -> dict[int, str]:
        """Command lines of all its processes that run, orphans too: whoever was given its temporary folder."""
        mark = str(self.folder).encode()
        found = {}
        for entry in Path("/proc").iterdir():
            # A process may end while we look at it.
            with contextlib.suppress(OSError):
                if not entry.name.isdigit() or not (line := (entry / "cmdline").read_bytes()):
                    continue
                # A server may have overwritten its environment with its title, which names its socket.
                if mark in line or mark in (entry / "environ").read_bytes():
                    found[int(entry.name)] = line.replace(b"\0", b" ").decode(errors="replace").strip()
        return found

    def instances(self) -> list[int]:
        """The instances: the forks of the server that they are forked from."""
        forks = [pid for pid, line in self.processes().items() if "multiprocessing.forkserver" in line]
        return [pid for pid in forks if _parent(pid) in forks]

    def server(self, name: str) -> int:
        """The embedded Redis (`redis`) or the fake-slow database (`database`)."""
        word = {"redis": "-server unixsocket:", "database": "-m stampede.origins.slow_server"}[name]
        (pid,) = [p for p, line in self.processes().items() if word in line and "lifeline" not in line]
        return pid

    def servers(self) -> list[Path]:
        """The temporary folders of its servers."""
        return list(self.folder.glob("stampede-*"))

    def await_burst(self, number: int, url: str | None = None) -> None:
        """Wait until the run's `number`-th burst is under way whose strategy takes a lease or a lock.

        `url` names the Redis if it is not the embedded one.
        """
        self.wait_until(lambda: self._keep(self.leases(url)) >= number, f"burst {number} with a lease")
        self._hang_up()

    def leases(self, url: str | None = None) -> list[bytes]:
        """The names of the leases and locks that are held now."""
        urls = [url] if url else [f"unix://{socket}" for socket in self.folder.glob("stampede-redis-*/redis.sock")]
        with contextlib.suppress(RedisError, OSError):
            for each in urls:
                if each not in self._lines:
                    self._lines[each] = Redis.from_url(each)
                return list(self._lines[each].scan_iter("*guard:*"))
        return []

    def _hang_up(self) -> None:
        """Leave no line to a server open: a test may count them."""
        while self._lines:
            self._lines.popitem()[1].close()

    def _keep(self, leases: list[bytes]) -> int:
        self._leases.update(leases)
        return len(self._leases)

    def wait_until(self, happened: Callable[[], object], what: str, within: float = HAPPENS_WITHIN_S) -> None:
        """Poll until it is true; fail with `what` after `within` seconds."""
        deadline = time.monotonic() + within
        while not happened():
            assert time.monotonic() < deadline, f"not within {within} s: {what}"
            time.sleep(POLL_S)

    # -- what is done to it ------------------------------------------------------------------------------------

    def interrupt(self) -> None:
        """Ctrl-C: a terminal sends SIGINT to the whole group."""
        os.killpg(self.process.pid, signal.SIGINT)

    def terminate(self) -> None:
        """SIGTERM, as service managers send it."""
        self.process.terminate()

    def kill(self) -> None:
        """SIGKILL: it cannot clean up."""
        self.process.kill()

    # -- what it leaves ----------------------------------------------------------------------------------------

    def leaves_nothing(self) -> None:
        """Assert that it has ended, and that soon no process and no temporary file of it is left."""
        assert self.process.poll() is not None, "nobody waited for the command"
        deadline = time.monotonic() + GONE_WITHIN_S
        while (processes := self.processes()) or (files := list(self.folder.iterdir())):
            assert time.monotonic() < deadline, f"left behind: {processes or files}"
            time.sleep(POLL_S)

    def clear(self) -> None:
        """End what is left, so that a test that failed fails alone."""
        self._hang_up()
        for pid in {self.process.pid, *self.processes()} if self.process.poll() is None else self.processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        for stream in (self.process.stdout, self.process.stderr):
            if stream:
                stream.close()
        self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


def _parent(pid: int) -> int:
    with contextlib.suppress(OSError):
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    return 0


def _read_all(screen: int) -> str:
    shown = b""
    while select.select([screen], [], [], ENDS_WITHIN_S)[0]:
        try:
            shown += os.read(screen, 65536)
        except OSError:  # every process that had the terminal has ended
            break
    os.close(screen)
    return shown.decode()


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Command]]:
    """Starts `stampede WORDS...` in the test's folder; at the test's end nothing else of it may be left."""
    if sys.platform != "linux":
        pytest.skip("looks for processes in /proc")
    commands: list[Command] = []

    def start(*words: object, **how: Any) -> Command:
        commands.append(Command(words, tmp_path, **how))
        return commands[-1]

    try:
        yield start
        for command in commands:
            command.leaves_nothing()
    finally:
        for command in commands:
            command.clear()


@pytest.fixture
def stampede(start: Callable[..., Command]) -> Callable[..., Ended]:
    """Runs `stampede WORDS...` to its end."""
    return lambda *words, **how: start(*words, **how).ended()


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Callable[..., Ended]:
    """Runs `stampede WORDS...` in this process: a quick way for what ends before any other process is needed."""

    def run(*words: object, **environment: str) -> Ended:
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(sys, "argv", ["stampede", *map(str, words)])
        for name in SETTINGS:
            monkeypatch.delenv(name, raising=False)
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        began = time.monotonic()
        code = run_app()
        return Ended(code, *capsys.readouterr(), time.monotonic() - began)

    return run


@pytest.fixture
def password() -> str:
    """The password that nobody may ever read."""
    return PASSWORD


def accepts(path: Path) -> bool:
    """Whether a server takes connections there."""
    with socket.socket(socket.AF_UNIX) as client:
        return client.connect_ex(str(path)) == 0


@pytest.fixture
def own_redis() -> Iterator[Callable[..., Path]]:
    """Starts a Redis of the user's own with these options, and returns the path of its socket."""
    running: list[tuple[subprocess.Popen[bytes], Path]] = []

    def start(*options: str) -> Path:
        folder = Path(tempfile.mkdtemp(dir="/tmp", prefix="s"))
        path = folder / "redis.sock"
        command = [str(bundled_binary()), "--port", "0", "--save", "", "--dir", str(folder)]
        process = subprocess.Popen(
            [*command, "--unixsocket", str(path), *options], stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL
        )
        running.append((process, folder))
        deadline = time.monotonic() + HAPPENS_WITHIN_S
        while not accepts(path):  # its file is there a moment earlier
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(POLL_S)
        return path

    try:
        yield start
    finally:
        for process, folder in running:
            process.kill()
            process.wait()
            shutil.rmtree(folder)
