"""A Redis whose users have rules: what is missing is named before anything is written, and nothing more is needed."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

from stampede.core import registry
from stampede.core.errors import RedisUnavailable
from stampede.processes.redis_server import EmbeddedRedis
from stampede.protection.strategy import Strategy
from stampede.stores.redis.probe import probe
from stampede.stores.redis.scripts import SCRIPTS

Said = Callable[..., Any]

README = Path(__file__).parents[2] / "README.md"
[RULES] = re.findall(r"^ACL SETUSER stampede on >PASSWORD (.*)$", README.read_text(encoding="utf-8"), re.MULTILINE)
GRANTED = [rule for rule in RULES.split() if rule[0] in "+~&"]
FOR_NEAR = ["&__redis__:invalidate", "+client|id", "+client|tracking"]
FOR_GUARDS = ["+mget", "+getrange", "+pexpire", "+pttl"]

NEEDS_ALL = "near+lease"

SCENARIO = """
# Everything that a strategy may do: reads, loads, reloads, failures and invalidations.
[workload]
arrivals = "constant(rate=100,duration=1s)"
keys = "uniform(n=5)"
writes = 10
invalidate = true
[cache]
ttl = "300ms"
[database]
latency = "20ms"
[fleet]
instances = 2
"""


@pytest.fixture
def house(request: pytest.FixtureRequest, password: str) -> Iterator[tuple[Redis, str]]:
    """A server with somebody's key in it: its owner's client, and the URL of our user."""
    server: EmbeddedRedis = request.getfixturevalue(getattr(request, "param", "valkey"))
    with Redis.from_url(server.url) as owner:
        owner.set("theirs", "a")
        before = set(owner.keys())
        yield owner, f"unix://guest:{password}@{server.path}"
        assert set(owner.keys()) <= before, "a probe or a run has left keys"
        owner.execute_command("ACL", "DELUSER", "guest")
        owner.delete("theirs")


def let(owner: Redis, password: str, rules: list[str]) -> None:
    """Give our user these rules and no others."""
    owner.execute_command(  # type: ignore[no-untyped-call]
        "ACL", "SETUSER", "guest", "reset", "on", f">{password}", "resetkeys", "resetchannels", "-@all", *rules
    )


def strategies() -> list[str]:
    """A strategy for every choice, with and without a guard where that matters."""
    alone = [*registry.names("coalescing"), *(f"{name}+lease" for name in registry.names("freshness"))]
    wrappers = [*registry.names("resilience"), *registry.names("locality")]
    chosen = alone + [f"{name}+two-level" for name in wrappers]
    # By default it reloads as seldom as values live here.
    chosen = ["scheduled(every=100ms)+lease" if name == "scheduled+lease" else name for name in chosen]
    return list(dict.fromkeys(str(Strategy.parse(spec)) for spec in chosen))


@pytest.mark.parametrize("house", ["valkey", "redis7"], indirect=True)
def test_the_rules_of_the_readme_are_enough_for_all_strategies(
    stampede: Said, house: tuple[Redis, str], password: str, tmp_path: Path
) -> None:
    owner, url = house
    let(owner, password, GRANTED)
    (tmp_path / "all.toml").write_text(SCENARIO)
    words = [word for name in strategies() for word in ("-s", name)]
    document = stampede("run", "all.toml", *words, "-n", 1, "--redis", url, "--json").json()
    assert len(document["trials"]) == len(strategies())
    for trial in document["trials"]:
        assert (trial["failed"], trial["store_errors"], trial["degraded"]) == (0, 0, 0), trial["strategy"]


@pytest.mark.parametrize("house", ["valkey", "redis7"], indirect=True)
@pytest.mark.parametrize("taken", GRANTED)
def test_a_rule_that_is_missing_is_named(said: Said, house: tuple[Redis, str], password: str, taken: str) -> None:
    owner, url = house
    let(owner, password, [rule for rule in GRANTED if rule != taken])
    ended = said("run", "-n", 1, "-c", 4, "-i", 1, "-s", NEEDS_ALL, "--redis", url)
    assert ended.code == 3
    line = ended.complaint()
    assert line.endswith(f"does not let the user 'guest' do all that this run needs: ACL SETUSER guest {taken}")
    assert password not in line


def test_all_that_is_missing_is_named_at_once(said: Said, house: tuple[Redis, str], password: str) -> None:
    owner, url = house
    let(owner, password, ["+get", "+info"])
    line = said("run", "-n", 1, "-c", 4, "-i", 1, "-s", NEEDS_ALL, "--redis", url).complaint()
    named = line.partition("ACL SETUSER guest ")[2].split()
    # Of what may not be run, nobody says whether its key could be had.
    assert set(named) >= {rule for rule in GRANTED if rule[0] == "+"} - {"+get", "+info"}
    let(owner, password, ["+get", "+info", *named])
    assert (
        "ACL SETUSER guest &stampede:* &__redis__:invalidate"
        in said("run", "-n", 1, "-c", 4, "-i", 1, "-s", NEEDS_ALL, "--redis", url).complaint()
    )


@pytest.mark.parametrize(
    ("spec", "spared"),
    [
        ("none", [*FOR_NEAR, *FOR_GUARDS]),
        ("redis-lock", FOR_NEAR),
        ("two-level", FOR_NEAR),
    ],
)
def test_a_strategy_is_asked_for_what_it_needs_and_no_more(
    stampede: Said, house: tuple[Redis, str], password: str, spec: str, spared: list[str]
) -> None:
    owner, url = house
    let(owner, password, [rule for rule in GRANTED if rule not in spared])
    (trial,) = stampede("run", "-c", 8, "-i", 1, "-n", 1, "-s", spec, "--redis", url, "--json").json()["trials"]
    assert (trial["failed"], trial["store_errors"], trial["degraded"]) == (0, 0, 0)


@pytest.mark.parametrize("command", ["compare", "calibrate"])
def test_every_command_asks_first(said: Said, house: tuple[Redis, str], password: str, command: str) -> None:
    owner, url = house
    let(owner, password, [rule for rule in GRANTED if rule != "+evalsha"])
    specs = ("none", "two-level", "-c", 4) if command == "compare" else ()
    ended = said(command, *specs, "-i", 1, "--redis", url)
    assert ended.code == 3
    assert ended.complaint().endswith("ACL SETUSER guest +evalsha")


def test_another_database_needs_a_rule_more(said: Said, house: tuple[Redis, str], password: str) -> None:
    owner, url = house
    let(owner, password, GRANTED)
    ended = said("run", "-n", 1, "-c", 4, "-i", 1, "--redis", f"{url}?db=3")
    assert ended.code == 3
    assert ended.complaint().endswith("ACL SETUSER guest +select")


def test_a_server_that_is_out_of_memory_is_refused(said: Said, own_redis: Callable[..., Path]) -> None:
    socket = own_redis("--maxmemory", "2mb", "--maxmemory-policy", "noeviction")
    with Redis(unix_socket_path=str(socket)) as owner:
        for number in range(100_000):
            try:
                owner.set(number, b"x" * 10_000)
            except Exception:
                break
        before = owner.dbsize()
        ended = said("run", "-n", 1, "-c", 4, "-i", 1, "--redis", f"unix://{socket}")
        assert ended.code == 3
        assert "has 0.0 MB left of its maxmemory" in ended.complaint()
        # In mid-run it is asked again, and no longer whether there is room for a whole one.
        with pytest.raises(RedisUnavailable, match="is out of memory and refuses writes: raise its maxmemory"):
            asyncio.run(probe(f"unix://{socket}", "stampede:{0}:"))
        assert owner.dbsize() == before


def test_every_command_of_the_scripts_is_in_the_readmes_rules() -> None:
    used = {name.lower() for text in SCRIPTS.values() for name in re.findall(r"redis\.p?call\('(\w+)'", text)}
    assert {f"+{name}" for name in used} <= set(GRANTED)
