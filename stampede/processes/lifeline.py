"""Runs a server that must not outlive its owner.

The owner holds the other end of our standard input, by which it tells the folder to make and the command: so nobody
else can read a name before its folder is made. When that end closes, however the owner ended (SIGKILL included), the
server is ended and its temporary folder is removed. What we and the server say goes into a file there. Until then the
owner may have the server killed, started again, frozen and thawed, by one byte for each, which is answered when done.
Runs as a script, with the standard library only, so that it starts within a few milliseconds.
"""

from __future__ import annotations

import os
import selectors
import shutil
import signal
import stat
import subprocess
import sys
from pathlib import Path

ENDED = "ended"
LOG = "log"

KILL, START, FREEZE, THAW = b"k", b"s", b"f", b"t"
_SIGNALS = {FREEZE: signal.SIGSTOP, THAW: signal.SIGCONT}


def _hear() -> list[str]:
    """What the owner has told; nothing if it has ended before."""
    length = int.from_bytes(sys.stdin.buffer.read(4), "big")
    message = sys.stdin.buffer.read(length)
    return [os.fsdecode(word) for word in message.split(b"\0")] if message and len(message) == length else []


def is_ours_alone(folder: Path) -> bool:
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


class _Server:
    """The server, which its owner may have killed and started again."""

    def __init__(self, command: list[str]) -> None:
        """Start it. Raises OSError."""
        self._command = command
        self._killed = False
        self._process = self._start()

    def _start(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(self._command, stdin=subprocess.DEVNULL, preexec_fn=die_with_parent)

    def obey(self, answers: int) -> bool:
        """Do what the owner says, until the server has ended by itself (True) or the owner has let go (False)."""
        with selectors.DefaultSelector() as selector:
            selector.register(sys.stdin.fileno(), selectors.EVENT_READ)
            while self._killed or self._process.poll() is None:
                if not selector.select(timeout=0.1):
                    continue
                word = os.read(sys.stdin.fileno(), 1)
                if not word:
                    return False
                self._do(word)
                os.write(answers, word + b"\n")
        return True

    def _do(self, word: bytes) -> None:
        if word == KILL:
            self._killed = True
            self.end()
        elif word == START:
            if self._killed:  # else it runs: who was cancelled does not know how far its last word came
                self._process, self._killed = self._start(), False
        else:
            self._process.send_signal(_SIGNALS[word])

    def end(self) -> int:
        """End it, frozen or not: it keeps nothing that would be worth a farewell. Returns its exit code."""
        self._process.kill()
        return self._process.wait()


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
        answers = os.dup(sys.stdout.fileno())
        _say_into(folder / LOG)
        if not command:  # it is only the folder that must not outlive its owner
            sys.stdin.buffer.read()
            return 0
        try:
            server = _Server(command)
        except OSError as error:
            print(f"{command[0]}: {error.strerror}", file=sys.stderr, flush=True)
            (folder / ENDED).touch()
            sys.stdin.buffer.read()
            return 1
        try:
            if server.obey(answers):
                (folder / ENDED).touch()
                sys.stdin.buffer.read()  # the owner may still want to read the log
        finally:
            code = server.end()
        return code
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    told = _hear()
    raise SystemExit(run(Path(told[0]), told[1:]) if told else 1)
