"""The working directory may be anybody's: nothing in it is imported, by the command or by what it starts."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cli import conftest

OURS = [
    "uvloop",
    "msgspec",
    "redis",
    "hiredis",
    "numpy",
    "sqlalchemy",
    "aiosqlite",
    "rich",
    "typer",
    "click",
]
SCRIPT = [str(Path(sys.executable).parent / "stampede")]
MODULE = [sys.executable, "-m", "stampede"]
WITHOUT_ENVIRONMENT = [sys.executable, "-E", "-m", "stampede"]

Stampede = Callable[..., Any]


def before_any_module_runs(probe: Path) -> list[str]:
    """What `python -m` imports by itself, before a module could look to its path."""
    probe.write_text("import sys; print(*sys.modules)")
    words = [sys.executable, "-P", "-c", f"import runpy; runpy.run_path({str(probe)!r})"]
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout.split()


@pytest.fixture
def imported(tmp_path: Path) -> Callable[[], str]:
    """Plants a module of every name that could be imported; each tells that it was, and goes on as nothing."""
    told = tmp_path / "told"
    for name in {*sys.stdlib_module_names, *OURS}:
        (tmp_path / f"{name}.py").write_text(f"with open({str(told)!r}, 'a') as told: print(__name__, file=told)\n")
    return lambda: told.read_text() if told.exists() else ""


@pytest.mark.parametrize(
    "command", [SCRIPT, MODULE, WITHOUT_ENVIRONMENT], ids=["script", "module", "without environment"]
)
@pytest.mark.parametrize("database", [[], ["--database", "sqlite+aiosqlite:///a.db", "--query", "select 1"]])
def test_no_module_of_the_working_directory_is_imported(
    stampede: Stampede,
    imported: Callable[[], str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    command: list[str],
    database: list[str],
) -> None:
    monkeypatch.setattr(conftest, "STAMPEDE", command)
    (tmp_path / "a.db").touch()
    if command is not SCRIPT:
        for name in before_any_module_runs(tmp_path / "probe.py"):
            (tmp_path / f"{name}.py").unlink(missing_ok=True)
    else:  # `python -m stampede` runs the folder itself, which is what it was asked for
        (tmp_path / "stampede").mkdir()
        (tmp_path / "stampede" / "__init__.py").write_text((tmp_path / "uvloop.py").read_text())
    ended = stampede("run", "-c", 20, "-i", 2, "--trials", 1, "-s", "two-level", "--json", *database)
    assert imported() == ""
    assert ended.err == ""
    assert ended.code in (0, 4)
