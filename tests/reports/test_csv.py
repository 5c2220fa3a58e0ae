"""One row per trial."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stampede.core.errors import ExportFailed
from stampede.measure.comparison import Compared, Comparison, Ratio
from stampede.measure.run import Run
from stampede.measure.trial import Trial
from stampede.reports import glossary, requests
from stampede.reports.formats import ratios_csv
from stampede.reports.formats.csv import render
from stampede.reports.spreadsheet import quoted, unquoted

HEADER = (
    "scenario,strategy,trial,instances,concurrency,requests,ok,errors,timeouts,db_hits,db_hits_ideal,amplification,"
    "db_peak_in_flight,latency_p50_ms,latency_p90_ms,latency_p99_ms,latency_max_ms,stale,staleness_max_ms,"
    "redis_commands,arrival_spread_ms,duration_s,valid"
)

MakeRun = Callable[..., Run]
MakeTrial = Callable[..., Trial]


def rows(run: Run) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(render(run).decode())))


def test_the_columns_are_those_of_the_design_in_its_order(run: MakeRun) -> None:
    assert render(run()).decode().startswith(HEADER + ",")


def test_every_trial_is_a_row_valid_or_not(run: MakeRun, trial: MakeTrial) -> None:
    found = rows(run(trial(), trial(trial=2, strategy="two-level", db_hits=3, valid=False)))
    assert [row["strategy"] for row in found] == ["none", "two-level"]
    assert [row["valid"] for row in found] == ["true", "false"]
    assert found[1]["db_hits"] == "3"
    assert found[0]["latency_p50_ms"] == "100.0"


@pytest.mark.parametrize("name", ["a,b", 'say "hi"', "redis-lock(lease=5s,poll=20ms)", "line\nbreak"])
def test_a_name_with_commas_quotes_or_line_breaks_stays_one_cell(run: MakeRun, trial: MakeTrial, name: str) -> None:
    (row,) = rows(run(trial(scenario=name, strategy=name)))
    assert (row["scenario"], row["strategy"]) == (name, name)
    assert None not in row


@pytest.mark.parametrize("name", ["=cmd|' /C calc'!A0", "+1+1", "-2+3", "@SUM(1)", "\tx", "'=1", "''-x"])
def test_no_cell_is_a_formula_and_all_are_read_back(run: MakeRun, trial: MakeTrial, name: str) -> None:
    (row,) = rows(run(trial(scenario=name, strategy=name, swept={name: name})))
    swept = list(row)[-2]  # the reasons follow
    assert unquoted(swept) == name.replace("-", "_")
    for cell in (row["scenario"], row["strategy"], row[swept]):
        assert cell == "'" + name
        assert unquoted(cell) == name


@given(st.text() | st.text("'=+-@\t\r1.e", max_size=6))
def test_quoting_can_be_undone_and_leaves_no_formula(text: str) -> None:
    cell = quoted(text)
    assert unquoted(cell) == text
    assert not cell or cell[0] not in "=+-@\t\r" or float(cell) is not None


@pytest.mark.parametrize("text", ["-5", "+0.25", "-1e-9", ".5", "redis-lock+swr", ""])
def test_numbers_and_other_texts_stay_as_they_are(text: str) -> None:
    assert quoted(text) == text


def test_a_latency_that_nobody_had_is_an_empty_cell(run: MakeRun, trial: MakeTrial) -> None:
    (row,) = rows(run(trial(latency_p50_ms=None, latency_max_ms=None)))
    assert (row["latency_p50_ms"], row["latency_max_ms"]) == ("", "")


def test_the_last_column_says_why_a_trial_is_invalid(run: MakeRun, trial: MakeTrial) -> None:
    bad = trial(trial=2, valid=False, reasons=["the burst was no burst", "clocks, apart"], swept={"db-latency": "1s"})
    made = run(trial(swept={"db-latency": "1s"}), bad)
    assert [row["reasons"] for row in rows(made)] == ["", "the burst was no burst; clocks, apart"]
    assert render(made).decode().splitlines()[0].endswith(",db_latency_ms,reasons")


def test_a_comparison_has_a_row_for_each_strategy_and_metric(run: MakeRun, trial: MakeTrial) -> None:
    ratios = [
        Ratio("db_hits", 0.25, 0.2, 0.3, 0.01, 9, "lower"),
        Ratio("latency_max_ms", 2.0, None, None, 0.2, 9, "no significant difference", (0, 3)),
    ]
    compared = Comparison(reference="none", strategies=[Compared("two-level", ratios, 9, 1)])
    text = ratios_csv.render(run(trial(), comparison=compared)).decode()
    head, hits, highest = csv.reader(io.StringIO(text))
    assert tuple(head) == ratios_csv.COLUMNS
    first = ["cold-burst", "none", "two-level"]
    assert hits == [*first, "db_hits", "0.25", "0.2", "0.3", "0.01", "9", "1", "", "", "lower"]
    assert highest[3:] == ["latency_max_ms", "2.0", "", "", "0.2", "9", "1", "0", "3", "no significant difference"]
    with pytest.raises(ExportFailed, match="nothing was compared"):
        ratios_csv.render(run(trial()))


def test_every_column_of_every_export_is_explained_and_no_other(run: MakeRun) -> None:
    known = glossary.columns()
    header = render(run()).decode().strip().split(",")
    assert known["trials"].keys() == set(header)
    assert known["ratios"].keys() == set(ratios_csv.COLUMNS)
    assert known["requests"].keys() == set(requests.COLUMNS)
    assert known.keys() == glossary.HEADINGS.keys()
    assert all(text.strip() for table in known.values() for text in table.values())
