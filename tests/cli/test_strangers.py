"""Files of strangers that would order the terminal about, or forge lines: no command obeys or repeats them."""

from __future__ import annotations

import json
import re
import shutil
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

RESULT = Path(__file__).parents[2] / "results" / "cold-burst.json"
FORGED = "cold-burst: all is well"
EVIL = f"\x1b]52;c;ZXZpbA==\x07\x1b[2J\x1b[1A\r\n{FORGED}\n\x9b2J\u202e\u2028{FORGED}"
"""Writes the clipboard, clears the screen, goes up a line, overwrites a line, adds lines, and turns text around."""

ALLOWED = re.compile(r"\x1b\[\d*(;\d+)*m|\x1b\[\?25[lh]")
"""What Rich writes to a terminal on its own: colours, and the cursor shown or hidden."""

Said = Callable[..., Any]
Stampede = Callable[..., Any]


def check(text: str) -> None:
    """No control character but our own line feeds, and no line that a stranger wrote."""
    left = {c for c in text if unicodedata.category(c) in ("Cc", "Zl") or c == "\u202e"}
    assert left <= {"\n"}
    assert not [line for line in text.splitlines() if line.strip(" ┃|-").startswith(FORGED)]


@pytest.fixture
def hostile(tmp_path: Path) -> str:
    """A saved run with an order to the terminal wherever there is text that nobody parses."""
    saved = json.loads(RESULT.read_bytes())
    saved["scenario"] |= {"name": EVIL, "description": EVIL}
    saved["scenario"]["expected"] = [{"strategy": "none", "metric": "db_hits", "value": 500, "source": EVIL}]
    saved |= {"stampede": EVIL, "created": EVIL, "verdicts": [EVIL], "warnings": [EVIL], "stopped_by": EVIL}
    saved["environment"] |= {EVIL: EVIL, "database": EVIL, "garbage collection": EVIL, "redis commands": EVIL}
    for number, trial in enumerate(saved["trials"]):
        trial |= {"scenario": EVIL, "reasons": [EVIL], "warnings": [EVIL], "error_messages": {EVIL: 3}}
        trial["roles"] |= {EVIL: {"requests": 1, "p50_ms": 1, "p99_ms": 1, "max_ms": 1}}
        trial["swept"] = {EVIL: f"{EVIL}{number % 2}"}
        trial["valid"] = number % 2 == 0
        if trial["strategy"] == "two-level":
            trial["strategy"] = EVIL
    (tmp_path / "hostile.json").write_text(json.dumps(saved, ensure_ascii=False))
    return "hostile.json"


def test_a_strangers_run_is_reported_as_text(said: Said, hostile: str, tmp_path: Path) -> None:
    files = [f"out.{ending}" for ending in ("csv", "md", "json", "html")]
    exports = [word for file in files for word in ("--export", file)]
    ended = said("report", hostile, "--details", "--plot", *exports)
    assert (ended.code, ended.err) == (0, "")
    assert "\\x1b]52;c;ZXZpbA==\\x07" in ended.out.replace("\n", "")
    for text in (ended.out, *((tmp_path / file).read_text() for file in files[:3])):
        check(text)
    ended = said("report", "out.json", "--json")
    check(ended.out)
    assert json.loads(ended.out)["verdicts"][0].startswith("\\x1b]52")


def test_a_strangers_runs_are_compared_as_text(said: Said, hostile: str, tmp_path: Path) -> None:
    shutil.copy(tmp_path / hostile, tmp_path / "again.json")
    for form in ([], ["--json"]):
        ended = said("diff", hostile, "again.json", *form)
        assert ended.err == ""
        assert "x1b]52" in ended.out
        check(ended.out)


@pytest.mark.parametrize("command", ["report", "diff"])
@pytest.mark.parametrize("what", ["name", "key", "schema", "shape", "value"])
def test_what_is_wrong_with_a_strangers_file_is_one_line(said: Said, tmp_path: Path, command: str, what: str) -> None:
    saved = json.loads(RESULT.read_bytes())
    name = f"{EVIL}.json" if what == "name" else "hostile.json"
    if what == "key":
        saved["scenario"][EVIL] = 1
    elif what == "schema":
        saved |= {"schema": 99, "stampede": EVIL}
    elif what == "shape":
        saved["scenario"]["workload"]["arrivals"] = EVIL
    elif what == "value":
        saved["trials"][0]["requests"] = EVIL
    else:
        saved = {}
    (tmp_path / name).write_text(json.dumps(saved))
    ended = said(command, name, *[RESULT] * (command == "diff"))
    assert ended.code == 2
    check(ended.complaint() + "\n")


