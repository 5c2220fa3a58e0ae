"""The run for a pull request."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from stampede.measure.run import Run
from stampede.measure.trial import Trial
from stampede.reports.md import render

MakeRun, MakeTrial = Callable[..., Run], Callable[..., Trial]


def rows(text: str) -> list[list[str]]:
    """The cells of the first table."""
    table = text.split("\n\n")[2]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()]


def test_every_strategy_is_a_row_below_its_titles(run: MakeRun, trial: MakeTrial) -> None:
    titles, rule, none, two_level = rows(render(run(trial(db_hits=500), trial(strategy="two-level"))).decode())
    assert titles[:4] == ["strategy", "DB hits /ideal", "amplified", "peak +queue"]
    assert set(rule) == {"---", "---:"}
    assert none[:2] == ["none", "500/1"]
    assert two_level[0] == "two-level"
    assert len(titles) == len(rule) == len(none)


def test_sentence_verdicts_warnings_and_environment_are_there(run: MakeRun, trial: MakeTrial) -> None:
    text = render(run(trial(warnings=["careful"]), verdicts=["two-level: no significant difference"])).decode()
    assert text.startswith("**cold-burst: 500 callers")
    assert "reached the ideal 1" in text
    assert "\n\ntwo-level: no significant difference\n\n" in text
    assert "- none: warning: careful" in text
    assert re.search(
        r"<details>\n<summary>Environment</summary>\n\n.*\| redis \| Valkey 9 \(embedded\) \|", text, re.S
    )


@pytest.mark.parametrize("name", ["<b>x</b>", "a|b", "`code`", "[x](http://y)", "*x*", "a\nb", "~x~", "#1", "&lt;"])
def test_a_name_that_looks_like_markup_is_shown_as_text(run: MakeRun, trial: MakeTrial, name: str) -> None:
    from html import unescape

    text = render(run(trial(strategy=name))).decode()
    cell = rows(text)[2][0]
    assert unescape(cell) == " ".join(name.split())
    assert not re.search(r"[<>`*\[\]~]", cell)
