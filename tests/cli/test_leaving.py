"""A signal that comes when all is done."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

WHILE_LEAVING = """
import atexit, os, sys
from stampede.__main__ import main
atexit.register(os.kill, os.getpid(), {number:d})
sys.argv = ["stampede", "--version"]
main()
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda s: s.name)
def test_it_changes_neither_the_exit_code_nor_what_is_said(number: signal.Signals) -> None:
    leaving = [sys.executable, "-P", "-c", WHILE_LEAVING.format(number=number)]
    ended = subprocess.run(leaving, capture_output=True, text=True, timeout=60)
    assert (ended.returncode, ended.stderr) == (0, "")
