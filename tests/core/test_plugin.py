"""What a scenario names by a call: read once, written as it was, equal however it was written."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stampede.core import registry
from stampede.core.errors import UsageError
from stampede.core.plugin import Plugin
from stampede.core.units import Duration
from stampede.scenario.fault import Fault
from stampede.workload.arrivals.burst import Burst
from stampede.workload.arrivals.poisson import Poisson
from stampede.workload.keys.zipf import Zipf
from stampede.workload.laws import Arrivals, Keys

WRITTEN = {"duration": "3s", "rate": "100", "n": "50", "lasting": "2s", "latency": "lognormal(median=3s,sigma=1)"}
FAMILIES: dict[str, type[Plugin]] = {family.family: family for family in (Arrivals, Keys, Fault)}
PLUGINS = [(family, name) for family in FAMILIES for name in registry.names(family)]


def needed(family: str, name: str) -> dict[str, str]:
    """What a call of the plug-in cannot do without."""
    found = registry.parameters(registry.load(family, name)).items()
    return {each: WRITTEN[each] for each, default in found if default is registry.REQUIRED}


def call(name: str, written: dict[str, str]) -> str:
    return f"{name}({','.join(f'{key}={value}' for key, value in written.items())})" if written else name


@pytest.mark.parametrize(("family", "name"), PLUGINS)
def test_every_plug_in_is_written_as_it_was_read(family: str, name: str) -> None:
    text = call(name, needed(family, name))
    plugin = FAMILIES[family].parse(text)
    assert str(plugin) == text
    assert msgspec.json.decode(msgspec.json.encode(plugin, enc_hook=str)) == text


@pytest.mark.parametrize(("family", "name"), PLUGINS)
def test_every_plug_in_that_is_made_in_code_is_written_as_a_call_that_reads_the_same(family: str, name: str) -> None:
    plugin = registry.load(family, name)
    made: Plugin = plugin(**registry.convert(plugin, name, needed(family, name)))
    read = FAMILIES[family].parse(str(made))
    assert read == made
    assert hash(read) == hash(made)


@given(st.floats(0, 1_000_000, exclude_min=True), st.floats(0.001, 1000))
def test_no_number_is_lost_in_writing(rate: float, seconds: float) -> None:
    duration = Duration.parse(str(Duration(seconds)))
    assert Arrivals.parse(str(Poisson(rate, duration))) == Poisson(rate, duration)


def test_what_is_default_is_left_out() -> None:
    assert str(Burst()) == "burst"
    assert str(Burst(times=2)) == "burst(times=2)"
    assert str(Zipf(n=5, s=1.25)) == "zipf(n=5,s=1.25)"


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("poisson(rate=500,duration=10s)", "poisson( duration=10000ms, rate=500.0)", True),
        ("burst", "burst(times=1)", True),
        ("burst", "burst(times=2)", False),
        ("poisson(rate=500,duration=10s)", "constant(rate=500,duration=10s)", False),
    ],
)
def test_equal_is_what_means_the_same_however_it_is_written(one: str, other: str, same: bool) -> None:
    pair = Arrivals.parse(one), Arrivals.parse(other)
    assert (pair[0] == pair[1]) is same
    assert len(set(pair)) == (1 if same else 2)
    assert pair[0] != one


def test_nobody_changes_what_a_scenario_says() -> None:
    with pytest.raises(AttributeError):
        Burst().times = 2  # type: ignore[misc]


def test_a_plug_in_that_is_not_installed_is_shown_as_it_was_written_and_is_like_no_other() -> None:
    theirs = [Keys.foreign("theirs(n=1)"), Keys.foreign("theirs(n=2)")]
    assert list(map(str, theirs)) == ["theirs(n=1)", "theirs(n=2)"]
    assert theirs[0] != theirs[1]
    assert theirs[0] == Keys.foreign("theirs(n=1)")
    assert len({*theirs, Keys.parse("single")}) == 3


@pytest.mark.parametrize("value", [5, ["zipf"], {"n": 5}, None])
def test_what_is_no_text_is_no_plug_in_of_others_either(value: Any) -> None:
    with pytest.raises(ValueError, match=r"unknown keys|unexpected"):
        registry.decode_saved(Keys, value)


def test_arrivals_that_are_not_installed_are_refused_for_their_length_is_unknown() -> None:
    with pytest.raises(UsageError, match="unknown arrivals 'theirs': known: burst"):
        Arrivals.foreign("theirs(x=1)")


def test_a_plug_in_may_build_on_another() -> None:
    class Twice(Burst):
        """Has what a burst has, and one more."""

        more: int = 3

    assert [*registry.parameters(Twice)] == ["times", "every", "more"]
    assert (Twice(times=2, more=4).total(10), Burst(times=2).total(10)) == (20, 20)
    assert Twice(times=2) == Twice(times=2) != Twice(times=2, more=4)
    assert Twice() != Burst()
    assert [*registry.parameters(Burst)] == ["times", "every"]
