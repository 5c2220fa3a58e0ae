"""The check against theory, for people and for files."""

from __future__ import annotations

import io
import json

from rich.console import Console

from stampede.measure.theory import Row, TheoryCheck
from stampede.reports import theory

ROWS = [
    Row.of("6,600 at 2,000 × 200ms: p99, database", 800.0, 804.0, 0.1),
    Row.of("330 at 100 × 20ms: p50, callers", 40.0, 50.0, 0.03),
]


def check(rows: list[Row], interrupted: bool = False) -> TheoryCheck:
    return TheoryCheck("0", "", {}, 1, 3, rows=rows, warnings=["it was busy"], interrupted=interrupted)


def test_each_row_says_what_was_asked_and_whether_it_holds() -> None:
    text = io.StringIO()
    theory.show(check(ROWS), Console(file=text, width=80))
    lines = [" ".join(line.split()) for line in text.getvalue().splitlines()]
    assert "6,600 at 2,000 × 200ms: p99, database 800 804 ms +0.5% ±10% yes" in lines
    assert "330 at 100 × 20ms: p50, callers 40 50 ms +25.0% ±3% NO" in lines
    assert "1 of 2 checks are within what is asked." in lines
    assert "Warning: it was busy." in lines


def test_the_farthest_off_is_named() -> None:
    assert any(ROWS[1].what in line and "+25.0%" in line for line in theory.sentences(check(ROWS)))
    assert not any("farthest" in line for line in theory.sentences(check(ROWS[:1])))


def test_an_interrupted_check_says_so() -> None:
    assert theory.sentences(check([], interrupted=True))[-1].startswith("Interrupted")


def test_files_have_every_row() -> None:
    written = json.loads(theory.render_json(check(ROWS)))
    assert [row["ok"] for row in written["rows"]] == [True, False]
    header, first, second = theory.render_csv(check(ROWS)).decode().splitlines()
    assert header == "what,theory,measured,unit,error,bound,ok"
    assert first.startswith('"6,600 at 2,000')
    assert (first[-5:], second[-6:]) == (",true", ",false")
