"""`stampede report`: saved runs again, in any format."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

RESULT = Path(__file__).parents[2] / "results" / "cold-burst.json"
RUN = ["run", "-n", 1, "-c", 40, "-i", 2, "--db-latency", "100ms", "-s", "none", "-s", "two-level", "--seed", 4711]
NOWHERE = ["--redis", "redis://127.0.0.1:1"]
"""Whoever got as far as Redis would complain of it."""

Stampede = Callable[..., Any]
Said = Callable[..., Any]


def test_a_saved_run_is_reported_as_it_was(stampede: Stampede, tmp_path: Path) -> None:
    first = ["--export", "a.csv", "--export", "a.md", "--export", "a.html", "--export", "a.json"]
    ran = stampede(*RUN, *first, "--requests", "requests.csv", "--plot", COLUMNS="80")
    assert (ran.code, ran.err) == (0, "")
    assert "\x1b" not in ran.out
    assert max(map(len, ran.out.splitlines())) <= 80
    assert "DB: █ in flight ░ queued" in ran.out
    again = [word.replace("a.", "b.") for word in first]
    reported = stampede("report", "a.json", *again, "--plot", COLUMNS="80")
    assert (reported.code, reported.out, reported.err) == (0, ran.out, "")
    for ending in ("csv", "md", "html", "json"):
        assert (tmp_path / f"b.{ending}").read_bytes() == (tmp_path / f"a.{ending}").read_bytes()
    assert (tmp_path / "a.json").stat().st_size < 100_000
    folded = stampede("report", "a.json", "--requests", "requests.csv", COLUMNS="80")
    assert (folded.code, folded.err) == (0, "")
    assert ran.out.startswith(folded.out)


def test_several_runs_follow_each_other(said: Said) -> None:
    ended = said("report", RESULT, RESULT)
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.count("cold-burst: 500 callers") == 2
    lines = said("report", RESULT, RESULT, "--json").out.splitlines()
    assert [json.loads(line)["schema"] for line in lines] == [2, 2]


@pytest.mark.parametrize(
    ("words", "problem", "remedy"),
    [
        (["none.json"], "cannot read 'none.json': No such file", "--export run.json"),
        (["cut.json"], "'cut.json' is no run, or not a whole one", "--export run.json"),
        (["foreign.json"], "'foreign.json' is no run", "--export run.json"),
        (["newer.json"], "schema 99", "upgrade stampede-bench"),
        (["mixed.json"], "sweep of ttl, trials[1] of instances", "export the run again"),
        (["empty.json"], "'empty.json' has no trials", "run it again"),
        ([RESULT, RESULT, "--export", "x.md"], "go with one run", "on their own"),
        ([RESULT, "--export", "x.pdf"], "x.pdf", ".csv .html .json .md"),
        ([RESULT, "--requests", "foreign.jsonl"], "foreign.jsonl", "is not what --requests writes"),
    ],
    ids=lambda value: None,
)
def test_what_cannot_be_reported_is_one_line(
    said: Said, tmp_path: Path, words: list[object], problem: str, remedy: str
) -> None:
    whole = json.loads(RESULT.read_bytes())
    (tmp_path / "cut.json").write_bytes(RESULT.read_bytes()[:9999])
    (tmp_path / "newer.json").write_text(json.dumps(whole | {"schema": 99}))
    swept = [
        trial | {"swept": {name: "5"}} for trial, name in zip(whole["trials"], ("ttl", "instances"), strict=False)
    ]
    (tmp_path / "mixed.json").write_text(json.dumps(whole | {"trials": swept}))
    (tmp_path / "empty.json").write_text(json.dumps(whole | {"trials": []}))
    for name in ("foreign.json", "foreign.jsonl"):
        (tmp_path / name).write_text('{"results": []}\n')
    ended = said("report", *words)
    assert ended.code == 2
    line = ended.complaint()
    assert problem in line
    assert remedy in line


@pytest.mark.parametrize("words", [["run", *NOWHERE], ["report", RESULT]], ids=["run", "report"])
def test_a_page_without_the_extra_is_found_before_the_run(
    said: Said, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, words: list[object]
) -> None:
    monkeypatch.setitem(sys.modules, "plotly", None)  # as if it were not installed
    ended = said(*words, "--export", "run.html")
    assert ended.code == 3
    assert ended.complaint().endswith("pip install 'stampede-bench[report]'")
    assert not list(tmp_path.iterdir())


def test_a_calibration_has_no_page(said: Said) -> None:
    ended = said("calibrate", "--export", "out.html", *NOWHERE)
    assert ended.code == 2
    assert ended.complaint().endswith("one of .csv .json")
