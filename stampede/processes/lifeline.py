"""Runs a server that must not outlive its owner.

The owner holds the other end of our standard input, by which it tells the folder to make and the command: so nobody
else can read a name before its folder is made. When that end closes, however the owner ended (SIGKILL included), the
server is ended and its temporary folder is removed. What we and the server say goes into a file there.
Runs as a script, with the standard library only, so that it starts within a few milliseconds.
"""

from __future__ import annotations

import contextlib
import errno
import os
import selectors
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

STOP_TIMEOUT_S = 5.0
LONGEST_TMPDIR = 49
"""Bytes: a Unix socket's path has 103 at most on macOS, and the longest of ours, that of multiprocessing, adds 54."""
ENDED = "ended"
LOG = "log"


class Guarded:
    """The owner's side: a server process behind a lifeline, with a private temporary folder."""

    def __init__(self, name: str) -> None:
        """Choose a folder, which is made by `start`. Raises EnvironmentFault: none can be had."""
        self.folder = _new_name(f"stampede-{name}-")
        self.log = self.folder / LOG
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, command: list[str], **popen: Any) -> None:
        """Start the server, or none for the folder alone.

        In a session of its own: Ctrl-C in the terminal is for the owner to handle.

        Raises:
            OSError: the lifeline could not be started.
        """
        from stampede.processes.children import environment  # not at the top: this file also runs on its own

        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", __file__],
            env=environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            **popen,
        )
        assert self._process.stdin is not None
        self._process.stdin.write(_told([str(self.folder), *command]))
        self._process.stdin.flush()

    def wait_for_folder(self) -> None:
        """Wait until the folder is there. Raises EnvironmentFault: it could not be made."""
        assert self._process is not None
        assert self._process.stdout is not None
        if not self._process.stdout.readline():
            raise _no_folder("it could not be made")

    @property
    def alive(self) -> bool:
        """Whether the server still runs."""
        running = self._process is not None and self._process.poll() is None
        return running and not (self.folder / ENDED).exists()

    def last_words(self) -> str:
        """The last line that the server wrote, for an error message."""
        with contextlib.suppress(OSError):
            lines = self.log.read_text(errors="replace").strip().splitlines()
            return lines[-1] if lines else ""
        return ""

    def stop(self) -> None:
        """End the server and remove its folder; safe to call twice."""
        if self._process is not None and self._process.stdin is not None and self._process.stdout is not None:
            with contextlib.suppress(OSError):  # what could not be written is not written now
                self._process.stdin.close()
            self._process.stdout.close()
            try:
                self._process.wait(timeout=STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        with contextlib.suppress(OSError):
            if _is_ours_alone(self.folder):  # the lifeline has removed it, and its name is known by now
                shutil.rmtree(self.folder, ignore_errors=True)


def _new_name(prefix: str) -> Path:
    """The path of a folder that is to be made, and that nobody can guess."""
    from stampede.core.errors import EnvironmentFault  # not at the top: this file also runs on its own

    try:
        parent = tempfile.gettempdir()
        os.stat(parent)
    except OSError as error:
        raise _no_folder(error.strerror) from None
    if not os.access(parent, os.W_OK | os.X_OK):
        raise _no_folder(os.strerror(errno.EACCES))
    if len(os.fsencode(parent)) > LONGEST_TMPDIR:
        raise EnvironmentFault(
            f"the temporary folder {parent} is too long for the path of a Unix socket: "
            "set TMPDIR to a shorter one, such as /tmp"
        )
    return Path(parent, prefix + os.urandom(4).hex())


def _no_folder(why: str | None) -> Exception:
    from stampede.core.errors import EnvironmentFault

    return EnvironmentFault(f"no temporary folder can be made ({why}): set TMPDIR to another")


def _told(words: list[str]) -> bytes:
    """What the owner tells the lifeline: the length, then the words."""
    message = b"\0".join(map(os.fsencode, words))
    return len(message).to_bytes(4, "big") + message


def _hear() -> list[str]:
    """What the owner has told; nothing if it has ended before."""
    length = int.from_bytes(sys.stdin.buffer.read(4), "big")
    message = sys.stdin.buffer.read(length)
    return [os.fsdecode(word) for word in message.split(b"\0")] if message and len(message) == length else []


def _is_ours_alone(folder: Path) -> bool:
    """Whether it is a folder, and no link to one, that nobody else may enter."""
    there = folder.lstat()
    return stat.S_ISDIR(there.st_mode) and there.st_uid == os.geteuid() and not there.st_mode & 0o077


def _say_into(log: Path) -> None:
    """Have our words and the server's go into a new file."""
    file = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL, 0o600)
    os.dup2(file, sys.stdout.fileno())
    os.dup2(file, sys.stderr.fileno())
    os.close(file)


def die_with_parent() -> None:
    """On Linux, have the kernel end this process as soon as its parent has ended, even by SIGKILL."""
    if sys.platform == "linux":
        import ctypes

        pr_set_pdeathsig = 1
        ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL)


def _ended_by_itself(server: subprocess.Popen[bytes]) -> bool:
    """Wait until the server has ended (True) or the owner has let go (False)."""
    with selectors.DefaultSelector() as selector:
        selector.register(sys.stdin.buffer, selectors.EVENT_READ)
        while server.poll() is None:
            if selector.select(timeout=0.1):
                return False
    return True


def run(folder: Path, command: list[str]) -> int:
    """Run the command in a new folder until the owner lets go or is gone; then clean up.

    Returns the command's exit code.
    """
    try:
        folder.mkdir(mode=0o700)
    except OSError:  # also if it exists: then it is not ours
        return 1
    try:
        print("made", flush=True)
        _say_into(folder / LOG)
        if not command:  # it is only the folder that must not outlive its owner
            sys.stdin.buffer.read()
            return 0
        try:
            server = subprocess.Popen(command, stdin=subprocess.DEVNULL, preexec_fn=die_with_parent)
        except OSError as error:
            print(f"{command[0]}: {error.strerror}", file=sys.stderr, flush=True)
            (folder / ENDED).touch()
            sys.stdin.buffer.read()
            return 1
        if _ended_by_itself(server):
            (folder / ENDED).touch()
            sys.stdin.buffer.read()  # the owner may still want to read the log
        server.kill()  # it keeps nothing that would be worth a farewell
        return server.wait()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    told = _hear()
    raise SystemExit(run(Path(told[0]), told[1:]) if told else 1)
