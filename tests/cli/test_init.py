"""The scenario that `stampede init` writes is what its comments say, and can be run at once."""

from __future__ import annotations

import os
import re
import subprocess
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from stampede.core import registry
from stampede.origins.latency import Latency
from stampede.scenario import reading
from stampede.scenario.fault import Fault
from stampede.scenario.model import Event, Expected, Scenario
from stampede.workload.laws import Arrivals, Keys

Stampede = Callable[..., Any]
Said = Callable[..., Any]

TEMPLATE = Path(reading.__file__).with_name("template.toml").read_text()
LAWS: list[Any] = [Arrivals, Keys, Fault]
COMMENTED_OUT = re.compile(r"^# (?=\w+ = |\[\[)", re.MULTILINE)


def fields(struct: type[msgspec.Struct], *without: str) -> set[str]:
    return {each.name for each in msgspec.structs.fields(struct) if each.name not in without}


def test_it_says_the_defaults() -> None:
    written = reading.parse(TEMPLATE, "template", "template.toml")
    assert written.description.startswith("Shows what my application does")
    default = Scenario("template", written.description, written.strategies)
    assert msgspec.to_builtins(written, enc_hook=str) == msgspec.to_builtins(default, enc_hook=str)


def test_it_has_every_field_with_those_that_are_commented_out() -> None:
    everything = tomllib.loads(COMMENTED_OUT.sub("", TEMPLATE))
    assert everything.keys() == fields(Scenario, "name", "description")
    for each in msgspec.structs.fields(Scenario):
        if isinstance(each.type, type) and issubclass(each.type, msgspec.Struct):
            assert everything[each.name].keys() == fields(each.type)
    (event,), (expected,) = everything["events"], everything["expected"]
    assert event.keys() == fields(Event)
    assert expected.keys() == fields(Expected)


def test_what_is_commented_out_is_valid_in_a_workload_that_lasts() -> None:
    text = COMMENTED_OUT.sub("", TEMPLATE).replace('"burst"', '"closed(duration=10s,think=100ms)"')
    scenario = reading.parse(text, "mine", "mine.toml")
    assert (scenario.trials, len(scenario.events), len(scenario.expected)) == (10, 1, 1)


def test_it_names_every_law_and_event_with_parameters_that_are_right() -> None:
    for family in registry.SCENARIO_FAMILIES:
        for name in registry.names(family):
            calls = re.findall(rf"\b{name}(?:\([^)]*\))?", TEMPLATE)
            assert calls, name
    for call in re.findall(r"[\w-]+\((?:\w+=[\w.]+,?)+\)", TEMPLATE):
        name = call.partition("(")[0]
        (parse,) = [law.parse for law in LAWS if name in registry.names(law.family)] or [Latency.parse]
        parse(call)


def test_it_is_run_as_it_is_written(stampede: Stampede) -> None:
    wrote = stampede("init", "mine.toml")
    assert (wrote.code, wrote.out) == (0, "wrote mine.toml: change it, and then: stampede run mine.toml\n")
    ran = stampede("run", "mine.toml", "-n", 1, "-c", 40, "-i", 2, "--db-latency", "300ms", "--json")
    assert ran.code == 0
    assert ran.json()["scenario"]["name"] == "mine"


@pytest.mark.parametrize(
    "name",
    [
        "-x.toml",
        "--help.toml",
        "a b.toml",
        "it's.toml",
        "$HOME;ls.toml",
        "é.toml",
        "a\x1b[31m\\'\n.toml",
        "\udcff.toml",
    ],
)
def test_the_command_that_it_tells_works_as_it_is_copied(stampede: Stampede, tmp_path: Path, name: str) -> None:
    wrote = stampede("init", f"./{name}")
    assert (wrote.code, wrote.err) == (0, "")
    assert wrote.out.removesuffix("\n").isprintable()
    command = wrote.out.partition("and then: stampede ")[2].strip()
    words = subprocess.run(["bash", "-c", f"printf '%s\\0' {command}"], cwd=tmp_path, check=True, capture_output=True)
    *argv, end = words.stdout.split(b"\0")
    assert (argv, end) == ([b"run", argv[1]], b"")
    assert (tmp_path / os.fsdecode(argv[1])).read_text() == TEMPLATE
    explained = stampede("explain", os.fsdecode(argv[1]))
    assert explained.code == 0


def test_a_file_that_exists_is_replaced_by_force_only(said: Said, tmp_path: Path) -> None:
    file = tmp_path / "scenario.toml"
    file.write_text("mine")
    refused = said("init")
    assert (refused.code, file.read_text()) == (2, "mine")
    assert "'scenario.toml' exists: name another file, or replace it with --force" in refused.complaint()
    assert said("init", "--force").code == 0
    assert file.read_text() == TEMPLATE


def test_a_dash_prints_it(said: Said, tmp_path: Path) -> None:
    printed = said("init", "-")
    assert (printed.code, printed.out, printed.err) == (0, TEMPLATE, "")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("name", "code", "problem"),
    [
        ("mine", 2, "name it 'mine.toml'"),
        ("./-mine", 2, "name it './-mine.toml'"),
        ("nowhere/mine.toml", 3, "'nowhere/mine.toml': No such file"),
    ],
)
def test_what_cannot_be_written_is_named(said: Said, name: str, code: int, problem: str) -> None:
    ended = said("init", name)
    assert ended.code == code
    assert problem in ended.complaint()
