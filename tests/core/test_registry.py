"""Plug-ins: found by their file's name, or by an entry point."""

from __future__ import annotations

import dataclasses
import inspect
import subprocess
import sys
from pathlib import Path

import pytest

from stampede.core import registry
from stampede.core.errors import UsageError

LAWS = ("workload.arrivals", "workload.keys")
SHEET = ["mechanism", "loads", "waiting", "staleness", "on failure", "source"]
CHOICES = [(family, name) for family in registry.STRATEGY_FAMILIES for name in registry.names(family)]
PLUGINS = CHOICES + [(folder, name) for folder in LAWS for name in registry.names(folder)]

PLUGIN = '''
from stampede.protection.coalescing.none import Unprotected

class Mine(Unprotected):
    """A plug-in of my own."""
'''
ASK = """
from stampede.core import registry
print(registry.names("coalescing"))
print(registry.summary(registry.load("coalescing", "mine")))
"""


@pytest.mark.parametrize(("family", "name"), CHOICES)
def test_every_choice_explains_itself_in_the_six_lines_that_explain_prints(family: str, name: str) -> None:
    lines = (inspect.getdoc(registry.load(family, name)) or "").splitlines()
    labels = [line.partition(":")[0] for line in lines[2:] if not line.startswith(" ")]
    assert lines[1] == ""
    assert labels == SHEET
    assert all(line.partition(":")[2].strip() for line in lines[2:] if not line.startswith(" "))


@pytest.mark.parametrize(("folder", "name"), PLUGINS)
def test_every_plug_in_has_a_summary_of_one_sentence(folder: str, name: str) -> None:
    summary = registry.summary(registry.load(folder, name))
    assert len(summary) > 10
    assert summary[0].isupper()


@pytest.mark.parametrize(("folder", "name"), PLUGINS)
def test_every_parameter_of_a_plug_in_can_be_written_as_its_default_is_shown(folder: str, name: str) -> None:
    plugin = registry.load(folder, name)
    found = registry.parameters(plugin).items()
    defaults = {each: default for each, default in found if default is not registry.REQUIRED}
    needed = {each: {"duration": "3s", "rate": "100", "n": "50"}[each] for each, _ in found if each not in defaults}
    written = needed | {key: str(value) for key, value in defaults.items()}
    arguments = registry.convert(plugin, name, written)
    read = {key.replace("_", "-"): value for key, value in arguments.items()}
    assert {key: read[key] for key in defaults} == defaults
    if dataclasses.is_dataclass(plugin):
        assert {field.name for field in dataclasses.fields(plugin)} >= set(arguments)


@pytest.mark.parametrize("folder", [*registry.STRATEGY_FAMILIES, *LAWS])
def test_names_are_sorted_and_known_to_their_family_only(folder: str) -> None:
    names = registry.names(folder)
    assert names == sorted(set(names))
    with pytest.raises(UsageError, match=r"unknown .* 'bogus': .*known:"):
        registry.load(folder, "bogus")


def test_a_name_belongs_to_one_family_only() -> None:
    names = [name for _, name in CHOICES]
    assert len(names) == len(set(names))


def test_a_parameter_with_a_hyphen_reaches_the_field_with_an_underscore() -> None:
    plugin = registry.load("coalescing", "redis-lock")
    assert registry.convert(plugin, "redis-lock", {"poll-max": "50ms"}) == {"poll_max": 0.05}


def test_a_third_party_adds_a_choice_with_an_entry_point(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(PLUGIN)
    info = tmp_path / "mine-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: mine\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[stampede.coalescing]\nmine = mine:Mine\n")
    asked = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.append({str(tmp_path)!r}){ASK}"],
        capture_output=True,
        text=True,
        check=True,
    )
    names, summary = asked.stdout.splitlines()
    assert "'mine'" in names
    assert "'none'" in names
    assert summary == "A plug-in of my own."
