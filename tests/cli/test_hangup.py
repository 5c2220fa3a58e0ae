"""A terminal that is closed under a run."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

RUN = ["run", "-c", 40, "-i", 2, "--db-latency", "300ms", "-s", "two-level", "-n", 2, "--export", "out.json"]

Start = Callable[..., Any]


def test_it_ends_the_run_and_leaves_the_trials_before(start: Start, tmp_path: Path) -> None:
    run = start(*RUN)
    run.await_burst(2)
    os.kill(run.process.pid, signal.SIGHUP)
    ended = run.ended()
    assert (ended.code, ended.err) == (130, "")
    assert [trial["trial"] for trial in json.loads((tmp_path / "out.json").read_text())["trials"]] == [1]


def test_under_nohup_the_run_goes_on(start: Start, tmp_path: Path) -> None:
    run = start(*RUN, limit="trap '' HUP")
    run.await_burst(1)
    os.kill(run.process.pid, signal.SIGHUP)
    ended = run.ended()
    assert (ended.code, ended.err) == (0, "")
    assert len(json.loads((tmp_path / "out.json").read_text())["trials"]) == 2
