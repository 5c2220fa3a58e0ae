"""Comparisons, diffs and sweeps on the terminal."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from rich.console import Console

from stampede.measure import comparison
from stampede.measure.comparison_words import sentences, warnings
from stampede.measure.diff import diff
from stampede.measure.run import Run
from stampede.measure.sweep import curves
from stampede.measure.trial import Trial
from stampede.reports import comparison as comparison_report
from stampede.reports import diff as diff_report
from stampede.reports import sweep
from stampede.reports.formats import html, md
from stampede.reports.formats.json import render as render_json
from stampede.reports.read import parse
from stampede.reports.table import renderable

MakeTrial = Callable[..., Trial]
MakeRun = Callable[..., Run]


def printed(run: Run, width: int = 80) -> list[str]:
    console = Console(width=width, color_system=None)
    with console.capture() as capture:
        console.print(renderable(run))
    return capture.get().splitlines()


@pytest.fixture
def compared(trial: MakeTrial, run: MakeRun) -> Run:
    """Ten pairs, the second strategy twice as slow, with a name that is markup."""
    names = ["none", "[red]x[/red]"]
    trials = [
        trial(strategy=name, trial=k, latency_p99_ms=(100.0 + k % 3) * (1 + place))
        for k in range(10)
        for place, name in enumerate(names)
    ]
    result = comparison.compare(trials, names, 7)
    result.precision, result.ended_by = 0.05, "precision"
    return run(*trials, comparison=result, verdicts=sentences(result), warnings=["the sky fell"])


def test_a_comparison_shows_ratios_intervals_verdicts_and_warnings_in_80_columns(compared: Run) -> None:
    lines = printed(compared)
    assert max(map(len, lines)) <= 80
    text = " ".join(" ".join(lines).split())
    assert "against none: 10 pairs of trials in random order (seed 7), all intervals are narrow enough" in text
    assert "widest 95% interval ±0% (asked for: ±5%)" in text
    assert "[red]x[/red] DB hits 1 1 – 1 equal" in text
    assert "p99 2 2 – 2 worse" in text
    assert "[red]x[/red]: p99 2× higher than none" in text
    assert "warning: the sky fell" in text
    assert "would do" not in text  # the sentence about a run says less than the verdicts


def test_what_has_no_pair_takes_one_row_and_one_sentence(trial: MakeTrial, run: MakeRun) -> None:
    names = ["none", "lease", "two-level"]
    trials = [trial(strategy=name, trial=1) for name in names]
    result = comparison.compare(trials, names, 7)
    text = printed(run(*trials, comparison=result, verdicts=sentences(result), warnings=warnings(result, trials)))
    said = " ".join(" ".join(text).split())
    assert "too few trials" not in said
    assert [line.split()[:2] for line in text if "–" in line] == [["lease", "max"], ["two-level", "max"]]
    assert said.count("lease, two-level: 1 valid pair is too few to compare them with none") == 1
    assert "no verdict is possible with fewer than 7 pairs, 10 are enough for all: intervals only" in said


@pytest.mark.parametrize(
    ("metric", "times", "said"),
    [("throughput", 0.5, "worse"), ("latency_p99_ms", 0.5, "better"), ("latency_p99_ms", 2.0, "worse")],
)
def test_lower_is_better_or_worse_as_the_metric_has_it(
    trial: MakeTrial, metric: str, times: float, said: str
) -> None:
    field = "latency_p99_ms" if metric == "latency_p99_ms" else "duration_s"
    factor = times if field == metric else 1 / times
    trials = [
        trial(strategy=name, trial=k, **{field: (1 + k % 3 / 100) * (factor if name == "b" else 1.0)})
        for k in range(10)
        for name in "ab"
    ]
    compared = comparison.compare(trials, ["a", "b"], 7, [metric]).strategies[0]
    (ratio,) = (each for each in compared.ratios if each.metric == metric)
    assert comparison_report.word(ratio) == said


def test_pages_and_markdown_have_the_ratios_and_the_verdicts_too(compared: Run) -> None:
    for report in (md, html):
        text = report.render(compared).decode()
        assert "against none: 10 pairs of trials in random order" in text
        assert "95% interval" in text
        assert "not significant" not in text
        assert "p99 2× higher than none" in text


def test_a_comparison_survives_its_json(compared: Run) -> None:
    again = parse(render_json(compared), "run.json")
    assert printed(again) == printed(compared)


def test_a_diff_shows_what_changed_in_80_columns(trial: MakeTrial, run: MakeRun) -> None:
    old, new = (
        run(*(trial(strategy="two-level", trial=k, latency_p99_ms=ms + k % 3) for k in range(10)))
        for ms in (100, 200)
    )
    console = Console(width=80, color_system=None)
    with console.capture() as capture:
        diff_report.show(diff([old], [new], 0.05), console)
    text = " ".join(capture.get().split())
    assert "cold-burst: the new run against the old; a change up to 5% is none" in text
    assert "two-level 10, 10 DB hits 1 1 – 1 equal" in text
    assert "worse" in text
    assert "errors" not in text.partition("two-level: worse: p99 2")[0]  # none in either run


def test_a_sweep_is_plotted_over_its_first_parameter_with_a_curve_for_each_choice_of_the_others(
    trial: MakeTrial, run: MakeRun
) -> None:
    trials = [
        trial(strategy="none", trial=k, db_hits=int(size) + k, swept={"concurrency": size, "ttl": ttl})
        for k in range(4)
        for size in ("100", "500")
        for ttl in ("1s", "2s")
    ]
    swept = run(*trials)
    (one, two) = curves(swept, "db_hits")
    assert (one.label, two.label, one.parameter) == ("none ttl=1s", "none ttl=2s", "concurrency")
    assert (one.values, one.middle) == (["100", "500"], [101.5, 501.5])
    assert one.low[0] is not None
    assert one.high[0] is not None
    assert one.low[0] < 101.5 < one.high[0]
    lines = printed(swept)
    assert max(map(len, lines)) <= 80
    assert any(re.match(r"strategy +rency +ttl ", line) for line in lines)
    assert any(re.match("none +500 +2s ", line) for line in lines)
    assert any("DB hits, by concurrency (linear)" in line for line in lines)
    assert "b none ttl=2s" in lines
    assert "swept: concurrency 100, 500 × ttl 1s, 2s" in " ".join(" ".join(lines).split())


def test_what_nobody_has_leaves_a_gap_and_no_sweep_no_plot(trial: MakeTrial, run: MakeRun) -> None:
    trials = [trial(latency_p99_ms=None, swept={"ttl": ttl}) for ttl in ("1s", "2s")]
    (curve,) = curves(run(*trials), "latency_p99_ms")
    assert (curve.middle, curve.low) == ([None, None], [None, None])
    assert "a none" in sweep.plot("p99", [curve])
    assert sweep.parts(run(trial())) == []
