"""What a real bash offers after <TAB>."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from stampede.core import registry
from stampede.scenario import reading

TAB = """
source <(_STAMPEDE_COMPLETE=source_bash stampede)
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
_stampede_completion stampede
printf '%s\\n' "${COMPREPLY[@]}"
"""


def offered(*words: str) -> list[str]:
    """What bash has for the last word, by the script that `stampede --install-completion` installs."""
    bash, folder = shutil.which("bash"), Path(sys.executable).parent
    if bash is None:
        pytest.skip("bash is not installed")
    ended = subprocess.run(
        [bash, "--norc", "-c", TAB, "bash", "stampede", *words],
        env={**os.environ, "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    return ended.stdout.split()


def test_a_plus_offers_what_may_follow() -> None:
    names = offered("run", "-s", "swr+")
    assert "swr+two-level" in names
    assert "swr+xfetch" not in names


def test_a_bracket_in_quotes_offers_parameters_with_their_defaults() -> None:
    assert offered("run", "--strategy", "'redis-lock(lease=5s,poll") == [
        "redis-lock(lease=5s,poll=20ms)",
        "redis-lock(lease=5s,poll-max=100ms)",
    ]


def test_run_offers_scenarios() -> None:
    assert offered("run", "") == reading.shipped()
    assert offered("run", "hot") == ["hot-key-expiry"]


def test_explain_offers_everything_that_it_knows() -> None:
    names = set(offered("explain", ""))
    assert names >= set(reading.shipped())
    assert all(names >= set(registry.names(family)) for family in registry.FAMILIES)


def test_completion_imports_nothing_heavy() -> None:
    words = {"_STAMPEDE_COMPLETE": "complete_bash", "COMP_WORDS": "stampede run -s swr+", "COMP_CWORD": "3"}
    ended = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "stampede"],
        env={**os.environ, **words},
        capture_output=True,
        text=True,
    )
    assert "swr+lease" in ended.stdout
    imported = {line.split("|")[-1].strip().partition(".")[0] for line in ended.stderr.splitlines()}
    assert "typer" in imported
    assert not imported & {"numpy", "redis", "sqlalchemy", "uvloop", "multiprocessing"}
