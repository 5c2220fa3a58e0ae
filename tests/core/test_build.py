"""Whoever is started runs the code of the one who starts, or says in one line that it does not."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import stampede
from stampede.core.build import own_build, require_same_build
from stampede.core.errors import DatabaseUnavailable, EnvironmentFault
from stampede.engine import local_process
from stampede.engine.fleet import Fleet
from stampede.engine.local_process import LocalProcess
from stampede.engine.messages import Setup
from stampede.processes import slow_database
from stampede.processes.slow_database import SlowDatabaseProcess

ELSEWHERE = "/elsewhere/stampede 0123456789ab"
MIXED = "two installations of stampede are mixed, /elsewhere/stampede and "


def test_the_same_build_is_fine_and_names_its_folder() -> None:
    require_same_build(own_build())
    assert own_build().startswith(str(Path(stampede.__file__).parent))


@pytest.mark.parametrize(
    ("theirs", "line"),
    [(ELSEWHERE, MIXED), (own_build()[:-1] + "x", "was changed while stampede started: start it again")],
)
def test_another_build_is_said_in_a_line(theirs: str, line: str) -> None:
    with pytest.raises(EnvironmentFault, match=line):
        require_same_build(theirs)


def test_the_database_says_that_it_is_another_build(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slow_database, "own_build", lambda: ELSEWHERE)
    database = SlowDatabaseProcess()
    try:
        with pytest.raises(DatabaseUnavailable, match=MIXED):
            asyncio.run(database.ready())
    finally:
        database.stop()


def test_an_instance_does_not_look_at_all_files_again() -> None:
    """Its start is a part of what a restart costs."""
    shown = (
        "import stampede.engine.instance_process, stampede.core.build as b; print(b.own_build.cache_info().currsize)"
    )
    assert subprocess.run([sys.executable, "-c", shown], capture_output=True, check=True).stdout == b"1\n"


def test_an_instance_says_that_it_is_another_build(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local_process, "own_build", lambda: ELSEWHERE)

    async def work() -> Any:
        fleet = Fleet(LocalProcess.launch, 1, lambda number, start: Setup(number, 1, "0.1", "", 0, "", "", None))
        try:
            await fleet.ready()
        finally:
            await fleet.stop()

    with pytest.raises(EnvironmentFault, match=MIXED):
        asyncio.run(work())
