"""What cannot be meant: exit code 2, and one line that names the problem and the remedy."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

NOWHERE = ["--redis", "redis://127.0.0.1:1"]
"""Whoever got as far as Redis would complain of it."""

NUMBERS = [
    ("run", "--concurrency", "0"),
    ("run", "--concurrency", "-5"),
    ("run", "--instances", "0"),
    ("run", "--instances", "-1"),
    ("run", "--db-connections", "0"),
    ("run", "--db-connections", "-20"),
    ("run", "--trials", "0"),
    ("run", "--trials", "-1"),
    ("run", "--redis-pool", "-1"),
    ("run", "--seed", "-1"),
    ("calibrate", "--instances", "0"),
    ("calibrate", "--trials", "-3"),
]

Stampede = Callable[..., Any]
Said = Callable[..., Any]


@pytest.mark.parametrize(("command", "option", "number"), NUMBERS)
def test_a_number_that_is_too_small_is_refused(said: Said, command: str, option: str, number: str) -> None:
    ended = said(command, option, number)
    assert ended.code == 2
    line = ended.complaint()
    assert option in line
    assert ("0" if option in ("--seed", "--redis-pool") else "1") in line.partition(option)[2]


@pytest.mark.parametrize(
    ("words", "problem", "remedy"),
    [
        (["run", "-s", "two-levl"], "'two-levl'", "did you mean 'two-level'"),
        (["run", "-s", "none", "-s", "zzz"], "'zzz'", "known: "),
        (["run", "cold-brust"], "'cold-brust'", "did you mean 'cold-burst'"),
        (["run", "missing.toml"], "missing.toml", "No such file"),
        (["run", "-s", "redis-lock(lese=5s)"], "'lese'", "did you mean 'lease'"),
        (["run", "-s", "none(x=1)"], "'none' takes no parameters", "'x'"),
        (["run", "-s", "redis-lock(lease=-5s)"], "'-5s'", "write it like 250ms"),
        (["run", "-s", "redis-lock("], "column 12", "expected a parameter's name"),
        (["run", "-s", "none+single-flight"], "'none+single-flight', column 6", "keep one"),
        (["run", "--redis", "redis://127.0.0.1:1?colour=1"], "redis://127.0.0.1:1?colour=***", "does not take"),
        (["clean", "--redis", "redis://127.0.0.1:1?colour=1"], "redis://127.0.0.1:1?colour=***", "does not take"),
        (["run", "--ttl", "10"], "'10'", "write it like 250ms"),
        (["run", "--ttl", "0s"], "'0s'", "longer than zero"),
        (["run", "--db-latency", "-5ms"], "'-5ms'", "write it like 250ms"),
        (["run", "--db-latency", "lognormal(median=1s)"], "lognormal", "write 100ms, lognormal("),
        (["run", "--db-latency", ""], "''", "write it like 250ms"),
        (["run", "-c", 10**25], "workload.concurrency", "<= 1000000"),
        (["run", "-c", 10**6 + 1], "workload.concurrency", "<= 1000000"),
        (["run", "--db-connections", 10**20], "database.connections", "<= 1000000"),
        (["run", "--trials", 10**20], "trials", "<= 1000000"),
        (["run", "--seed", 2**63], "--seed", "less than or equal"),
        (["run", "-c", "many"], "--concurrency", "integer"),
        (["run", "-c", "3", "-i", "4"], "3 concurrent requests", "lower the instances or raise the concurrency"),
        (["run", "--instance", "4"], "--instance", "--instances"),
        (["run", "cold-burst", "warm-hits"], "warm-hits", "--help"),
        (["rum"], "rum", "run"),
        (["stampede"], "stampede", "--help"),
        (["explain"], "name", "--help"),
        (["compare"], "SPEC", "--help"),
        (["compare", "none"], "'none' alone", "name two strategies"),
        (["compare", "none", "nome"], "'nome'", "did you mean 'none'"),
        (["compare", "none", "lease", "--precision", "0%"], "'0%'", "write it like 5%"),
        (["compare", "none", "lease", "--precision", "5"], "'5' would be 500%", "write 5%"),
        (["diff", "a.json", "b.json", "--threshold", "5"], "'5' would be 500%", "0.05 for 5%"),
        (["diff", "a.json", "b.json", "--between-runs", "1"], "'1' would be 100%", "write 1%"),
        (["compare", "none", "lease", "--precision", "-5%"], "'-5%'", "write it like 5%"),
        (["compare", "none", "lease", "--budget", "0s"], "'0s'", "longer than zero"),
        (["compare", "none", "lease", "--budget", "-1s"], "'-1s'", "write it like 250ms"),
        (["compare", "none", "lease", "--trials", "2"], "--trials", "3"),
        (["compare", "none", "lease", "--scenario", "cold"], "'cold'", "did you mean 'cold-burst'"),
        (["compare", "none", "lease", "--fail-if", "swr.db_hits > 1"], "'swr'", "known: none, lease"),
        (["run", "--fail-if", "db_hit > 1"], "column 1", "did you mean 'db_hits'"),
        (["run", "--fail-if", "db_hits > "], "column 11", "expected a name or a number"),
        (["run", "--sweep", "speed=1,2"], "'speed'", "known: rate, duration, concurrency, keys"),
        (["run", "--rate", "fast"], "'fast' is no rate", "as 500"),
        (["run", "--rate", "500", "-c", "20"], "has a rate, so a concurrency says nothing", "leave one out"),
        (["run", "--duration", "5s"], "'burst' has no duration", "give a rate, too"),
        (["run", "--duration", "5"], "'5'", "write it like 250ms"),
        (["run", "--keys", "zipf"], "'zipf' needs n", "write zipf(n=…)"),
        (["run", "--keys", "zip(n=5)"], "'zip'", "did you mean 'zipf'"),
        (["run", "--timeout", "0s"], "'0s'", "longer than zero"),
        (["run", "--retries", "2"], "client.retries", "set it"),
        (["run", "--sweep", "ttl=1s,1s"], "ttl=1s,1s", "twice"),
        (["diff", "old.json"], "NEW.json", "--help"),
        (["diff", "old.json", "new.json"], "old.json", "--export run.json"),
        (["diff", "old.json", "new.json", "--threshold", "0"], "'0'", "write it like 5%"),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_its_remedy(said: Said, words: list[str], problem: str, remedy: str) -> None:
    ended = said(*words)
    assert ended.code == 2
    line = ended.complaint()
    assert problem in line
    assert remedy in line.replace("-h'", "--help'")


@pytest.mark.parametrize(
    "words",
    [
        ["run", "--ttl", "10"],
        ["run", "--duration", "5"],
        ["run", "--timeout", "0s"],
        ["run", "--rate", "fast"],
        ["run", "--keys", "zipf"],
        ["run", "--db-latency", "5"],
        ["compare", "none", "lease", "--budget", "5"],
        ["compare", "none", "lease", "--ttl", ""],
    ],
)
def test_a_value_that_makes_no_sense_is_named_with_its_option(said: Said, words: list[str]) -> None:
    option, value = words[-2:]
    line = said(*words).complaint()
    assert option in line
    assert f"'{value}'" in line


@pytest.mark.parametrize("words", [["run", "-s"], ["compare", "none", "lease", "--ttl"], ["calibrate", "-n"]])
def test_an_option_without_its_value_leads_to_the_help_of_its_command(said: Said, words: list[str]) -> None:
    assert f"requires an argument (see stampede {words[0]} --help)" in said(*words).complaint()


@pytest.mark.parametrize(
    ("option", "path", "code", "words"),
    [
        ("--export", "file/out.csv", 2, ["there is no folder 'file'"]),
        ("--export", "folder.csv", 2, ["it is a folder"]),
        ("--export", "out.pdf", 2, [".csv .html"]),
        ("--requests", "out.json", 2, [".csv .jsonl"]),
    ],
)
def test_a_path_that_cannot_be_written_is_named(
    said: Said, tmp_path: Path, option: str, path: str, code: int, words: list[str]
) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "folder.csv").mkdir()
    ended = said("run", option, path, *NOWHERE)
    assert ended.code == code
    for word in ["cannot export to", path, *words]:
        assert word in ended.complaint()


@pytest.mark.parametrize("others", [["--export", "./out.csv"], ["--requests", "out.csv"]])
def test_two_outputs_to_one_file_are_refused(said: Said, others: list[str]) -> None:
    ended = said("run", "--export", "out.csv", *others, *NOWHERE)
    assert ended.code == 2
    assert "out.csv', one replacing the other" in ended.complaint()


@pytest.mark.parametrize("command", ["run", "calibrate"])
def test_a_path_that_cannot_be_written_is_found_before_the_run(said: Said, tmp_path: Path, command: str) -> None:
    ended = said(command, "-n", 1000, "--export", "fine.csv", "--export", "/proc/out.csv", *NOWHERE)
    # Nothing was started, or it would complain of the Redis that is not there.
    assert ended.code == 3
    assert "cannot export to '/proc/out.csv'" in ended.complaint()
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["run", "-c", "0"], "--concurrency"),
        (["rum"], "'rum'"),
        (["run", "-s", "two-levl"], "'two-levl'"),
    ],
)
def test_a_mistake_is_one_line_of_a_real_process_too(stampede: Stampede, words: list[str], problem: str) -> None:
    ended = stampede(*words)
    assert ended.code == 2
    assert problem in ended.complaint()