def scenario(tmp_path: Path, text: str = "") -> str:
    """A file with orders in its name, its comment and its texts."""
    name = "\x1b]52;c;x\x07\n" + FORGED + ".toml"
    escaped = json.dumps(EVIL)
    (tmp_path / name).write_text(
        f"# Clears \x9b2J the \u202e screen\n{text}strategies = ['none', 'two-level']\n"
        "[workload]\nconcurrency = 8\n[database]\nlatency = '40ms'\n[fleet]\ninstances = 1\n"
        f"[[expected]]\nstrategy = 'none'\nmetric = 'db_hits'\nvalue = 8\nsource = {escaped}\n"
    )
    return name


def test_a_strangers_scenario_is_run_as_text(stampede: Stampede, tmp_path: Path) -> None:
    name = scenario(tmp_path)
    ended = stampede("run", "-n", 1, name, "--details", "--plot", "--export", "out.md", "--export", "out.csv")
    assert ended.err == ""
    assert "\\x1b]52;c;x\\x07\\n" in ended.out
    for text in (ended.out, (tmp_path / "out.md").read_text(), (tmp_path / "out.csv").read_text()):
        check(text)
    check(json.dumps(stampede("run", "-n", 1, name, "--json").json(), ensure_ascii=False))


def test_a_strangers_scenario_is_compared_as_text(stampede: Stampede, tmp_path: Path) -> None:
    ended = stampede("compare", "none", "two-level", "--scenario", scenario(tmp_path), "-n", 3)
    assert ended.err == ""
    check(ended.out)


def test_a_terminal_shows_them_and_obeys_none(stampede: Stampede, tmp_path: Path) -> None:
    ended = stampede("run", "-n", 1, scenario(tmp_path), terminal=True, TERM="xterm-256color", COLUMNS="200")
    shown = ended.out.replace("\r\n", "\n")
    assert "\x1b]" not in shown
    assert "\x1b[2J" not in shown
    assert not {"\x07", "\x9b", "\u202e"} & set(shown)
    result = shown.rpartition("\\x1b]52")[2]
    check(ALLOWED.sub("", result))


def test_a_strangers_scenario_is_explained_as_text(said: Said, tmp_path: Path) -> None:
    ended = said("explain", scenario(tmp_path))
    assert (ended.code, ended.err) == (0, "")
    check(ended.out)


@pytest.mark.parametrize(
    "words", [["run"], ["explain"], ["compare", "none", "swr", "--scenario"]], ids=lambda w: w[0]
)
@pytest.mark.parametrize(
    "text",
    [f"{json.dumps(EVIL)} = 1\n", f"strategies = [{json.dumps(EVIL)}]\n#", f"trials = {json.dumps(EVIL)}\n", "="],
)
def test_what_is_wrong_with_a_strangers_scenario_is_one_line(
    said: Said, tmp_path: Path, words: list[str], text: str
) -> None:
    ended = said(*words, scenario(tmp_path, text))
    assert ended.code == 2
    check(ended.complaint() + "\n")


def test_a_traceback_is_text_too(stampede: Stampede, tmp_path: Path) -> None:
    ended = stampede("--debug", "explain", scenario(tmp_path, f"{json.dumps(EVIL)} = 1\n"))
    assert ended.code == 2
    assert ended.err.startswith("Traceback")
    assert set(re.findall(r"[\x00-\x1f\x7f-\x9f\u202e]", ended.err)) <= {"\n", "\t"}


@pytest.mark.parametrize("words", [["-s"], ["--sweep"], ["--fail-if"], ["-e"], ["--keys"]], ids=" ".join)
def test_what_stands_on_the_command_line_reaches_no_terminal_as_it_is(said: Said, words: list[str]) -> None:
    ended = said("run", *words, EVIL)
    assert ended.code == 2
    assert "\x1b" not in ended.complaint()
    assert FORGED not in ended.err.splitlines()
