"""Scenario files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from stampede.core import scenario as scenarios
from stampede.core.errors import UsageError
from stampede.core.strategy import Strategy

GOOD = """
# Shows something.
strategies = ["none", "two-level"]
trials = 3
[workload]
concurrency = 40
[cache]
ttl = "2s"
start = "warm"
[database]
latency = "lognormal(median=50ms, sigma=0.5)"
connections = 7
[fleet]
instances = 2
""".lstrip()


def problem(text: str) -> str:
    """The one line that a scenario with this text leads to."""
    with pytest.raises(UsageError) as caught:
        scenarios.parse(text, "mine", "mine.toml")
    message = str(caught.value)
    assert "\n" not in message
    return message


@pytest.mark.parametrize("name", scenarios.shipped())
def test_a_shipped_scenario_loads_and_says_what_it_shows(name: str) -> None:
    scenario = scenarios.load(name)
    assert scenario.name == name
    assert scenario.description
    assert scenario.strategies
    assert all(str(Strategy.parse(spec)) == spec for spec in scenario.strategies)


@pytest.mark.parametrize("name", scenarios.shipped())
def test_a_scenario_survives_the_way_through_json(name: str) -> None:
    data = scenarios.to_data(scenarios.load(name))
    assert scenarios.to_data(scenarios.from_data(json.loads(json.dumps(data)))) == data


def test_the_default_scenario_is_shipped() -> None:
    assert scenarios.DEFAULT in scenarios.shipped()


def test_a_file_of_ones_own_loads_by_its_path(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(GOOD)
    scenario = scenarios.load(str(path))
    assert (scenario.name, scenario.description) == ("mine", "Shows something.")
    assert scenario.strategies == ("none", "two-level")
    assert (scenario.trials, scenario.workload.concurrency, scenario.fleet.instances) == (3, 40, 2)
    assert (scenario.cache.ttl, scenario.cache.start) == (2.0, "warm")
    assert (scenario.database.latency.median, scenario.database.latency.sigma) == (0.05, 0.5)
    assert scenario.database.connections == 7


def test_what_a_file_leaves_out_has_a_default() -> None:
    scenario = scenarios.parse('strategies = ["none"]', "mine", "mine.toml")
    assert (scenario.workload.concurrency, scenario.fleet.instances, scenario.cache.start) == (500, 4, "cold")
    assert scenario.database.latency.median == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("text", "key", "meant"),
    [
        ("strategy = []", "strategy", "strategies"),
        ("[cashe]\nttl = '1s'", "cashe", "cache"),
        ("[workload]\nconcurency = 5", "workload.concurency", "workload.concurrency"),
        ("[cache]\nttls = '1s'", "cache.ttls", "cache.ttl"),
        ("[database]\nlatancy = '1s'", "database.latancy", "database.latency"),
        ("[fleet]\ninstance = 3", "fleet.instance", "fleet.instances"),
    ],
)
def test_an_unknown_key_gives_the_file_the_key_and_a_suggestion(text: str, key: str, meant: str) -> None:
    message = problem(text)
    assert message.startswith(f"mine.toml: unknown key '{key}'")
    assert f"did you mean '{meant}'?" in message


@pytest.mark.parametrize("key", ["name", "description"])
def test_name_and_description_come_from_the_file_and_cannot_be_set(key: str) -> None:
    assert f"unknown key '{key}'" in problem(f"{key} = 'x'")


@pytest.mark.parametrize(
    ("text", "where", "what"),
    [
        ("trials = 'two'", "trials", "int"),
        ("trials = 0", "trials", ">= 1"),
        ("trials = true", "trials", "int"),
        ("strategies = 'none'", "strategies", "array"),
        ("strategies = [1]", "strategies", "str"),
        ("workload = 5", "workload", "object"),
        ("[workload]\nconcurrency = 0", "workload.concurrency", ">= 1"),
        ("[workload]\nconcurrency = 1.5", "workload.concurrency", "int"),
        ("[cache]\nttl = 5", "cache.ttl", "'5' is not a duration"),
        ("[cache]\nttl = '0s'", "cache.ttl", "longer than zero"),
        ("[cache]\nstart = 'hot'", "cache.start", "'hot'"),
        ("[database]\nlatency = 'slow'", "database.latency", "'slow' is not a duration"),
        ("[database]\nconnections = -1", "database.connections", ">= 1"),
        ("[fleet]\ninstances = '4'", "fleet.instances", "int"),
        ("[fleet]\ninstances = 99999999999999999999", "fleet.instances", "<= 1000000"),
    ],
)
def test_a_value_of_the_wrong_type_or_range_gives_the_file_the_key_and_the_problem(
    text: str, where: str, what: str
) -> None:
    message = problem(text)
    assert message.startswith(f"mine.toml: {where}")
    assert what in message


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("strategies = ['single-flihgt']", "did you mean 'single-flight'?"),
        ("strategies = ['none+']", "column 6"),
        ("[workload]\narrivals = 'brust'", "did you mean 'burst'?"),
        ("[workload]\narrivals = 'burst(size=3)'", "unknown parameter of 'burst' 'size'"),
        ("[workload]\nkeys = 'singel'", "did you mean 'single'?"),
        ("[[expected]]\nstrategy = 'nonee'\nmetric = 'db_hits'\nvalue = 1", "did you mean 'none'?"),
        ("[workload]\narrivals = 'poisson(rate=1e9,duration=10s)'", "10,000,000,000 requests a trial"),
        ("[workload]\nconcurrency = 3\n[fleet]\ninstances = 4", "cannot be spread over 4 instances"),
    ],
)
def test_parts_that_do_not_exist_or_do_not_fit_are_errors_with_the_file(text: str, what: str) -> None:
    message = problem(text)
    assert message.startswith("mine.toml: ")
    assert what in message


@pytest.mark.parametrize("text", ["trials = ", "[workload\n", "trials = 1\ntrials = 2", "\x00"])
def test_text_that_is_no_toml_is_an_error_with_the_file(text: str) -> None:
    assert problem(text).startswith("mine.toml: not valid TOML: ")


def test_a_scenario_that_is_not_shipped_gets_a_suggestion() -> None:
    with pytest.raises(UsageError) as caught:
        scenarios.load("cold-brust")
    assert "did you mean 'cold-burst'?" in str(caught.value)
    assert "the path of a .toml file" in str(caught.value)


@pytest.mark.parametrize(
    ("content", "problem"), [(None, "No such file"), (b"# caf\xe9\n", "not UTF-8"), ("a folder", "directory")]
)
def test_a_file_that_cannot_be_read_is_an_error_that_says_why(
    tmp_path: Path, content: bytes | str | None, problem: str
) -> None:
    path = tmp_path / "mine.toml"
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content:
        path.mkdir()
    with pytest.raises(UsageError) as caught:
        scenarios.load(str(path))
    assert str(caught.value).startswith(f"cannot read the scenario {path}: ")
    assert problem in str(caught.value)
