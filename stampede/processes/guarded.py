"""The owner's side of a lifeline: a server that does not outlive us, in a private temporary folder."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

from stampede.core.errors import EnvironmentFault
from stampede.processes import lifeline
from stampede.processes.children import environment
from stampede.processes.lifeline import ENDED, LOG, is_ours_alone

STOP_TIMEOUT_S = 5.0
LONGEST_TMPDIR = 49
"""Bytes: a Unix socket's path has 103 at most on macOS, and the longest of ours, that of multiprocessing, adds 54."""


class Guarded:
    """The owner's side: a server process behind a lifeline, with a private temporary folder."""

    def __init__(self, name: str) -> None:
        """Choose a folder, which is made by `start`. Raises EnvironmentFault: none can be had."""
        self.folder = _new_name(f"stampede-{name}-")
        self.log = self.folder / LOG
        self._process: subprocess.Popen[bytes] | None = None
        self._telling = threading.Lock()

    def start(self, command: list[str], **popen: Any) -> None:
        """Start the server, or none for the folder alone.

        In a session of its own: Ctrl-C in the terminal is for the owner to handle. Held back there, too, for it may
        come before that session.

        Raises:
            OSError: the lifeline could not be started.
        """
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGHUP})
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", lifeline.__file__],
                env=environment(),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
                **popen,
            )
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
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

    def tell(self, word: bytes) -> None:
        """Have the server killed, started, frozen or thawed (a word of `lifeline`), and wait until it is.

        Raises:
            OSError: the lifeline is gone.
        """
        assert self._process is not None
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with self._telling:
            self._process.stdin.write(word)
            self._process.stdin.flush()
            while (answer := self._process.stdout.readline()).strip() != word:
                if not answer:
                    raise ConnectionResetError("it has ended")

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
            if is_ours_alone(self.folder):  # the lifeline has removed it, and its name is known by now
                shutil.rmtree(self.folder, ignore_errors=True)


def _new_name(prefix: str) -> Path:
    """The path of a folder that is to be made, and that nobody can guess."""
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
    return EnvironmentFault(f"no temporary folder can be made ({why}): set TMPDIR to another")


def _told(words: list[str]) -> bytes:
    """What the owner tells the lifeline: the length, then the words."""
    message = b"\0".join(map(os.fsencode, words))
    return len(message).to_bytes(4, "big") + message
