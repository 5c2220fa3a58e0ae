"""A Redis that has little room left: it loses nothing of its owner's for a run that nobody allowed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

KEYS = 10_000
MANY_KEYS = """
# As many keys as the owner has.
[workload]
arrivals = "burst"
concurrency = 4000
keys = "uniform(n=10000)"
[database]
latency = "1ms"
connections = 400
"""
BURST = ["run", "many.toml", "-s", "none", "-i", 2, "-n", 1, "--redis"]


@pytest.fixture
def house(own_redis: Callable[..., Path], tmp_path: Path) -> Callable[..., tuple[Redis, str]]:
    """Starts a server with 10,000 keys of its owner's, half of them with a lifetime, and so much room left."""
    (tmp_path / "many.toml").write_text(MANY_KEYS)

    def start(policy: str, left: int) -> tuple[Redis, str]:
        socket = own_redis("--maxmemory-policy", policy, "--enable-debug-command", "local")
        owner = Redis(unix_socket_path=str(socket))
        with owner.pipeline(transaction=False) as pipeline:
            for number in range(KEYS):
                pipeline.set(f"theirs:{number}", b"x" * 100, ex=None if number % 2 else 100_000)
            pipeline.execute()
        owner.config_set("maxmemory", owner.info("memory")["used_memory"] + left)
        return owner, f"unix://{socket}"

    return start


POLICIES = ["allkeys-lru", "allkeys-lfu", "allkeys-random", "volatile-lru", "volatile-random", "volatile-ttl"]


@pytest.mark.parametrize("policy", POLICIES)
def test_a_server_that_would_evict_is_left_alone(said: Callable[..., Any], house: Any, policy: str) -> None:
    owner, url = house(policy, 2_000_000)
    digest = owner.execute_command("DEBUG", "DIGEST")
    ended = said(*BURST, url)
    assert ended.code == 3
    line = ended.complaint()
    assert "MB left of its maxmemory, and this run may take 41.4 MB for which others' keys would be evicted" in line
    assert f"({policy})" in line
    assert line.endswith("or allow it with --may-evict")
    assert (owner.dbsize(), owner.info("stats")["evicted_keys"]) == (KEYS, 0)
    assert owner.execute_command("DEBUG", "DIGEST") == digest


def test_it_is_measured_if_its_owner_allows_it(stampede: Callable[..., Any], house: Any) -> None:
    owner, url = house("allkeys-lru", 2_000_000)
    ended = stampede(*BURST, url, "--may-evict", "--json")
    assert len(ended.json()["trials"]) == 1
    assert owner.info("stats")["evicted_keys"] > 0


def test_a_server_that_evicts_nothing_is_refused_even_so(said: Callable[..., Any], house: Any) -> None:
    owner, url = house("noeviction", 2_000_000)
    for allowed in ((), ("--may-evict",)):
        ended = said(*BURST, url, *allowed)
        assert ended.code == 3
        assert ended.complaint().endswith("raise maxmemory, use fewer keys or callers, or name another server")
    assert owner.dbsize() == KEYS


def test_where_there_is_room_nothing_is_evicted(stampede: Callable[..., Any], house: Any) -> None:
    """The estimate is enough."""
    owner, url = house("allkeys-lru", 42_000_000)
    (trial,) = stampede(*BURST, url, "--json").json()["trials"]
    assert (trial["store_errors"], trial["failed"]) == (0, 0)
    assert (owner.dbsize(), owner.info("stats")["evicted_keys"]) == (KEYS, 0)


@pytest.mark.parametrize(
    "words",
    [
        ("compare", "none", "two-level", "-c", 500, "-i", 2),
        ("calibrate", "-i", 2, "-n", 1),
        ("calibrate", "--between-runs", "--runs", 3, "-n", 5, "-i", 2),
    ],
)
def test_every_command_asks_for_room(said: Callable[..., Any], house: Any, words: tuple[object, ...]) -> None:
    owner, url = house("allkeys-lru", 300_000)
    ended = said(*words, "--redis", url)
    assert ended.code == 3
    assert ended.complaint().endswith("or allow it with --may-evict")
    assert owner.dbsize() == KEYS
