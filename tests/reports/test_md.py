"""The run for a pull request."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape

import pytest

from stampede.measure.comparison import Compared, Comparison, Ratio
from stampede.measure.run import Run
from stampede.measure.trial import Trial
from stampede.reports.formats import html
from stampede.reports.formats.md import render

MakeRun = Callable[..., Run]
MakeTrial = Callable[..., Trial]


def rows(text: str) -> list[list[str]]:
    """The cells of the first table."""
    table = next(block for block in text.split("\n\n") if block.startswith("| strategy"))
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


def test_a_comparison_has_its_ratios_instead_of_the_sentence(run: MakeRun, trial: MakeTrial) -> None:
    ratio = Ratio("db_hits", 0.25, 0.2, 0.3, 0.01, 5, "lower")
    compared = Comparison(reference="none", strategies=[Compared("two-level", [ratio], 5, 0)], ended_by="precision")
    made = run(trial(), trial(strategy="two-level"), comparison=compared, verdicts=["two-level: 4× fewer DB hits"])
    text = render(made).decode()
    assert "| two-level | DB hits | 0.25 | 0.2 – 0.3 | better |" in text
    assert "against none: 5 pairs" in text
    assert "two-level: 4× fewer DB hits" in text
    assert "reached the ideal" not in text
    page = html.render(made).decode()
    cells = re.search("two-level</th></tr>(.*?)</tr>", page)
    assert cells is not None
    assert re.findall("<td.*?>(.*?)</td>", cells[1]) == ["DB hits", "0.25", "0.2 – 0.3", "better"]


def test_the_points_of_a_sweep_are_told_apart(run: MakeRun, trial: MakeTrial) -> None:
    made = run(*(trial(swept={"concurrency": size}) for size in ("100", "500")))
    head, _, *cells = [row[:2] for row in rows(render(made).decode())[:4]]
    assert head == ["strategy", "concurrency"]
    assert cells == [["none", "100"], ["none", "500"]]


@pytest.mark.parametrize("name", ["<b>x</b>", "a|b", "`code`", "[x](http://y)", "*x*", "a\nb", "~x~", "#1", "&lt;"])
def test_a_name_that_looks_like_markup_is_shown_as_text(run: MakeRun, trial: MakeTrial, name: str) -> None:
    text = render(run(trial(strategy=name))).decode()
    cell = rows(text)[2][0]
    assert unescape(cell) == " ".join(name.split())
    assert not re.search(r"[<>`*\[\]~]", cell)
