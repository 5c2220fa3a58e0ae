"""Strategies: one choice of each family."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stampede.core import registry
from stampede.core.errors import UsageError
from stampede.protection.strategy import DEFAULTS, Strategy

SINGLE = list(DEFAULTS)
NAMES = [name for family in registry.STRATEGY_FAMILIES for name in registry.names(family)]


@pytest.mark.parametrize("name", NAMES)
def test_every_choice_alone_is_a_strategy_and_is_written_as_itself(name: str) -> None:
    expected = "none" if name in DEFAULTS.values() else name
    assert str(Strategy.parse(name)) == expected


@pytest.mark.parametrize(
    "pair", list(itertools.product(*(registry.names(family) for family in SINGLE))), ids="+".join
)
def test_the_order_of_the_choices_does_not_matter(pair: tuple[str, str]) -> None:
    freshness, coalescing = pair
    one, other = Strategy.parse(f"{freshness}+{coalescing}"), Strategy.parse(f"{coalescing}+{freshness}")
    assert (one.freshness.name, one.coalescing.name) == (freshness, coalescing)
    assert str(one) == str(other)


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("none", "none"),
        ("ttl", "none"),
        ("none+ttl", "none"),
        ("two-level+ttl", "two-level"),
        (" redis-lock ( lease = 5s , poll = 20ms ) ", "redis-lock(lease=5s,poll=20ms)"),
    ],
)
def test_the_canonical_form_leaves_defaults_out(text: str, canonical: str) -> None:
    assert str(Strategy.parse(text)) == canonical
    assert str(Strategy.parse(canonical)) == canonical


@given(st.text(max_size=12) | st.lists(st.sampled_from([*NAMES, "bogus", "redis-lock(lease=1s)"])).map("+".join))
def test_any_text_is_either_a_strategy_with_a_canonical_form_or_a_usage_error(text: str) -> None:
    try:
        canonical = str(Strategy.parse(text))
    except UsageError:
        return
    assert str(Strategy.parse(canonical)) == canonical


@pytest.mark.parametrize("name", [name for name in registry.names("coalescing") if name != "none"])
def test_two_choices_for_one_question_are_an_error_that_names_both_and_the_column(name: str) -> None:
    with pytest.raises(UsageError) as caught:
        Strategy.parse(f"none+{name}")
    message = str(caught.value)
    assert "column 6" in message
    assert f"'{name}' and 'none' both decide who may load" in message


def test_the_same_choice_twice_is_an_error() -> None:
    with pytest.raises(UsageError, match="column 13"):
        Strategy.parse("redis-lock +redis-lock")


@pytest.mark.parametrize(
    ("text", "meant"),
    [("single-flihgt", "single-flight"), ("redislock", "redis-lock"), ("two_level", "two-level")],
)
def test_an_unknown_name_gets_a_suggestion_and_all_that_there_is(text: str, meant: str) -> None:
    with pytest.raises(UsageError) as caught:
        Strategy.parse(text)
    message = str(caught.value)
    assert f"unknown strategy '{text}'" in message
    assert f"did you mean '{meant}'?" in message
    assert all(name in message for name in NAMES)


def test_an_unknown_name_inside_a_mix_is_found_by_its_column() -> None:
    with pytest.raises(UsageError, match=r"unknown strategy 'bogus'.*column 6 of 'none\+bogus'"):
        Strategy.parse("none+bogus")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("redis-lock(leese=1s)", "unknown parameter of 'redis-lock' 'leese': did you mean 'lease'?"),
        ("redis-lock(lease=5)", "'redis-lock', parameter 'lease': '5' is not a duration"),
        ("redis-lock(lease=0s)", "'redis-lock', parameter 'lease': '0s' is not a usable duration"),
        ("none(beta=2)", "'none' takes no parameters, but 'beta' is given"),
    ],
)
def test_a_wrong_parameter_is_an_error_that_names_choice_and_parameter(text: str, problem: str) -> None:
    with pytest.raises(UsageError) as caught:
        Strategy.parse(text)
    assert str(caught.value).startswith(problem)
