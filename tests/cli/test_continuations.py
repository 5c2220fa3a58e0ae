"""What may follow in an incomplete spec."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stampede.cli.continuations import continuations
from stampede.core import registry
from stampede.protection.strategy import Strategy

NAMES = [name for family in registry.STRATEGY_FAMILIES for name in registry.names(family)]


def test_nothing_yet_may_become_any_choice() -> None:
    assert continuations("") == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_every_choice_is_offered_from_its_first_letters_on(name: str) -> None:
    assert all(name in continuations(name[:length]) for length in range(len(name) + 1))


@pytest.mark.parametrize("name", registry.names("freshness"))
def test_after_a_plus_the_families_that_are_named_already_are_left_out(name: str) -> None:
    offered = {spec.removeprefix(f"{name}+") for spec in continuations(f"{name}+")}
    assert not offered & set(registry.names("freshness"))
    assert offered >= {*registry.names("coalescing"), *registry.names("locality"), *registry.names("resilience")}


def test_what_cannot_go_together_is_not_offered() -> None:
    offered = continuations("placeholder+")
    assert "placeholder+negative" in offered
    assert not {"placeholder+fail-safe", "placeholder+timeouts"} & set(offered)


@pytest.mark.parametrize(
    ("text", "offered"),
    [
        ("redis-lock(", ["redis-lock(lease=2s)", "redis-lock(poll=20ms)", "redis-lock(poll-max=100ms)"]),
        ("swr+redis-lock(le", ["swr+redis-lock(lease=2s)"]),
        ("redis-lock(lease=5s,po", ["redis-lock(lease=5s,poll=20ms)", "redis-lock(lease=5s,poll-max=100ms)"]),
        ("redis-lock(lease=5s", ["redis-lock(lease=5s)"]),
        ("redis-lock(lease=5s)", ["redis-lock(lease=5s)"]),
        ("redis-lock(lease=5s)+sw", ["redis-lock(lease=5s)+swr"]),
        ("redis-lock(lease=soon", []),
        ("none(", []),
        ("bogus(", []),
        ("bogus+", []),
        ("+", []),
        ("swr+swr", []),
    ],
)
def test_inside_brackets_parameters_come_with_their_defaults(text: str, offered: list[str]) -> None:
    assert continuations(text) == offered


@given(st.text("redis-lock(+=,5) \"'", max_size=20) | st.lists(st.sampled_from([*NAMES, "(", "le"])).map("+".join))
def test_whatever_is_written_all_that_is_offered_is_a_strategy_that_begins_so(text: str) -> None:
    for spec in continuations(text):
        assert spec.startswith(text)
        Strategy.parse(spec)


@pytest.mark.parametrize("pair", list(itertools.product(registry.names("coalescing"), registry.names("resilience"))))
def test_a_pair_is_offered_exactly_if_it_can_go_together(pair: tuple[str, str]) -> None:
    first, second = pair
    can = second not in registry.load("coalescing", first).excludes
    assert (f"{first}+{second}" in continuations(f"{first}+")) == can
