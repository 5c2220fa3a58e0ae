"""Scenario files."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stampede.core import registry
from stampede.core.errors import UsageError
from stampede.scenario import checking, reading
from stampede.scenario.model import Scenario

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
        reading.parse(text, "mine", "mine.toml")
    message = str(caught.value)
    assert "\n" not in message
    return message


@pytest.mark.parametrize("name", reading.shipped())
def test_a_shipped_scenario_loads_and_says_what_it_shows(name: str) -> None:
    scenario = reading.load(name)
    assert scenario.name == name
    assert scenario.description
    assert scenario.strategies
    written = tomllib.loads((reading.folder() / f"{name}.toml").read_text())["strategies"]
    assert [str(strategy) for strategy in scenario.strategies] == written


@pytest.mark.parametrize("name", reading.shipped())
def test_a_scenario_survives_the_way_through_json(name: str) -> None:
    scenario = reading.load(name)
    saved = msgspec.json.encode(scenario, enc_hook=str)
    read = msgspec.json.decode(saved, type=Scenario, dec_hook=registry.decode)
    assert msgspec.json.encode(read, enc_hook=str) == saved
    assert (read.workload, read.strategies, read.events) == (scenario.workload, scenario.strategies, scenario.events)


def test_what_was_saved_with_plug_ins_of_others_is_read_and_written_as_it_was() -> None:
    saved = json.loads(msgspec.json.encode(reading.load("deploy"), enc_hook=str))
    saved["strategies"] += ["theirs(x=1)+two-level", "two-level(theirs=1)"]
    saved["workload"]["keys"] = "theirs(n=5)"
    saved["events"] = [{"at": "1s", "do": "theirs(lasting=2s)"}]
    read = msgspec.convert(saved, Scenario, dec_hook=registry.decode_saved)
    assert json.loads(msgspec.json.encode(read, enc_hook=str)) == saved
    with pytest.raises(msgspec.ValidationError, match=r"unknown strategy 'theirs'.*strategies"):
        msgspec.convert(saved, Scenario, dec_hook=registry.decode)


def test_a_scenario_is_equal_to_itself_read_again_and_can_be_a_key() -> None:
    for name in reading.shipped():
        assert {reading.load(name): name}[reading.load(name)] == name


def test_the_default_scenario_is_shipped() -> None:
    assert reading.DEFAULT in reading.shipped()


def test_a_file_of_ones_own_loads_by_its_path(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(GOOD)
    scenario = reading.load(str(path))
    assert (scenario.name, scenario.description) == ("mine", "Shows something.")
    assert [str(strategy) for strategy in scenario.strategies] == ["none", "two-level"]
    assert (scenario.trials, scenario.workload.concurrency, scenario.fleet.instances) == (3, 40, 2)
    assert (scenario.cache.ttl, scenario.cache.start) == (2.0, "warm")
    assert (scenario.database.latency.median, scenario.database.latency.sigma) == (0.05, 0.5)
    assert scenario.database.connections == 7


def test_what_a_file_leaves_out_has_a_default() -> None:
    scenario = reading.parse('strategies = ["none"]', "mine", "mine.toml")
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
        ("[database]\nmissing = 1.5", "database.missing", "<= 1"),
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
        ("[workload]\narrivals = 'poisson(rate=1e6,duration=1h)'", "3.6e+09 requests, more than"),
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
        reading.load("cold-brust")
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
        reading.load(str(path))
    assert str(caught.value).startswith(f"cannot read the scenario {path}: ")
    assert problem in str(caught.value)


LASTING = "[workload]\narrivals = 'poisson(rate=10,duration=2s)'\n"


@pytest.mark.parametrize(
    ("text", "key", "remedy"),
    [
        ("[[events]]\nat = '1s'\ndo = 'flush'\nwhen = 3", "'events[0].when'", "known: events[0].at, events[0].do"),
        ("[[events]]\natt = '1s'\ndo = 'flush'", "'events[0].att'", "did you mean 'events[0].at'?"),
        ("[events]\nat = '1s'\ndo = 'flush'", "events", "write [[events]], in two brackets"),
        ("[[events]]\nat = '1s'", "events[0]", "'do' is missing"),
        ("[[events]]\ndo = 'flush'", "events[0]", "'at' is missing"),
        ("[[events]]\nat = 1\ndo = 'flush'", "events[0].at", "write it like 250ms"),
        ("[[events]]\nat = '0s'\ndo = 'flush'", "events[0].at", "longer than zero"),
        ("[[events]]\nat = '1s'\ndo = 'flsh'", "events[0].do", "unknown fault 'flsh': did you mean 'flush'?"),
        ("[[events]]\nat = '1s'\ndo = 'evict(share=2)'", "events[0].do", "'share': '2' does not fit"),
        ("[[events]]\nat = '1s'\ndo = 'slow-database(latency=1s)'", "events[0].do", "slow-database(lasting=…)"),
        ("[[events]]\nat = '3s'\ndo = 'flush'", "events[0].at", "choose a moment up to 2.1s"),
        ("[[events]]\nat = '1s'\ndo = 'failing-database(lasting=9s)'", "events[0].do", "shorten it, or lengthen"),
        ("[[expected]]\nstrategy = 'none'\nmetrik = 'x'\nvalue = 1", "'expected[0].metrik'", "'expected[0].metric'"),
        ("[[expected]]\nstrategy = 'none'\nmetric = 'p95'\nvalue = 1", "expected[0].metric", "latency_p99_ms"),
        ("[[expected]]\nstrategy = 'nome'\nmetric = 'db_hits'\nvalue = 1", "expected[0].strategy", "mean 'none'?"),
        ("[[expected]]\nstrategy = 'lease'\nmetric = 'db_hits'\nvalue = 1", "expected[0].strategy", "known: none"),
        ("[[expected]]\nstrategy = 'none'\nmetric = 'db_hits'\nvalue = 'one'", "expected[0].value", "float"),
        ("[[expected]]\nstrategy = 'none'\nmetric = 'db_hits'\nvalue = nan", "expected[0].value", ">= 0"),
        ("[client]\ntimout = '1s'", "'client.timout'", "did you mean 'client.timeout'?"),
        ("[client]\ntimeout = 1", "client.timeout", "write it like 250ms"),
        ("[client]\ntimeout = '1s'\nretries = -1", "client.retries", ">= 0"),
        (
            "[client]\nretries = 2",
            "client.retries",
            "without client.timeout nobody ever gives up: set it, or give --timeout 1s",
        ),
        ("[cache]\nttl = '50ms'", "cache.ttl", "raise cache.ttl or lower database.latency"),
        ("[cache]\nttl = '100ms'", "cache.ttl", "no longer than a load of 100ms"),
    ],
)
def test_a_mistake_in_a_lasting_scenario_gives_the_file_the_key_and_what_would_be_right(
    text: str, key: str, remedy: str
) -> None:
    message = problem(f"strategies = ['none']\n{LASTING}{text}")
    assert message.startswith("mine.toml: ")
    assert key in message
    assert remedy in message


@pytest.mark.parametrize(
    ("workload", "key", "remedy"),
    [
        ("keys = 'single'", "workload", "set workload.concurrency, or arrivals such as poisson(rate="),
        ("arrivals = 'closed(duration=2s)'", "workload", "set workload.concurrency"),
        ("arrivals = 'closed(duration=2s)'", "workload", "or give -c 500"),
        ("arrivals = 'poisson'", "workload.arrivals", "write poisson(rate=…)"),
        ("arrivals = 'poisson(rate=5)'", "workload.arrivals", "write poisson(duration=…)"),
        ("arrivals = 'poisson(rate=5,duration=2)'", "workload.arrivals", "write it like 250ms"),
        ("arrivals = 'poisson(rate=0,duration=2s)'", "workload.arrivals", "> 0"),
        ("arrivals = 'poisson(rate=inf,duration=2s)'", "workload.arrivals", "<= 1000000"),
        ("arrivals = 'constant(rate=0.1,duration=2s)'", "workload.arrivals", "raise rate or duration"),
        ("arrivals = 'poisson(rate=1e6,duration=1h)'", "workload.arrivals", "20,000,000 that can be recorded"),
        ("arrivals = 'poisson(rate=5,duration=2s)'\nconcurrency = 5", "workload", "leave one out"),
        ("concurrency = 9\nkeys = 'zipf'", "workload.keys", "write zipf(n=…)"),
        ("concurrency = 9\nkeys = 'uniform(n=9999999)'", "workload.keys", "<= 1000000"),
        ("concurrency = 9\nwrites = -1", "workload.writes", ">= 0"),
        ("concurrency = 9\nwrites = inf", "workload.writes", "<= 1000000"),
        ("concurrency = 9\nwrites = 'many'", "workload.writes", "float"),
        ("concurrency = 9\nwrites = 1\ninvalidate = 'yes'", "workload.invalidate", "bool"),
        ("concurrency = 9\ninvalidate = true", "workload.invalidate", "set workload.writes"),
    ],
)
def test_a_workload_that_contradicts_itself_gives_the_file_the_key_and_what_would_be_right(
    workload: str, key: str, remedy: str
) -> None:
    message = problem(f"strategies = ['none']\n[workload]\n{workload}")
    assert message.startswith(f"mine.toml: {key}: ")
    assert remedy in message


def test_a_strategy_that_is_named_twice_is_an_error_however_it_is_written() -> None:
    assert "strategies[1]: 'ttl+none' is the strategy 'none' again" in problem("strategies = ['none', 'ttl+none']")


def test_what_is_about_to_be_run_needs_a_strategy_but_a_file_does_not() -> None:
    scenario = reading.parse("trials = 2", "mine", "mine.toml")
    with pytest.raises(UsageError, match=r"mine: no strategy: name some in the file, .* or with -s SPEC"):
        checking.check(scenario)


def test_an_event_during_a_bursts_only_load_is_allowed() -> None:
    text = "strategies = ['none']\n[[events]]\nat = '50ms'\ndo = 'failing-database(lasting=1s)'"
    assert len(reading.parse(text, "mine", "mine.toml").events) == 1


def struck(*events: tuple[str, str]) -> str:
    """A scenario of 9 s with these events, each a moment and a call."""
    blocks = "".join(f"[[events]]\nat = '{at}'\ndo = '{do}'\n" for at, do in events)
    return f"strategies = ['none']\n[workload]\narrivals = 'poisson(rate=10,duration=9s)'\n{blocks}"


SHORT, LONG = ("2s", "redis-outage(lasting=1s)"), ("1s", "redis-outage(lasting=4s)")


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (LONG, SHORT),
        (LONG, ("2s", "redis-outage(lasting=1s,how=hang)")),
        (LONG, ("2s", "redis-restart")),
        (("1s", "redis-slow(latency=9ms,lasting=4s)"), ("2s", "redis-slow(latency=7ms,lasting=1s)")),
        (("1s", "slow-database(latency=1s,lasting=4s)"), ("2s", "slow-database(latency=2s,lasting=1s)")),
        (("1s", "failing-database(lasting=4s)"), ("2s", "failing-database(lasting=1s)")),
    ],
)
def test_events_that_would_end_one_another_are_refused_in_whatever_order_they_are_written(
    first: tuple[str, str], second: tuple[str, str]
) -> None:
    for events, later, earlier in ([first, second], 1, 0), ([second, first], 0, 1):
        message = problem(struck(*events))
        assert message.startswith(f"mine.toml: events[{later}].at 2s: '{second[1]}' needs ")
        assert message.endswith(
            f"events[{earlier}] '{first[1]}' gives back only by 5.1s: begin then, or keep one of them"
        )


@pytest.mark.parametrize(
    "events",
    [
        [("300ms", "redis-outage(lasting=200ms)"), ("600ms", "redis-restart")],
        [("700ms", "redis-restart"), ("100ms", "redis-outage(lasting=200ms)"), ("400ms", "redis-restart")],
        [LONG, ("2s", "redis-slow(latency=9ms,lasting=1s)"), ("2s", "failing-database(lasting=1s)")],
        [("1s", "slow-database(latency=1s,lasting=4s)"), ("2s", "failing-database(lasting=1s)")],
        [LONG, ("2s", "flush"), ("2s", "flush"), ("2s", "restart"), ("2s", "restart")],
    ],
)
def test_events_that_leave_each_other_alone_may_overlap(events: list[tuple[str, str]]) -> None:
    assert len(reading.parse(struck(*events), "mine", "mine.toml").events) == len(events)


def test_a_database_may_be_slow_by_a_distribution() -> None:
    event = "do = 'slow-database(latency=lognormal(median=1s,sigma=0.5),lasting=1s)'\nat = '1s'"
    scenario = reading.parse(f"{LASTING}[[events]]\n{event}", "mine", "mine.toml")
    assert scenario.events[0].do.lasts() == 1.0


def complaint(text: str) -> str | None:
    """What is wrong with this text, if anything is."""
    try:
        reading.parse(text, "mine", "mine.toml")
    except UsageError as error:
        return str(error)
    return None


@given(st.text(max_size=200))
def test_any_text_is_a_scenario_or_one_line_that_names_the_file(text: str) -> None:
    assert (complaint(text) or "mine.toml: ").startswith("mine.toml: ")


WORDS = st.sampled_from(
    ["at", "do", "keys", "ttl", "metric", "1s", "flush", "none", "poisson(rate=1,duration=1s)", ""]
)
VALUES = st.recursive(
    st.booleans() | st.integers(-5, 5) | st.floats() | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=6,
)


def as_toml(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key)} = {as_toml(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(as_toml, value)) + "]"
    return json.dumps(value) if isinstance(value, str | bool) else str(value)


@given(st.sampled_from([field.name for field in msgspec.structs.fields(Scenario)]), VALUES)
def test_any_value_in_any_place_fits_or_is_one_line_that_names_the_file(key: str, value: object) -> None:
    complained = complaint(f"{key} = {as_toml(value)}") or "mine.toml: "
    assert complained.startswith("mine.toml: ")
    assert "not valid TOML" not in complained


def test_the_example_in_the_readme_is_a_scenario_and_its_table_names_all_that_are_shipped() -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    (example,) = (text for text in re.findall(r"```toml\n(.*?)```", readme, re.DOTALL) if "[workload]" in text)
    assert reading.parse(example, "mine", "README.md").events
    assert all(f"| `{name}` |" in readme for name in reading.shipped() if "/" not in name)
