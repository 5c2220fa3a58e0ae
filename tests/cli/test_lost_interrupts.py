"""A Ctrl-C that arrives where Python, or a library, discards it."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

INTERRUPTED = """
import os, signal, sys
from stampede.__main__ import main

calls = 0

def trace(frame, event, argument):
    global calls
    calls += frame.f_code.co_name == {function!r}
    if calls == {call}:
        sys.settrace(None)
        print("interrupted", flush=True)
        os.kill(os.getpid(), signal.SIGINT)

signal.signal(signal.SIGINT, signal.default_int_handler)
sys.settrace(trace)
main()
"""
RUN = ["run", "--concurrency", "20", "--trials", "1", "--quiet"]


@pytest.mark.parametrize(
    ("function", "call"),
    [
        # A weak reference's callback, of importlib: Python discards what is raised there.
        ("cb", 100),
        # redis-py sends with `asyncio.wait_for`, which until 3.11 discards a cancellation if it has sent meanwhile.
        ("send_packed_command", 3),
    ],
)
def test_a_discarded_interrupt_ends_the_run_all_the_same(tmp_path: Path, function: str, call: int) -> None:
    with tempfile.TemporaryDirectory(dir="/tmp", prefix="s") as folder:  # short, for sockets
        ended = subprocess.run(
            [sys.executable, "-P", "-c", INTERRUPTED.format(function=function, call=call), *RUN],
            env={**os.environ, "TMPDIR": folder},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
        )
    assert (ended.returncode, ended.stdout, ended.stderr) == (130, "interrupted\n", "")


AT_ITS_END = """
import os, signal, sys
from stampede.__main__ import main
from stampede.core import interrupted

ignore = interrupted.ignore

def interrupted_meanwhile():
    os.kill(os.getpid(), signal.SIGHUP)
    os.kill(os.getpid(), signal.SIGTERM)
    ignore()

interrupted.ignore = interrupted_meanwhile
main()
"""


def test_signals_at_the_very_end_are_quiet() -> None:
    ended = subprocess.run(
        [sys.executable, "-P", "-c", AT_ITS_END, "--version"], capture_output=True, text=True, timeout=60
    )
    assert (ended.returncode, ended.stderr) == (130, "")
