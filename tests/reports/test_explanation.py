"""What `explain` prints."""

from __future__ import annotations

import io

import pytest
from rich.console import Console, RenderableType

from stampede.core import registry
from stampede.core import scenario as scenarios
from stampede.core.strategy import Strategy
from stampede.reports.explanation import of_scenario, of_strategy

CHOICES = [(family, name) for family in registry.STRATEGY_FAMILIES for name in registry.names(family)]


def printed(what: RenderableType, width: int = 80) -> str:
    console = Console(width=width, record=True, highlight=False, file=io.StringIO())
    console.print(what)
    return console.export_text(styles=False)


@pytest.mark.parametrize(("family", "name"), CHOICES)
def test_every_choice_is_explained_with_its_question_its_six_lines_and_its_parameters(family: str, name: str) -> None:
    plugin = registry.load(family, name)
    text = printed(of_strategy(Strategy.parse(name), name))
    words = " ".join(text.split())
    assert f"{name} ({family}: {registry.STRATEGY_FAMILIES[family]})" in words
    assert " ".join(registry.summary(plugin).split()) in words
    for label in ("mechanism", "loads", "waiting", "staleness", "on failure", "source"):
        assert any(line.startswith(label) for line in text.splitlines())
    for parameter, default in registry.parameters(plugin).items():
        assert f"{parameter}={default}" in words
    assert max(map(len, (line.rstrip() for line in text.splitlines()))) <= 80


def test_a_mix_is_explained_part_by_part() -> None:
    text = printed(of_strategy(Strategy.parse("single-flight+ttl"), "single-flight+ttl"))
    assert "ttl (freshness: when to reload)" in text
    assert "single-flight (coalescing: who may load)" in text


@pytest.mark.parametrize("name", scenarios.shipped())
def test_a_scenario_is_explained_by_its_comment_and_its_figures(name: str) -> None:
    scenario = scenarios.load(name)
    words = " ".join(printed(of_scenario(scenario)).split())
    assert scenario.description in words
    assert str(scenario.database.latency) in words
    assert f"{scenario.fleet.instances} instances" in words
