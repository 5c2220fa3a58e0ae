"""A server behind a lifeline does not outlive its owner, and neither does its temporary folder."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from stampede.processes.guarded import Guarded
from stampede.processes.lifeline import FREEZE, KILL, START, THAW

SERVER = "import os, signal, time; {before}; print(os.getpid(), flush=True); time.sleep(600)"
OWNER = """
import sys, time
from stampede.processes.guarded import Guarded
server = Guarded("test")
server.start([sys.executable, "-S", "-c", sys.argv[1]])
print(server.folder, flush=True)
time.sleep(600)
"""
WITHIN_S = 20.0
GONE_WITHIN_S = 3.0


def until(happened: Callable[[], object], within: float = WITHIN_S) -> None:
    deadline = time.monotonic() + within
    while not happened():
        assert time.monotonic() < deadline, f"not within {within} s"
        time.sleep(0.005)


def running(pid: int) -> bool:
    """Whether the process runs; a zombie does not."""
    try:
        status = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=True)
    except subprocess.CalledProcessError:
        return False
    return not status.stdout.startswith("Z")


def pid_of(log: Path) -> int:
    """The server's, which it writes when it is up."""
    until(lambda: log.exists() and log.read_text().endswith("\n"))
    return int(log.read_text())


@pytest.fixture(autouse=True)
def folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder for temporary folders; its path is short, as those of Unix sockets have to be."""
    with tempfile.TemporaryDirectory(dir="/tmp", prefix="s") as folder:
        monkeypatch.setattr(tempfile, "tempdir", folder)
        monkeypatch.setenv("TMPDIR", folder)
        yield Path(folder)


@pytest.fixture
def server() -> Iterator[Guarded]:
    guarded = Guarded("test")
    yield guarded
    guarded.stop()


def begin(server: Guarded, before: str = "pass") -> int:
    server.start([sys.executable, "-S", "-c", SERVER.format(before=before)])
    return pid_of(server.log)


def test_a_server_has_a_private_folder_while_it_runs(server: Guarded, folder: Path) -> None:
    pid = begin(server)
    assert server.alive
    assert running(pid)
    assert server.last_words() == str(pid)
    assert server.folder.parent == folder
    assert server.folder.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("before", ["pass", "signal.signal(signal.SIGTERM, signal.SIG_IGN)"], ids=["", "stubborn"])
def test_server_and_folder_go_when_the_owner_stops_it(server: Guarded, folder: Path, before: str) -> None:
    pid = begin(server, before)
    server.stop()
    assert not server.alive
    assert not running(pid)
    assert list(folder.iterdir()) == []
    server.stop()  # a second time does no harm


def test_a_server_that_was_never_started_leaves_no_folder(server: Guarded, folder: Path) -> None:
    assert not server.alive
    server.stop()
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT], ids=lambda s: s.name)
def test_server_and_folder_go_when_the_owner_is_ended(folder: Path, number: signal.Signals) -> None:
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER, SERVER.format(before="pass")],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    with owner:
        assert owner.stdout
        log = Path(owner.stdout.readline().strip()) / "log"
        pid = pid_of(log)
        owner.send_signal(number)
    until(lambda: not running(pid) and not list(folder.iterdir()), GONE_WITHIN_S)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP])
def test_what_a_terminal_sends_before_a_server_has_a_session_of_its_own_does_not_end_it(
    server: Guarded, number: signal.Signals
) -> None:
    def sent_meanwhile() -> None:
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)

    server.start([sys.executable, "-S", "-c", SERVER.format(before="pass")], preexec_fn=sent_meanwhile)
    assert running(pid_of(server.log))
    assert server.alive


def test_a_server_that_ends_by_itself_is_not_alive_and_its_last_words_are_kept(server: Guarded, folder: Path) -> None:
    server.start([sys.executable, "-S", "-c", "print('one'); print('out of memory'); raise SystemExit(1)"])
    until(lambda: not server.alive)
    assert server.last_words() == "out of memory"
    server.stop()
    assert list(folder.iterdir()) == []


def test_a_server_that_is_killed_is_not_alive(server: Guarded) -> None:
    pid = begin(server)
    os.kill(pid, signal.SIGKILL)
    until(lambda: not server.alive, GONE_WITHIN_S)


def test_a_command_that_cannot_be_executed_says_so_in_its_last_words(server: Guarded) -> None:
    server.start(["/nowhere/server"])
    until(lambda: not server.alive)
    assert "/nowhere/server" in server.last_words()


@pytest.mark.skipif(sys.platform != "linux", reason="needs the kernel's help, which only Linux gives")
def test_the_owner_may_have_the_server_killed_and_started_again(server: Guarded) -> None:
    first = begin(server)
    server.tell(KILL)
    assert not running(first)
    assert server.alive, "it is down because its owner wanted that"
    server.tell(START)
    until(lambda: len(server.log.read_text().split()) == 2)
    second = int(server.log.read_text().split()[1])
    assert running(second)
    os.kill(second, signal.SIGKILL)
    until(lambda: not server.alive)


def test_a_server_that_runs_is_not_started_a_second_time(server: Guarded) -> None:
    first = begin(server)
    server.tell(START)
    server.tell(KILL)
    assert not running(first)


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
@pytest.mark.parametrize("end", ["thaw", "kill", "stop"])
def test_the_owner_may_have_the_server_frozen_and_even_so_it_can_be_ended(server: Guarded, end: str) -> None:
    pid = begin(server)

    def state() -> str:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]

    server.tell(FREEZE)
    until(lambda: state() == "T")
    if end == "thaw":
        server.tell(THAW)
        until(lambda: state() != "T")
        return
    if end == "kill":
        server.tell(KILL)
    else:
        server.stop()
    assert not running(pid)


def test_a_lifeline_that_is_gone_obeys_nobody_and_says_so(server: Guarded) -> None:
    pid = begin(server)
    parent = int(subprocess.run(["ps", "-o", "ppid=", "-p", str(pid)], capture_output=True, text=True).stdout)
    os.kill(parent, signal.SIGKILL)
    with pytest.raises(OSError, match=r"."):
        server.tell(KILL)


def test_a_server_does_not_outlive_its_lifeline(server: Guarded) -> None:
    pid = begin(server)
    lifeline = int(subprocess.run(["ps", "-o", "ppid=", "-p", str(pid)], capture_output=True, text=True).stdout)
    os.kill(lifeline, signal.SIGKILL)
    until(lambda: not running(pid), GONE_WITHIN_S)
    assert not server.alive
