"""What `explain` prints."""

from __future__ import annotations

import html
import io
import re
from pathlib import Path
from typing import get_args

import msgspec
import pytest
from rich.console import Console, RenderableType

from stampede.core import registry
from stampede.core.errors import UsageError
from stampede.core.metrics import METRICS, In, Metric, shown_in
from stampede.reports import (
    calibration,
    columns,
    comparison,
    details,
    diff,
    explanation,
    glossary,
    spread,
    strategies,
    table,
    theory,
)
from stampede.reports.explanation import everything, first_sentence, of_scenario
from stampede.reports.formats import md
from stampede.reports.read import read
from stampede.reports.terms import meanings, terms
from stampede.scenario import reading
from stampede.scenario.model import Scenario
from stampede.scenario.overrides import PARAMETERS

RESULTS = Path(__file__).parents[2] / "results"
CHOICES = [(family, name) for family in registry.STRATEGY_FAMILIES for name in registry.names(family)]


def printed(what: RenderableType, width: int = 80) -> str:
    console = Console(width=width, record=True, highlight=False, file=io.StringIO())
    console.print(what)
    return console.export_text(styles=False)


@pytest.mark.parametrize(("family", "name"), CHOICES)
def test_every_choice_is_explained_with_its_question_its_six_lines_and_its_parameters(family: str, name: str) -> None:
    plugin = registry.load(family, name)
    text = printed(everything(name))
    words = " ".join(text.split())
    assert f"{name} ({family}: {registry.STRATEGY_FAMILIES[family]})" in words
    assert " ".join(registry.summary(plugin).split()) in words
    for label in ("mechanism", "loads", "waiting", "staleness", "on failure", "source"):
        assert any(line.startswith(label) for line in text.splitlines())
    for parameter, default in registry.parameters(plugin).items():
        assert f"{parameter}={default}" in words
    assert max(map(len, (line.rstrip() for line in text.splitlines()))) <= 80


def test_a_mix_is_explained_part_by_part() -> None:
    text = printed(everything("single-flight+ttl"))
    assert "ttl (freshness: when to reload)" in text
    assert "single-flight (coalescing: who may load)" in text


@pytest.mark.parametrize("name", reading.shipped())
def test_a_scenario_is_explained_by_its_comment_and_its_figures(name: str) -> None:
    scenario = reading.load(name)
    words = " ".join(printed(of_scenario(scenario)).split())
    assert scenario.description in words
    assert str(scenario.database.latency) in words
    assert f"{scenario.fleet.instances} instances" in words


LABELS = {
    "workload.arrivals": ("mechanism", "loads", "source"),
    "workload.keys": ("mechanism", "loads", "source"),
    "faults": ("mechanism", "loads", "ends", "source"),
}
LAWS = [(family, name) for family in registry.SCENARIO_FAMILIES for name in registry.names(family)]


@pytest.mark.parametrize(("family", "name"), LAWS)
def test_every_law_and_event_is_explained_with_its_lines_and_its_parameters(family: str, name: str) -> None:
    text = printed(everything(name))
    words = " ".join(text.split())
    assert f"{name} ({family}: {registry.SCENARIO_FAMILIES[family]})" in words
    assert " ".join(registry.summary(registry.load(family, name)).split()) in words
    for label in LABELS[family]:
        assert any(line.startswith(label) for line in text.splitlines()), label
    for parameter, default in registry.parameters(registry.load(family, name)).items():
        assert f"{parameter}={'…' if default is registry.REQUIRED else default}" in words
    assert max(map(len, (line.rstrip() for line in text.splitlines()))) <= 80


def test_a_name_that_a_scenario_shares_with_a_law_or_an_event_is_explained_as_both() -> None:
    assert "zipf(n=2000,s=1.1)" in (both := printed(everything("zipf")))
    assert "zipf (workload.keys: which keys are wanted)" in both
    assert "slow-database (faults: " in printed(everything("slow-database"))


def test_a_scenario_is_explained_with_its_clients_events_and_expectations() -> None:
    words = " ".join(printed(everything("metastable")).split())
    assert "gives up after 500ms, then 3 retries, 50ms apart" in words
    assert "flush at 1.5s" in words
    words = " ".join(printed(everything("published/xfetch-theory")).split())
    assert "xfetch(beta=1): loads_per_epoch_mean 2.72 ± 10 %" in words
    assert "4 writes a second that invalidate" in " ".join(printed(everything("invalidation-storm")).split())


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("flsh", "unknown name 'flsh': did you mean 'flush'?"),
        ("published/xfetch", "unknown name 'published/xfetch': did you mean 'published/xfetch-theory'?"),
        ("poisson(rat=3,rate=1,duration=1s)", "unknown parameter of 'poisson' 'rat'"),
        ("swr+flush", "unknown strategy 'flush'"),
        ("", "unknown name ''"),
    ],
)
def test_what_does_not_exist_is_an_error_that_says_what_does(name: str, problem: str) -> None:
    with pytest.raises(UsageError) as caught:
        everything(name)
    assert problem in str(caught.value)


