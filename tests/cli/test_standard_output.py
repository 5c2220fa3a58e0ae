"""Exports that go to standard output, and lists for programs."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from stampede.core import registry
from stampede.reports import glossary
from stampede.scenario import reading

RESULT = Path(__file__).parents[2] / "results" / "cold-burst.json"
NOWHERE = ["--redis", "redis://127.0.0.1:1"]

Stampede = Callable[..., Any]


def test_an_export_to_standard_output_takes_the_place_of_the_table(said: Stampede, tmp_path: Path) -> None:
    as_json = said("report", RESULT, "--json").out
    assert said("report", RESULT, "-e", "-").out == as_json
    assert said("report", RESULT, "-e", "-", "--json").out == as_json
    printed = said("report", RESULT, "-e", "-.csv", "-e", "out.csv").out
    assert printed == (tmp_path / "out.csv").read_text()
    assert len(list(csv.DictReader(io.StringIO(printed)))) == 60
    assert said("report", RESULT, "-e", "-.md").out.startswith("**cold-burst")
    assert [path.name for path in tmp_path.iterdir()] == ["out.csv"]


def test_a_run_prints_its_export_and_nothing_else(stampede: Stampede) -> None:
    words = ["run", "-n", 1, "-c", 20, "-i", 1, "--db-latency", "60ms", "-s", "two-level", "-e", "-.csv", "--quiet"]
    ended = stampede(*words)
    assert (ended.code, ended.err) == (0, "")
    (row,) = csv.DictReader(io.StringIO(ended.out))
    assert (row["strategy"], row["db_hits"], row["reasons"]) == ("two-level", "1", "")


@pytest.mark.parametrize(
    "words",
    [["-e", "-", "-e", "-.csv"], ["--json", "-e", "-.csv"], ["-e", "-.csv", "-e", "-.md"]],
    ids=" ".join,
)
def test_two_outputs_do_not_share_it(said: Stampede, words: list[str]) -> None:
    for ended in (said("run", *words, *NOWHERE), said("report", RESULT, *words)):
        assert ended.code == 2
        assert ended.complaint() == "stampede: two outputs go to standard output: give one of them a file"


def test_ratios_are_those_of_a_comparison(stampede: Stampede, said: Stampede, tmp_path: Path) -> None:
    refused = said("run", "-e", "x.ratios.csv", *NOWHERE)
    assert refused.code == 2
    assert "only stampede compare has ratios" in refused.complaint()
    words = ["compare", "none", "two-level", "-c", 20, "-i", 1, "-n", 3, "--db-latency", "60ms", "--quiet"]
    assert stampede(*words, "-e", "a.ratios.csv", "-e", "a.csv", "-e", "a.json").code == 0
    rows = list(csv.DictReader((tmp_path / "a.ratios.csv").read_text().splitlines()))
    assert {(row["reference"], row["strategy"], row["pairs"]) for row in rows} == {("none", "two-level", "3")}
    assert (rows[0]["metric"], rows[0]["ratio"]) == ("db_hits", "0.05")
    assert len((tmp_path / "a.csv").read_text().splitlines()) == 7
    assert said("report", "a.json", "-e", "-.ratios.csv").out == (tmp_path / "a.ratios.csv").read_text()


def test_list_speaks_json(said: Stampede) -> None:
    listed = said("list", "--json").json()
    assert listed.keys() == {*registry.FAMILIES, "scenarios"}
    assert all(list(listed[family]) == registry.names(family) for family in registry.FAMILIES)
    assert list(listed["scenarios"]) == reading.shipped()
    assert all(text for family in listed.values() for text in family.values())


def test_explain_columns_tells_every_column(said: Stampede) -> None:
    ended = said("explain", "columns", COLUMNS="200")
    assert (ended.code, ended.err) == (0, "")
    for heading in glossary.HEADINGS.values():
        assert heading in " ".join(ended.out.split())
    lines = dict(line.strip().split(maxsplit=1) for line in ended.out.splitlines() if line.startswith("  "))
    assert set(lines) >= {name for table in glossary.columns().values() for name in table}
    assert lines["db_peak_queued"] == "the most loads that queued for a connection at once"


def test_dev_stdout_and_a_link_to_it_are_standard_output_also_when_that_is_a_pipe(
    stampede: Stampede, tmp_path: Path
) -> None:
    (tmp_path / "link.json").symlink_to("/dev/stdout")
    for name in ("/dev/stdout", "link.json"):
        ended = stampede("run", "-s", "none", "-c", 20, "-i", 1, "-n", 1, "--quiet", "-e", name)
        assert json.loads(ended.out)["trials"][0]["concurrency"] == 20
        assert (ended.code, ended.err) == (0, "")
    assert (tmp_path / "link.json").is_symlink()
