"""What it costs to import the library, and what it leaves out."""

from __future__ import annotations

import subprocess
import sys

import pytest

import stampede
from stampede.library.cache import Cache

OF_THE_BENCH = (
    "cli",
    "engine",
    "faults",
    "measure",
    "origins",
    "processes",
    "reports",
    "scenario",
    "testing",
    "workload",
)


def modules(code: str) -> set[str]:
    """What a fresh interpreter has imported after the code."""
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys; print(*sys.modules)"], check=True, capture_output=True, text=True
    )
    return set(done.stdout.split())


def test_the_package_itself_imports_nothing() -> None:
    assert modules("import stampede") - modules("") == {"stampede"}


@pytest.mark.parametrize("use", ["stampede.Cache", "stampede.SyncCache.connect('memory://', ttl=1).get('k', int)"])
def test_the_library_imports_no_code_of_the_bench(use: str) -> None:
    found = modules(f"import stampede; {use}")
    assert "stampede.library.cache" in found
    assert not found & {f"stampede.{part}" for part in OF_THE_BENCH}
    assert not found & {"typer", "rich", "aiohttp", "numpy", "sqlalchemy", "uvloop", "plotext", "mpmath"}


def test_the_names_of_the_library_are_found_and_no_others() -> None:
    assert stampede.Cache is Cache
    assert {"Cache", "SyncCache", "LoadError", "JSON"} <= set(dir(stampede))
    with pytest.raises(AttributeError, match="module 'stampede' has no attribute 'Cash'"):
        stampede.Cash  # noqa: B018
