"""The command that makes the reference results."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from stampede.core.errors import UsageError
from stampede.measure.expected import Reproduced
from stampede.scenario import reading

SCRIPT = Path(__file__).parents[1] / "results/regenerate.py"
NAME = "published/artigo-hosts-1"


def run(*words: object) -> subprocess.CompletedProcess[str]:
    """The command, with its output."""
    return subprocess.run(
        [sys.executable, SCRIPT, *map(str, words)], check=False, capture_output=True, text=True, timeout=60
    )


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the results of one scenario, measured once."""
    folder = tmp_path_factory.mktemp("results")
    done = run("--only", NAME, "--trials", 1, "--seed", 4711, "--into", folder)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    return folder


@pytest.fixture(scope="module")
def script() -> ModuleType:
    """The command's functions."""
    spec = importlib.util.spec_from_file_location("regenerate", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_scenario_is_exported_in_every_format(measured: Path) -> None:
    found = {path.name for path in (measured / "published").iterdir()}
    assert found == {f"artigo-hosts-1.{ending}" for ending in ("csv", "json", "md")}
    document = json.loads((measured / f"{NAME}.json").read_text())
    assert (document["seed"], len(document["trials"])) == (4711, 3)


def test_the_index_shows_expected_beside_measured_and_links_the_files(measured: Path) -> None:
    index = (measured / "README.md").read_text()
    assert "| artigo-hosts-1 | `none` | db_hits | 12 | exact | 12 (one run) | 1 | 1.000 | within |" in index
    assert f"[csv]({NAME}.csv) [json]({NAME}.json) [md]({NAME}.md)" in index
    assert "12 callers, burst, keys single, over 1 instance" in index
    assert f"## {NAME}\n\nThe published comparison" in index
    assert "Measured with stampede" in index


def test_the_index_alone_can_be_made_again(measured: Path) -> None:
    before = (measured / "README.md").read_text()
    (measured / "README.md").unlink()
    assert run("--index", "--into", measured).returncode == 0
    assert (measured / "README.md").read_text() == before


def test_a_deviation_shows_its_explanation_or_that_there_is_none(script: ModuleType, measured: Path) -> None:
    saved = measured / f"{NAME}.json"
    document = json.loads(saved.read_text())
    document["scenario"]["expected"][0]["value"] = 1000
    runs = {NAME: script.read(_rewritten(saved, document))}
    assert "| 1000 | exact | 12 (one run) | 1 | 0.012 | outside: **not explained** |" in script.expected(runs, {})
    explained = script.expected(runs, {NAME: {"none db_hits": "because"}})
    assert "| 1000 | exact | 12 (one run) | 1 | 0.012 | outside: because |" in explained


def test_an_explanation_of_nothing_is_refused(script: ModuleType, measured: Path) -> None:
    runs = {NAME: script.read(measured / f"{NAME}.json")}
    with pytest.raises(UsageError, match=r"no scenario expects.*none p98"):
        script.expected(runs, {NAME: {"none p98": "because"}})
    assert script.expected(runs, {"another": {"none p98": "because"}})


def test_the_published_scenarios_are_asked_for_apart(script: ModuleType) -> None:
    assert {"cold-burst", "two-level", "champion"} <= set(script.chosen(False))
    assert not any(name.startswith("published/") for name in script.chosen(False))
    assert all(name.startswith("published/") for name in script.chosen(True))


def test_every_shipped_scenario_has_a_reference_result_that_the_index_shows() -> None:
    results = SCRIPT.parent
    index = (results / "README.md").read_text(encoding="utf-8")
    for name in reading.shipped():
        assert all((results / f"{name}.{ending}").exists() for ending in ("csv", "json", "md")), name
        assert f"\n## {name}\n" in index
    measured = {str(path.relative_to(results).with_suffix("")) for path in results.rglob("*.json")}
    assert measured == set(reading.shipped())


def test_an_unknown_scenario_ends_it_with_the_commands_own_words(tmp_path: Path) -> None:
    done = run("--only", "cold-brust", "--into", tmp_path)
    assert done.returncode == 2
    assert "did you mean 'cold-burst'" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_index_shows_an_interval_where_the_trials_differ_and_says_where_there_is_none(script: ModuleType) -> None:
    def cell(trials: int, interval: tuple[float, float] | None) -> str:
        each = Reproduced("none", "latency_max_ms", 309, 305, 305 / 309, True, "", 0.05, interval, trials)
        return str(script.row("published/a", each, None))

    assert "| ±5 % | 305 [304, 306] | 10 | 0.987 | within |" in cell(10, (304, 306))
    assert "| 305 | 10 |" in cell(10, (305, 305))
    assert "| 305 (too few trials for an interval) | 5 |" in cell(5, None)
    assert "| 305 (one run) | 1 |" in cell(1, None)


def _rewritten(path: Path, document: object) -> Path:
    other = path.with_name("other.txt")
    other.write_text(json.dumps(document))
    return other
