"""Runs a server that must not outlive its owner: `lifeline.py FOLDER -- [COMMAND ...]`.

The owner holds the other end of our standard input. When it closes, however the owner ended (SIGKILL included), the
server is ended and FOLDER, its temporary folder, is removed. What we and the server say goes into a file there.
The owner makes the folder before anybody can read its name in our command line; one that is not ours is refused.
Runs as a script, with the standard library only, so that it starts within a few milliseconds.
"""

from __future__ import annotations

import contextlib
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
        """Make the folder; from `start` on, which should follow at once, it does not outlive us.

        Raises EnvironmentFault: it cannot be had.
        """
        self.folder = Path(_new_folder(f"stampede-{name}-"))
        self.log = self.folder / LOG
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, command: list[str], **popen: Any) -> None:
        """Start the server, or none for the folder alone.

        In a session of its own: Ctrl-C in the terminal is for the owner to handle.

        Raises:
            OSError: the lifeline could not be started.
        """
        from stampede.processes.children import environment  # not at the top: this file also runs on its own

        lifeline = [sys.executable, "-I", "-S", __file__, str(self.folder), "--", *command]
        self._process = subprocess.Popen(
            lifeline,
            env=environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            **popen,
        )

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
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()
            try:
                self._process.wait(timeout=STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        with contextlib.suppress(OSError):
            if _is_ours_alone(self.folder):  # the lifeline has removed it, and its name is known by now
                shutil.rmtree(self.folder, ignore_errors=True)


def _new_folder(prefix: str) -> str:
    from stampede.core.errors import EnvironmentFault  # not at the top: this file also runs on its own

    try:
        parent = tempfile.gettempdir()
        if len(os.fsencode(parent)) <= LONGEST_TMPDIR:
            return tempfile.mkdtemp(prefix=prefix, dir=parent)
    except OSError as error:
        raise EnvironmentFault(f"no temporary folder can be made ({error.strerror}): set TMPDIR to another") from None
    raise EnvironmentFault(
        f"the temporary folder {parent} is too long for the path of a Unix socket: "
        "set TMPDIR to a shorter one, such as /tmp"
    )


def _is_ours_alone(folder: Path) -> bool:
    """Whether it is a folder, and no link to one, that nobody else may enter."""
    there = folder.lstat()
    return stat.S_ISDIR(there.st_mode) and there.st_uid == os.geteuid() and not there.st_mode & 0o077


def _say_into(log: Path) -> None:
    """Have our words and the server's go into a new file, and nowhere that somebody has put a link to."""
    file = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
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
    """Run the command until the owner lets go or is gone; then clean up. Returns the command's exit code."""
    if not _is_ours_alone(folder):
        return 1
    try:
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
    raise SystemExit(run(Path(sys.argv[1]), sys.argv[3:]))
