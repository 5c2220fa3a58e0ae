"""What the tests of the library share: caches with a namespace of their own, and a loader that counts."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

import pytest


class Loader:
    """A slow database: what it gives, how often it was asked, whether it fails."""

    def __init__(self) -> None:
        self.value: Any = {"name": "ann"}
        self.seconds = 0.05
        self.error: Exception | None = None
        self.loads = 0
        self.threads: list[threading.Thread] = []
        self._lock = threading.Lock()

    async def __call__(self) -> Any:
        self.loads += 1
        await asyncio.sleep(self.seconds)
        return self._answer()

    def blocking(self) -> Any:
        """The same for threads."""
        with self._lock:
            self.loads += 1
            self.threads.append(threading.current_thread())
        time.sleep(self.seconds)
        return self._answer()

    def _answer(self) -> Any:
        if self.error is not None:
            raise self.error
        return self.value


@pytest.fixture
def load() -> Loader:
    """A loader of the test's own."""
    return Loader()


@pytest.fixture
def namespace() -> str:
    """A namespace of the test's own: the servers are shared."""
    return f"test-{Random().getrandbits(64):x}"


Script = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def script() -> Iterator[Script]:
    """Starts a Python program of its own; the words after it are its arguments, `before` a command that starts it."""
    started: list[subprocess.Popen[str]] = []

    def start(text: str, *words: str, before: tuple[str, ...] = ()) -> subprocess.Popen[str]:
        command = [*before, sys.executable, "-c", textwrap.dedent(text), *words]
        pipe = subprocess.PIPE
        started.append(subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True))
        return started[-1]

    yield start
    for each in started:
        each.kill()  # of a test that has failed
        each.communicate()


def said(started: subprocess.Popen[str]) -> str:
    """What a program has written when it has ended well, without a word of complaint."""
    out, err = started.communicate(timeout=30)
    assert (started.returncode, err) == (0, ""), err
    return out
