"""Files that a user names: found out before the run, and never waited for."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Stampede = Callable[..., Any]


def test_a_folder_that_is_not_there_is_said_before_the_run_and_not_made(said: Stampede, tmp_path: Path) -> None:
    ended = said("run", "-e", "nope/x.csv", "--redis", "redis://127.0.0.1:1")
    assert ended.code == 2
    assert "there is no folder 'nope': make it first" in ended.complaint()
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("name", ["pipe.json", "folder.json"])
@pytest.mark.parametrize(
    "words",
    [
        ["report", "{}"],
        ["report", "{}", "--requests", "{}"],
        ["diff", "{}", "{}"],
        ["diff", "{}", "{}", "--calibration", "{}"],
    ],
    ids=" ".join,
)
def test_a_pipe_or_a_folder_is_no_run(said: Stampede, tmp_path: Path, words: list[str], name: str) -> None:
    os.mkfifo(tmp_path / "pipe.json")
    (tmp_path / "folder.json").mkdir()
    ended = said(*(word.format(name) for word in words))
    assert ended.code == 2
    assert f"'{name}'" in ended.complaint()


def test_a_pipe_is_no_scenario(said: Stampede, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.toml")
    ended = said("run", "pipe.toml", "--redis", "redis://127.0.0.1:1")  # an empty one, and no strategy in it
    assert (ended.code, "no strategy" in ended.complaint()) == (2, True)