def test_a_list_has_room_for_a_first_sentence() -> None:
    assert first_sentence("Shows 1.5 things (et al., 2021). And more.") == "Shows 1.5 things (et al., 2021)."
    assert first_sentence("Only one") == "Only one"


def test_the_readmes_table_of_strategies_is_what_they_declare() -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    assert strategies.table() in readme, "paste what `python -m stampede.reports.strategies` prints"


@pytest.mark.parametrize("name", registry.names("coalescing"))
def test_an_explanation_says_what_is_promised(name: str) -> None:
    promise = registry.load("coalescing", name).promise
    assert explanation.part_of("coalescing", name).sheet["promises"] == str(promise)


@pytest.mark.parametrize("name", [*METRICS, *PARAMETERS, "lognormal", "exponential", "writes", "missing", "backoff"])
def test_every_metric_option_field_and_law_of_latency_is_explained(name: str) -> None:
    text = " ".join(printed(everything(name)).split())
    assert len(text) > len(name) + 20
    if name in METRICS and METRICS[name].shown & In.CSV:
        assert " ".join(glossary.columns()["trials"][name].split()) in text


def test_a_name_that_is_a_strategys_and_a_columns_is_explained_as_both() -> None:
    text = printed(everything("timeouts"))
    assert "timeouts(soft=" in text
    assert "requests that gave up" in text


def test_every_field_of_a_scenario_has_a_meaning() -> None:
    known = {where for meanings in terms().values() for where in meanings}
    for section in msgspec.structs.fields(Scenario):
        if isinstance(section.type, type) and issubclass(section.type, msgspec.Struct):
            for field in msgspec.structs.fields(section.type):
                assert f"{section.name}.{field.name} of a scenario" in known
    assert all(text.strip() for meanings in terms().values() for text in meanings.values())


@pytest.mark.parametrize("name", ["workload.arrivals", "database.latency", "trials", "events.at"])
def test_a_field_is_known_by_the_name_under_which_it_is_shown(name: str) -> None:
    assert f"({name} of a scenario)" in printed(everything(name))


RUN_COLUMNS = [*columns.ALL, *spread.SPREADS.values()]
TITLES = [
    *(heading for heading, _ in RUN_COLUMNS),
    *(*details.INTERVALS, *details.COSTS, *details.ROLES),
    *(*comparison.TITLES, *table.EXPECTED, *diff.TITLES),
    *(*calibration.TITLES, *theory.TITLES),
    *map(columns.of_point, PARAMETERS),
]
"""The headings of all tables, over several lines as they are printed."""


@pytest.mark.parametrize("heading", dict.fromkeys(map(columns.title, TITLES)))
def test_every_heading_of_a_table_is_explained(heading: str) -> None:
    for written in (heading, heading.replace(" /", "/"), heading.lower(), re.sub(r" (ms|s|%)$", "", heading)):
        assert meanings(written), written
        assert len(" ".join(printed(everything(written)).split())) > len(written) + 20


def test_no_heading_is_explained_that_no_table_has() -> None:
    of_comparisons = {metric.label for metric in METRICS.values()}
    assert glossary.headings().keys() <= {*map(columns.title, TITLES), *of_comparisons}


@pytest.mark.parametrize("metric", shown_in(In.COMPARED | In.DIFFED).values())
def test_every_metric_is_explained_by_what_a_comparison_calls_it(metric: Metric) -> None:
    meant = meanings(metric.label)
    assert meant
    assert metric.label == metric.name or any(metric.name in what + text for what, text in meant.items())


@pytest.mark.parametrize("path", sorted(RESULTS.rglob("*.json")), ids=lambda path: path.stem)
def test_every_heading_in_the_reference_results_is_explained(path: Path) -> None:
    text = md.render(read(path)).decode()
    rows = re.findall(r"^\|(.*)\|\n\| *-", text, re.MULTILINE)
    headings = {cell.strip() for row in rows for cell in row.split("|")}
    assert "strategy" in headings
    assert [each for each in map(html.unescape, headings - {""}) if not meanings(each)] == []


@pytest.mark.parametrize("name", ["workload", "cache", "database", "client", "fleet", "events", "expected"])
def test_a_section_of_a_scenario_is_explained_by_its_fields(name: str) -> None:
    text = printed(everything(name))
    assert f"{name} (a section of a scenario)" in text
    (section,) = (each.type for each in msgspec.structs.fields(Scenario) if each.name == name)
    (struct, *_) = get_args(section) or (section,)
    assert all(f"{name}.{field.name}" in text for field in msgspec.structs.fields(struct))


def test_a_metric_with_a_slip_is_suggested() -> None:
    with pytest.raises(UsageError, match="did you mean 'amplification'"):
        everything("amplificaton")
